using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MiniRedis.Compat.Tests.Clients;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Caching;

/// <summary>What docs/caching.md shows: the transcripts are typed into redis-cli, and the samples are run.</summary>
public sealed partial class CachingPageTests
{
    static readonly string s_page = File.ReadAllText(Path.Combine(Root(), "docs", "caching.md"));

    static string Root([System.Runtime.CompilerServices.CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));

    /// <summary>The blocks of the page that are in one language, in their order.</summary>
    static List<string> Blocks(string language) =>
        [.. Block().Matches(s_page).Where(m => m.Groups["language"].Value == language).Select(m => m.Groups["text"].Value)];

    [GeneratedRegex("^```(?<language>[a-z-]+)\n(?<text>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [ToolFact("redis-cli", "redis-tools")]
    public void Transcripts_are_what_redis_cli_shows()
    {
        var wrong = new List<string>();
        foreach (var block in Blocks("redis-cli"))
        {
            // A clock of its own, which stands where the page has it.
            using var server = new TestServer();
            using var cli = Process.Start(new ProcessStartInfo("redis-cli", ["-p", $"{server.Port}", "--no-raw"])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true,
            })!;
            // Tokens of the page, and what the server gave in their place.
            var tokens = new Dictionary<string, string>();
            string Ours(string text) => tokens.Aggregate(text, (t, token) => t.Replace(token.Key, token.Value, StringComparison.Ordinal));
            foreach (var step in Step().Split(block).Where(s => s.Length > 0))
            {
                if (step[0] == '#')
                {
                    server.Advance(TimeSpan.FromSeconds(int.Parse(step.Split(' ')[1], CultureInfo.InvariantCulture)));
                    continue;
                }
                var (command, expected) = (Ours(step[2..step.IndexOf('\n')]), step[(step.IndexOf('\n') + 1)..].TrimEnd());
                var reply = Type(cli, command);
                var (theirs, ours) = (Token().Match(expected), Token().Match(reply));
                if (theirs.Success && ours.Success) tokens[theirs.Groups[1].Value] = ours.Groups[1].Value;
                if (Ours(expected) != reply) wrong.Add($"{command}\n  the page: {expected}\n  the server: {reply}");
            }
            cli.Kill();
            cli.WaitForExit();
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>Types a command, and reads what is shown.</summary>
    static string Type(Process cli, string command)
    {
        cli.StandardInput.Write($"{command}\nECHO behind\n");
        cli.StandardInput.Flush();
        var shown = new List<string>();
        while (cli.StandardOutput.ReadLine() is { } line)
        {
            if (line == "\"behind\"") return string.Join('\n', shown).TrimEnd();
            shown.Add(line);
        }
        throw new EndOfStreamException($"redis-cli ended after: {command}");
    }

    [GeneratedRegex("^(?=[>#] )", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex("\"([0-9a-f]{16})\"")]
    private static partial Regex Token();

    [RedisPyFact(2)]
    public async Task Samples_for_redis_py_work()
    {
        using var server = new ServerProcess();
        var program = string.Join('\n', Blocks("python")).Replace("6379", $"{server.Port}", StringComparison.Ordinal);
        Assert.Equal("done\n", await Tool.Run(RedisPyFactAttribute.Python, ["-c", program + "\nprint('done')"]));
    }

    [NodeFact]
    public async Task Samples_for_ioredis_work()
    {
        using var server = new ServerProcess();
        var samples = string.Join('\n', Blocks("js")).Replace("6379", $"{server.Port}", StringComparison.Ordinal);
        var program = $"const assert = require('assert');\n(async () => {{\n{samples}\nconsole.log('done');\n}})();";
        var path = Path.Combine(NodePackages.Folder, $"caching-page-{Environment.ProcessId}.js");
        await File.WriteAllTextAsync(path, program);
        try
        {
            Assert.Equal("done\n", await Tool.Run("node", [path]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The samples for StackExchange.Redis are compiled and run in <see cref="CachingPageSamples"/>; the page has the same text.</summary>
    [Fact]
    public async Task Samples_for_StackExchange_Redis_work()
    {
        using var server = new ServerProcess();
        await CachingPageSamples.Run(server.Port);
        var source = File.ReadAllLines(Path.Combine(Root(), "tests", "Compat.Tests", "Caching", "CachingPageSamples.cs"));
        var samples = new StringBuilder();
        var isSample = false;
        foreach (var line in source)
        {
            if (line.Contains("// sample", StringComparison.Ordinal)) isSample = true;
            else if (line.Contains("// end", StringComparison.Ordinal)) isSample = false;
            else if (isSample) samples.Append(line.Length > 8 ? line[8..] : "").Append('\n');
        }
        Assert.Equal(string.Concat(Blocks("csharp")), samples.ToString());
    }
}
