using System.Globalization;
using System.Text;
using MiniRedis.Server.Tests;
using Xunit.Abstractions;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Sends the same random commands to MiniRedis and to a real redis-server, and compares every raw reply, and every key now and
/// then. A failure names its seed; MINIREDIS_FUZZ_SEED replays it, MINIREDIS_FUZZ_COMMANDS sets how many commands a run has.
/// </summary>
public sealed class DifferentialFuzzTests(ITestOutputHelper output)
{
    /// <summary>Bounded for CI: some seconds.</summary>
    const int DefaultCommands = 30_000;

    /// <summary>Commands after which all keys are compared.</summary>
    const int BetweenChecks = 500;

    static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    [OracleTheory]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_commands_get_the_replies_of_redis_server(int protocol)
    {
        var seed = Setting("MINIREDIS_FUZZ_SEED", Random.Shared.Next());
        var count = Setting("MINIREDIS_FUZZ_COMMANDS", DefaultCommands);
        output.WriteLine($"seed {seed}, {count} commands, RESP{protocol}");

        using var oracle = new OracleServer();
        using var server = new TestServer("enable-debug-command yes", realTime: true);
        using var theirs = oracle.Connect();
        using var ours = server.Connect();
        if (protocol == 3)
        {
            theirs.Call("HELLO 3");
            ours.Call("HELLO 3");
        }

        var commands = new CommandStream(seed);
        var history = new Queue<string>();
        for (var i = 1; i <= count; i++)
        {
            var command = commands.Next();
            history.Enqueue(Show(command));
            if (history.Count > 12) history.Dequeue();
            var (mine, right) = (ours.CallWords(command), theirs.CallWords(command));
            Assert.True(mine == right || KnownDifferences.Explain(command, mine, right),
                $"seed {seed}, RESP{protocol}, command {i}:\n{string.Join('\n', history)}\n  ours:   {Show(mine)}\n  theirs: {Show(right)}");
            if (i % BetweenChecks == 0 || i == count) CompareKeys(ours, theirs, $"seed {seed}, RESP{protocol}, after command {i}");
        }
    }

    static void CompareKeys(RawClient ours, RawClient theirs, string where)
    {
        // DEBUG DIGEST covers databases, keys, types, values and deadlines.
        Assert.True(ours.Call("DEBUG DIGEST") == theirs.Call("DEBUG DIGEST"), where + ": the datasets differ");
    }

    static string Show(string[] words) => string.Join(' ', words.Select(Show));

    static string Show(string text)
    {
        var shown = new StringBuilder("\"");
        foreach (var c in text.Length > 300 ? text[..300] + $"... ({text.Length})" : text)
        {
            if (c is >= ' ' and <= '~') shown.Append(c);
            else shown.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
        }
        return shown.Append('"').ToString();
    }
}
