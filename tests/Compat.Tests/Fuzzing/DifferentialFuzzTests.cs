using System.Diagnostics;
using System.Globalization;
using System.Text;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Sends the same random commands to MiniRedis and to a real redis-server, and compares every raw reply, and every key now and
/// then. The seed is always the same one, so that a change alone decides about its test run; MINIREDIS_FUZZ_SEED takes another,
/// MINIREDIS_FUZZ_COMMANDS sets how many commands a run has. A failure names the seed.
/// </summary>
public sealed class DifferentialFuzzTests(ITestOutputHelper output)
{
    /// <summary>Bounded for CI: some seconds.</summary>
    const int DefaultCommands = 30_000;

    /// <summary>Commands after which all keys are compared, and after which a value is taken from each server to the other.</summary>
    const int BetweenChecks = 250, BetweenRestores = 20;

    const int Remembered = 4000;

    [RedisServerTheory]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public void Random_commands_get_the_replies_of_redis_server(int protocol, bool movesBlocks)
    {
        var seed = RunSettings.Seed;
        var count = RunSettings.Commands(DefaultCommands);
        output.WriteLine($"seed {seed}, {count} commands, RESP{protocol}");

        using var oracle = new RedisServerProcess(null, "--save", "", "--enable-debug-command", "yes");
        using var server = new TestServer("enable-debug-command yes", realTime: true);
        using var theirs = oracle.Connect();
        using var ours = server.Connect();
        theirs.Call("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1");
        if (movesBlocks) ours.Call("DEBUG MOVE-BLOCKS 1");
        if (protocol == 3)
        {
            theirs.Call("HELLO 3");
            ours.Call("HELLO 3");
        }

        var commands = new CommandStream(seed);
        var history = new Queue<string[]>();
        var failures = new Dictionary<string, string>();
        for (var i = 1; i <= count; i++)
        {
            var command = commands.Next();
            history.Enqueue(command);
            if (history.Count > Remembered) history.Dequeue();
            // There SORT takes an errno that an earlier command left behind for its own; this clears it and does nothing else.
            if (command[0].StartsWith("SORT", StringComparison.Ordinal)) theirs.CallWords("ZADD", "no such key", "XX", "1", "a");
            var (mine, right) = (ours.CallWords(command), theirs.CallWords(command));
            if (mine != right && !KnownDifferences.Explain(command, mine, right))
            {
                // What differs later may follow from this; it may as well be something else, so one of each command is shown.
                failures.TryAdd(command[0], $"command {i}:\n{Story(history, command)}\n  ours:   {Show(mine)}\n  theirs: {Show(right)}");
            }
            var where = $"seed {seed}, RESP{protocol}, after command {i}";
            if (i % BetweenRestores == 0)
            {
                var key = commands.Key();
                var failure = CrossRestore.Failure(ours, theirs, key);
                Assert.True(failure is null, $"{where}, restore of {Show(key)}: {failure}\n{Story(history, [.. command, key])}");
                history.Enqueue(["RESTORE", Words.RestoredKey, "from", key]);
            }
            if (failures.Count > 0 && (i % BetweenChecks == 0 || i == count))
            {
                Assert.Fail($"seed {seed}, RESP{protocol}\n{string.Join('\n', failures.Values)}");
            }
            if (i % BetweenChecks == 0 || i == count) CompareKeys(ours, theirs, history, where);
        }
    }

    /// <summary>The last commands, and before them those that named a word of the failed one.</summary>
    static string Story(Queue<string[]> history, string[] failed)
    {
        var related = history.SkipLast(6).Where(c => c.Skip(1).Intersect(failed.Skip(1)).Any()).TakeLast(16);
        return string.Join('\n', related.Append(["..."]).Concat(history.TakeLast(6)).Select(Show));
    }

    /// <summary>DEBUG DIGEST covers databases, keys, types, values and deadlines; where it differs, the keys are named.</summary>
    static void CompareKeys(RawClient ours, RawClient theirs, Queue<string[]> history, string where)
    {
        // redis-server 7.0 keeps a key that was set with a time in the past until its own expiry cycle comes by.
        var deadline = Stopwatch.StartNew();
        while (ours.Call("DEBUG DIGEST") != theirs.Call("DEBUG DIGEST"))
        {
            if (deadline.Elapsed < TimeSpan.FromSeconds(5)) continue;
            Assert.Fail($"{where}: the datasets differ\n{string.Join('\n', Differences(ours, theirs, history))}");
        }
    }

    static List<string> Differences(RawClient ours, RawClient theirs, Queue<string[]> history)
    {
        var differences = new List<string>();
        for (var database = 0; database < 3; database++)
        {
            ours.Call($"SELECT {database}");
            theirs.Call($"SELECT {database}");
            foreach (var key in Words.Keys)
            {
                foreach (var question in Questions(ours, key))
                {
                    var (mine, right) = (ours.CallWords(question), theirs.CallWords(question));
                    if (mine == right || KnownDifferences.Explain(question, mine, right)) continue;
                    differences.Add($"db {database}: {Show(question)}:\n  ours {Show(mine)}\n  theirs {Show(right)}");
                    differences.AddRange(history.Where(c => c.Contains(key)).TakeLast(20).Select(Show));
                }
            }
        }
        return differences;
    }

    static string[][] Questions(RawClient ours, string key) =>
    [
        ["TYPE", key], ["PEXPIRETIME", key], ["DEBUG", "DIGEST-VALUE", key],
        ours.CallWords("TYPE", key) switch
        {
            "+string" => ["GET", key],
            "+list" => ["LRANGE", key, "0", "-1"],
            "+set" => ["SMEMBERS", key],
            "+zset" => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
            "+hash" => ["HGETALL", key],
            "+stream" => ["XRANGE", key, "-", "+"],
            _ => ["EXISTS", key],
        },
    ];

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
