using System.Text;

namespace MiniRedis.Server.Configuration.Files;

/// <summary>What the arguments ask for; Serve is the usual.</summary>
internal enum CommandLineAction : byte { Serve, Version, Help, CheckSystem, TestMemory }

/// <summary>
/// The arguments of redis-server: <c>[file] [--directive value …]… [-]</c>. Options become configuration text that is read after
/// the file and standard input, so they win. Errors in them are reported like errors in a file.
/// </summary>
/// <remarks>
/// Redis 7.0.1 and later: the first argument after an option's name is its value even if it starts with "--"; an argument may
/// hold name and value at once ("--port 6380", quoted as one); "--save" without a value means no snapshots. There is no
/// "--port=6380": that reads as a directive of this name and is refused.
/// </remarks>
internal sealed class CommandLineConfig
{
    public CommandLineAction Action { get; private init; }

    /// <summary>The arguments after an action's own: megabytes for <see cref="CommandLineAction.TestMemory"/>.</summary>
    public IReadOnlyList<string> ActionArguments { get; private init; } = [];

    /// <summary>The configuration file as given, Latin-1; null if there is none.</summary>
    public string? File { get; private init; }

    public bool FromStandardInput { get; private init; }

    /// <summary>"--sentinel" is among the arguments, or the program was started as redis-sentinel.</summary>
    public bool SentinelMode { get; private init; }

    /// <summary>The options as configuration text.</summary>
    public string Options { get; private init; } = "";

    /// <param name="args">The arguments without the program's name.</param>
    /// <param name="programName">The name the program was started by: a link "…-sentinel" selects Sentinel.</param>
    public static CommandLineConfig Parse(IReadOnlyList<string> args, string programName = "")
    {
        var sentinel = args.Contains("--sentinel")
            || Path.GetFileNameWithoutExtension(programName).EndsWith("-sentinel", StringComparison.Ordinal);
        if (args.Count == 0) return new CommandLineConfig { SentinelMode = sentinel };
        var action = args[0] switch
        {
            "-v" or "--version" => CommandLineAction.Version,
            "-h" or "--help" => CommandLineAction.Help,
            "--test-memory" => CommandLineAction.TestMemory,
            "--check-system" => CommandLineAction.CheckSystem,
            _ => CommandLineAction.Serve,
        };
        if (action != CommandLineAction.Serve)
            return new CommandLineConfig { Action = action, ActionArguments = [.. args.Skip(1)] };

        var words = args.Select(ConfigText.FromUnicode).ToArray();
        var file = words[0].StartsWith('-') ? null : words[0];
        var options = ReadOptions(words, file is null ? 0 : 1, out var fromStandardInput);
        return new CommandLineConfig
        {
            File = file, FromStandardInput = fromStandardInput, SentinelMode = sentinel, Options = options,
        };
    }

    static string ReadOptions(string[] words, int first, out bool fromStandardInput)
    {
        var text = new StringBuilder();
        fromStandardInput = false;
        // Whether "--" starts a new option: not directly behind a name that still lacks its value.
        var hasValue = true;
        for (var i = first; i < words.Length; i++)
        {
            var word = words[i];
            var isLast = i == words.Length - 1;
            if (word == "-" && (i == 0 || isLast))
            {
                fromStandardInput = true;
            }
            else if (hasValue && word.StartsWith("--", StringComparison.Ordinal))
            {
                if (text.Length > 0) text.Append('\n');
                text.Append(word.AsSpan(2)).Append(' ');
                hasValue = ConfigLine.Split(word) is not { Length: 1 };
                if (hasValue) continue;
                // Two names may have no value, as before 7.0.
                var isBare = isLast || words[i + 1].StartsWith("--", StringComparison.Ordinal);
                var isSave = word.Equals("--save", StringComparison.OrdinalIgnoreCase);
                if (!isBare || !(isSave || word.Equals("--sentinel", StringComparison.OrdinalIgnoreCase))) continue;
                if (isSave) text.Append("\"\"");
                hasValue = true;
            }
            else
            {
                text.Append(ConfigLine.Quote(word)).Append(' ');
                hasValue = true;
            }
        }
        return text.ToString();
    }
}
