using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Random numbers of up to some hundred thousand digits wherever a command takes one: MiniRedis and a real redis-server must
/// answer and store the same. MINIREDIS_FUZZ_SEED and MINIREDIS_FUZZ_COMMANDS as for <see cref="DifferentialFuzzTests"/>.
/// </summary>
public sealed class NumberFuzzTests(ITestOutputHelper output)
{
    const int DefaultNumbers = 1_000;

    [RedisServerFact]
    public void Numbers_of_any_form_and_length_are_read_as_redis_server_reads_them()
    {
        var seed = RunSettings.Seed;
        var count = RunSettings.Commands(DefaultNumbers);
        output.WriteLine($"seed {seed}, {count} numbers");
        using var oracle = new RedisServerProcess(null, "--save", "");
        using var server = new TestServer(realTime: true);
        using var theirs = oracle.Connect();
        using var ours = server.Connect();
        var numbers = new NumberStream(seed);
        var scores = new Queue<string>();
        var failures = new Dictionary<string, string>();
        for (var i = 0; i < count; i++)
        {
            var number = numbers.Next();
            scores.Enqueue(number);
            if (scores.Count > 20) scores.Dequeue();
            foreach (var command in Uses(number, numbers.Pick<string>([.. scores])))
            {
                // There SORT takes an errno that an earlier command left behind for its own; this clears it and changes nothing.
                if (command[0] == "SORT") theirs.CallWords("ZADD", "no such key", "XX", "1", "a");
                var (mine, right) = (ours.CallWords(command), theirs.CallWords(command));
                if (mine == right || KnownDifferences.Explain(command, mine, right) || IsTiny(command, mine)) continue;
                var request = string.Join(' ', command.Select(Short));
                var answers = $"  ours:   {Short(mine)}\n  theirs: {Short(right)}";
                failures.TryAdd(command[0], $"number {i}: {request}\n{answers}\n  {number}");
            }
        }
        Assert.True(failures.Count == 0, $"seed {seed}\n{string.Join('\n', failures.Values)}");
    }

    /// <summary>Where a number may stand, as an argument and as a value in the data.</summary>
    static string[][] Uses(string number, string other) =>
    [
        ["DEL", "f", "h", "l", "n", "set", "waited", "e"],
        ["ZADD", "z", number, "m"], ["ZADD", "z", other, "o"], ["ZSCORE", "z", "m"], ["ZRANGE", "z", "0", "-1"],
        ["ZADD", "z", "INCR", number, "i"], ["ZINCRBY", "z", number, "i"],
        ["ZCOUNT", "z", number, other], ["ZCOUNT", "z", "-inf", "(" + number],
        ["ZRANGEBYSCORE", "z", number, "+inf", "LIMIT", "0", number], ["ZUNION", "1", "z", "WEIGHTS", number], ["ZREM", "z", "i"],
        ["INCRBYFLOAT", "f", number], ["INCRBYFLOAT", "f", other], ["HINCRBYFLOAT", "h", "f", number],
        ["SET", "f", number], ["INCRBYFLOAT", "f", "1"], ["HSET", "h", "f", number], ["HINCRBYFLOAT", "h", "f", other],
        ["RPUSH", "l", number, "1", other, "-3"], ["SORT", "l"], ["SORT", "l", "LIMIT", number, "2"],
        ["RPUSH", "waited", "a"], ["BLPOP", "waited", number],
        ["RPUSH", "waited", "a"], ["BLMOVE", "waited", "l", "LEFT", "LEFT", number],
        ["GEOADD", "g", number, "1", "m"], ["GEOADD", "g", "1", number, "m"],
        ["GEOSEARCH", "g", "FROMLONLAT", "1", "1", "BYRADIUS", number, "m"],
        ["SET", "n", number], ["INCR", "n"], ["INCRBY", "n", number],
        ["HSET", "h", "n", number], ["HINCRBY", "h", "n", "1"], ["HINCRBY", "h", "n", number],
        ["GETRANGE", "n", number, "3"], ["SETRANGE", "e", number, ""], ["GETBIT", "e", number],
        ["BITFIELD", "e", "INCRBY", "u8", "#" + number, "1"], ["SETEX", "e", number, "v"], ["EXPIRE", "e", number],
        ["LRANGE", "l", number, "-1"], ["SPOP", "set", number], ["SSCAN", "set", "0", "COUNT", number],
        ["XADD", "x", number, "f", "v"], ["XRANGE", "x", "-", "+", "COUNT", number],
    ];

    /// <summary>
    /// SORT refuses what loses bits below the normal range; glibc says of some hexadecimal numbers there that they lose none, and
    /// of others not, though they do.
    /// </summary>
    static bool IsTiny(string[] command, string ours) =>
        command[0] == "SORT" && ours.StartsWith("-ERR One or more scores", StringComparison.Ordinal);

    static string Short(string text) => text.Length <= 200 ? text : $"{text[..100]} ... {text[^80..]} ({text.Length})";
}
