using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// A client of RESP2 and one of RESP3 send the same random scripts and libraries to MiniRedis and to a real redis-server:
/// replies, data, and what INFO counts must be the same. MINIREDIS_FUZZ_SEED and MINIREDIS_FUZZ_COMMANDS as for
/// <see cref="DifferentialFuzzTests"/>.
/// </summary>
public sealed partial class ScriptFuzzTests(ITestOutputHelper output)
{
    /// <summary>Bounded for CI: a second or two.</summary>
    const int DefaultCommands = 6_000;

    const int BetweenChecks = 5, MostFailures = 12;

    [RedisServerFact]
    public void Random_scripts_get_the_replies_of_redis_server()
    {
        var seed = RunSettings.Seed;
        var count = RunSettings.Commands(DefaultCommands);
        output.WriteLine($"seed {seed}, {count} commands");
        using var oracle = new RedisServerProcess(null, "--save", "", "--enable-debug-command", "yes");
        using var server = new TestServer("enable-debug-command yes", realTime: true);
        RawClient[] theirs = [oracle.Connect(), oracle.Connect()], ours = [server.Connect(), server.Connect()];
        Both("HELLO 3");
        var random = new Random(seed);
        var stream = new ScriptStream(seed);
        var queues = new bool[2];
        var recent = new List<string>();
        var failures = new List<string>();
        var seen = new HashSet<string>();
        for (var step = 1; step <= count && failures.Count < MostFailures; step++)
        {
            var who = random.Next(2);
            var request = stream.Next(queues[who]);
            var (mine, right) = (ours[who].CallWords(request), theirs[who].CallWords(request));
            if (request[0] == "MULTI") queues[who] = true;
            if (request[0] is "EXEC" or "DISCARD") queues[who] = false;
            recent.Add($"{who}: {Show(request)}\n   -> {Show(right)}");
            if (mine != right && !IsKnown(request, mine, right))
            {
                var answers = $"  ours:   {Show(mine)}\n  theirs: {Show(right)}";
                Add($"step {step}, client {who}:\n{string.Join('\n', request)}\n{answers}", mine + right);
            }
            if (step % BetweenChecks > 0 || queues[1]) continue;
            CompareStates();
            recent.Clear();
        }
        Assert.True(failures.Count == 0, $"seed {seed}\n{string.Join("\n\n", failures)}");
        foreach (var client in theirs.Concat(ours)) client.Dispose();

        void Both(string command) => _ = (ours[1].Call(command), theirs[1].Call(command));

        void Add(string failure, string kind)
        {
            if (seen.Add(kind)) failures.Add(failure);
            // What is different now would be so for long.
            if (queues[1]) Both("DISCARD");
            queues[1] = false;
            Both("FLUSHALL");
            Both("FUNCTION FLUSH");
            Both("CONFIG RESETSTAT");
        }

        void CompareStates()
        {
            foreach (var (question, read) in s_questions)
            {
                string[] mine = read(ours[1].Call(question)), right = read(theirs[1].Call(question));
                if (mine.SequenceEqual(right)) continue;
                var (more, less) = (string.Join('\n', mine.Except(right)), string.Join('\n', right.Except(mine)));
                Add($"{question}\n  ours:\n{more}\n  theirs:\n{less}\n{string.Join('\n', recent)}", more + less);
            }
        }
    }

    static readonly (string Question, Func<string, string[]> Read)[] s_questions =
    [
        ("DEBUG DIGEST", reply => [reply]), ("INFO commandstats", Counts), ("INFO errorstats", Counts),
    ];

    /// <summary>
    /// What was counted of each, without times. Of scripts without failures: there each error of a command that a script returns
    /// counts as a failed call of the script, so that more fail than were made.
    /// </summary>
    static string[] Counts(string info) =>
    [
        .. info.Split("\r\n").Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '=')
            .Select(line => Unimportant().Replace(line, "")).Order(StringComparer.Ordinal),
    ];

    [GeneratedRegex(@"usec\w*=[0-9.]+,?|(?<=cmdstat_(eval|fcall)\S*)failed_calls=[0-9]+")]
    private static partial Regex Unimportant();

    /// <summary>The greeting names the server's version.</summary>
    static bool IsKnown(string[] request, string ours, string theirs) => request[0] == "HELLO" && ours[0] == theirs[0];

    static string Show(string[] words) => string.Join(' ', words.Select(Show));

    static string Show(string text)
    {
        var shown = new StringBuilder("\"");
        foreach (var c in text.Length > 900 ? text[..900] + $"... ({text.Length})" : text)
        {
            if (c is >= ' ' and <= '~' or '\n') shown.Append(c);
            else shown.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
        }
        return shown.Append('"').ToString();
    }
}
