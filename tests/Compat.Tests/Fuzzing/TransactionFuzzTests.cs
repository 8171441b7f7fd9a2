using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Several clients, whose transactions and watches interleave, send the same random commands to MiniRedis and to a real
/// redis-server; every raw reply is compared. What makes one of ten keys change, in every way that there is, is what matters
/// here; so the commands are few, and none of them depends on the time. MINIREDIS_FUZZ_SEED replays a failure.
/// </summary>
public sealed class TransactionFuzzTests(ITestOutputHelper output)
{
    const int Clients = 4, Steps = 20_000;

    /// <summary>K is a key, N a number below four.</summary>
    internal static readonly string[] Commands =
    [
        "SET K N", "SET K N NX", "SET K N XX GET", "GET K", "GETEX K EX 1000", "GETEX K PERSIST", "GETDEL K", "INCR K", "APPEND K N", "SETRANGE K 0 x",
        "SETRANGE K 0 ", "MSETNX K N K N", "DEL K", "UNLINK K K", "EXISTS K", "TYPE K", "TOUCH K", "STRLEN K", "EXPIRE K 1000",
        "EXPIRE K 1000 XX", "EXPIRE K 500 GT", "EXPIRE K -1", "PERSIST K", "TTL K", "RENAME K K", "RENAMENX K K", "COPY K K", "COPY K K DB 1 REPLACE",
        "MOVE K 1", "LPUSH K N", "RPUSHX K N", "LPOP K", "RPOP K 0", "LREM K 0 N", "LTRIM K 1 -1", "LSET K 0 N", "LINSERT K BEFORE N N", "LMOVE K K LEFT RIGHT",
        "BLPOP K 0.001", "BLMOVE K K LEFT LEFT 0.001", "LRANGE K 0 -1", "SADD K N", "SREM K N", "SPOP K 9", "SMOVE K K N", "SINTERSTORE K K K",
        "SUNIONSTORE K K", "SCARD K", "HSET K f N", "HSETNX K f N", "HDEL K f", "HINCRBY K f 1", "HGET K f", "ZADD K N m", "ZADD K NX N m", "ZADD K GT CH N m",
        "ZREM K m", "ZINCRBY K 1 m", "ZPOPMIN K", "ZRANGESTORE K K 0 -1", "ZREMRANGEBYRANK K 0 0", "BZPOPMIN K 0.001", "ZSCORE K m",
        "XADD K NOMKSTREAM MAXLEN 2 5-N f N", "XGROUP CREATE K gN $ MKSTREAM", "XGROUP CREATE K gN $", "XGROUP DESTROY K gN", "XGROUP SETID K gN 0",
        "XGROUP CREATECONSUMER K gN c", "XGROUP DELCONSUMER K gN c", "XSETID K 99999999999999-N", "XTRIM K MAXLEN N", "XDEL K 1-1", "XLEN K",
        "PFADD K N", "PFADD K a b c d e", "PFCOUNT K", "PFMERGE K K", "SETBIT K 7 1", "BITOP NOT K K", "BITFIELD K SET u8 0 N", "BITFIELD K GET u8 0",
        "SORT K STORE K", "SORT none STORE K", "GEOADD K N N m", "GEOSEARCHSTORE K K FROMLONLAT 0 0 BYRADIUS 900 km", "RESTORE K 0 bad",
        "SWAPDB 0 1", "SWAPDB 0 2", "FLUSHDB", "SELECT 0", "SELECT 1", "SELECT 9999", "NOSUCH K", "GET", "OBJECT NOSUCH", "DBSIZE", "UNWATCH",
        "CLIENT SETNAME N", "CLIENT GETNAME", "HELLO 9", "RESET",
    ];

    [RedisServerFact]
    public void Interleaved_transactions_get_the_replies_of_redis_server()
    {
        var seed = RunSettings.Seed;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var oracle = new RedisServerProcess(null, "--save", "", "--enable-debug-command", "yes");
        using var server = new TestServer("io-threads 2\nenable-debug-command yes", realTime: true);
        var theirs = Enumerable.Range(0, Clients).Select(_ => oracle.Connect()).ToArray();
        var ours = Enumerable.Range(0, Clients).Select(_ => server.Connect()).ToArray();
        var queues = new bool[Clients];
        var story = new Queue<string>();
        int ran = 0, aborted = 0;
        for (var step = 1; step <= Steps; step++)
        {
            var who = random.Next(Clients);
            var command = Next(random, queues[who]);
            var (mine, right) = (ours[who].Call(command), theirs[who].Call(command));
            story.Enqueue($"{who}: {command} -> {right}");
            if (story.Count > 60) story.Dequeue();
            Assert.True(mine == right, $"seed {seed}, step {step}\n{string.Join('\n', story)}\n  ours:   {mine}");
            if (command == "MULTI") queues[who] = true;
            if (command is "EXEC" or "DISCARD" or "RESET") queues[who] = false;
            if (command == "EXEC" && right[0] == '*') _ = right == "*-1" ? aborted++ : ran++;
        }
        output.WriteLine($"{ran} ran, {aborted} did not for a key that changed");
        Assert.True(ran > 100 && aborted > 100);
        foreach (var client in theirs.Concat(ours)) client.Dispose();
    }

    /// <summary>MULTI and WATCH inside a transaction are left out: there Redis 7 goes on, and Valkey 8, as we do, gives it up.</summary>
    static string Next(Random random, bool queues) => random.Next(10) switch
    {
        0 or 1 when !queues => Fill("WATCH K K", random),
        2 when !queues => "MULTI",
        0 when queues => "EXEC",
        1 when queues && random.Next(4) == 0 => "DISCARD",
        3 when random.Next(60) == 0 => "EXEC",
        4 when random.Next(60) == 0 => "DISCARD",
        _ => Fill(Rarely(random, Commands[random.Next(Commands.Length)]), random),
    };

    /// <summary>What touches every key, or breaks the transaction, would be all that ever happens.</summary>
    static string Rarely(Random random, string command) => random.Next(10) > 0 && (command is "RESET" or "FLUSHDB" or "NOSUCH K" or "GET" or "OBJECT NOSUCH"
        || command.StartsWith("SWAPDB", StringComparison.Ordinal)) ? "GET K" : command;

    static string Fill(string command, Random random) => string.Join(' ', command.Split(' ').Select(word => word switch
    {
        "K" => "k" + random.Next(10),
        "N" => random.Next(4).ToString(CultureInfo.InvariantCulture),
        _ when word.EndsWith('N') && word[0] is 'g' or '9' => word[..^1] + random.Next(4),
        _ => word,
    }));
}
