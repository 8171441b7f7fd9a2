using MiniRedis.Server.Tests;
using static MiniRedis.Compat.Tests.Replication.ReplicationChecks;

namespace MiniRedis.Compat.Tests.Caching;

/// <summary>Metadata and purges on their way to replicas: ours, a redis-server, and ours behind a redis-server.</summary>
public sealed class CacheReplicationTests
{
    const string Configuration = "repl-diskless-sync-delay 0\nrepl-ping-replica-period 1\nenable-debug-command yes\n";

    static TestServer Ours(int master = 0, string configuration = "") =>
        new(Configuration + configuration + (master == 0 ? "" : $"\nreplicaof 127.0.0.1 {master}"), realTime: true);

    /// <summary>Writes keys of all kinds, changes and purges some of them.</summary>
    static void Write(RawClient client, string prefix)
    {
        string[] lines =
        [
            "SET {0}plain 1",
            "CACHE.SET {0}page html EX 1000 STALE 300 TAGS 2 user:7 posts COST 25",
            "CACHE.SET {0}forever value TAGS 1 posts",
            "CACHE.SET {0}session s SLIDE 1000 EX 5000",
            "CACHE.SET {0}nothing \"\" EX 1000 NEGATIVE",
            "CACHE.SET {0}stale html EX 1000 STALE 300",
            "CACHE.SET {0}renamed value TAGS 1 other",
            "CACHE.SET {0}copied value TAGS 2 other more",
            "CACHE.SET {0}deleted value TAGS 1 gone",
            "RPUSH {0}list a b c",
            "CACHE.TAG {0}list user:7",
            "CACHE.SET {0}soft html EX 1000 STALE 300 TAGS 1 soft",
            "CACHE.SET {0}hard html EX 1000 STALE 300 TAGS 1 hard",
            "RENAME {0}renamed {0}elsewhere",
            "COPY {0}copied {0}copy",
            "MOVE {0}copied 3",
            "DEL {0}deleted",
            "CACHE.STALE {0}stale",
            "CACHE.PURGE SOFT TAG soft",
            "CACHE.PURGE TAG hard unknown",
            "GET {0}session",
            "CACHE.SET {0}after html TAGS 1 hard",
            "MSET {0}pre:1 1 {0}pre:2 2 {0}pro:1 3",
            "RPUSH {0}pre:list a b",
            "CACHE.SET {0}pre:window html EX 1000 STALE 300",
            "CACHE.PURGE SOFT PREFIX {0}pre:",
            "SET {0}pre:2 4",
            "SET {0}pre:3 5",
            "CACHE.PURGE PREFIX {0}pre:1 {0}pre:3",
            "APPEND {0}pre:2 x",
            "APPEND {0}pre:1 x",
            "SADD {0}pre:list a",
        ];
        foreach (var line in lines) Assert.False(client.Call(string.Format(null, line, prefix)).StartsWith('-'), line);
        Assert.StartsWith("*2 :", client.Call($"EVAL \"return {{redis.call('cache.set', KEYS[1], 'v', 'TAGS', 1, 'script'), 1}}\" 1 {prefix}script"));
    }

    /// <summary>Every key of every database with what it carries, but for what runs with the clock.</summary>
    internal static string Show(RawClient client)
    {
        var text = new System.Text.StringBuilder();
        for (var database = 0; database < 4; database++)
        {
            client.Call($"SELECT {database}");
            foreach (var key in ((object?[])client.CallTree("KEYS *")!).Cast<string>().Order(StringComparer.Ordinal))
            {
                var info = client.CallTree($"CACHE.INFO {key}") as object?[];
                text.Append($"{database} {key} {client.Call($"PEXPIRETIME {key}")}");
                for (var i = 0; info is not null && i < info.Length; i += 2)
                {
                    if (info[i] is "age-ms" or "fresh-ms" or "ttl-ms") continue;
                    var value = info[i + 1] is object?[] tags ? string.Join(',', tags.Cast<string>().Order(StringComparer.Ordinal)) : info[i + 1];
                    text.Append($" {info[i]}={value}");
                }
                text.Append('\n');
            }
        }
        client.Call("SELECT 0");
        return text.ToString();
    }

    static void AssertSame(RawClient master, RawClient replica)
    {
        AssertEqual(master, replica);
        Assert.Equal(Show(master), Show(replica));
    }

    static void AssertNoErrors(RawClient client) =>
        Assert.True(Field(client, "stats", "total_error_replies") == "0", client.Call("INFO errorstats") + client.Call("INFO commandstats"));

    [Fact]
    public void A_replica_has_the_metadata_by_full_synchronization_and_by_the_stream()
    {
        using var server = Ours();
        using var client = server.Connect();
        Write(client, "before:");
        using var second = Ours(server.Port);
        using var replica = second.Connect();
        AssertSame(client, replica);
        Write(client, "after:");
        AssertSame(client, replica);
        Assert.Contains("tags=posts,user:7", Show(replica), StringComparison.Ordinal);
        Assert.DoesNotContain("hard ", Show(replica), StringComparison.Ordinal);
    }

    [Fact]
    public void A_purge_reaches_what_a_replica_got_by_full_synchronization()
    {
        using var server = Ours();
        using var client = server.Connect();
        client.Call("CACHE.SET k v TAGS 1 posts");
        client.Call("CACHE.SET other v TAGS 1 users");
        using var second = Ours(server.Port);
        using var replica = second.Connect();
        AssertSame(client, replica);
        client.Call("CACHE.PURGE TAG posts");
        Await(() => replica.Call("EXISTS k") == ":0", () => Show(replica));
        Assert.Equal(":1", replica.Call("EXISTS other"));
        AssertSame(client, replica);
    }

    [Fact]
    public void A_replica_that_is_promoted_goes_on_above_the_versions_of_its_master()
    {
        using var server = Ours();
        using var client = server.Connect();
        using var second = Ours(server.Port);
        using var replica = second.Connect();
        AssertEqual(client, replica);
        // A purge counts more than the clock of the machine: it is above all versions.
        long purged = 0;
        for (var i = 0; i < 1000; i++) purged = long.Parse(client.Call("CACHE.PURGE TAG posts").AsSpan(1), null);
        AssertEqual(client, replica);
        replica.Call("REPLICAOF NO ONE");
        Assert.True(long.Parse(replica.Call("CACHE.PURGE TAG posts").AsSpan(1), null) > purged);
        replica.Call("CACHE.SET k v TAGS 1 posts");
        Assert.Equal(":1", replica.Call("EXISTS k"));
    }

    [Fact]
    public void Subscribers_of_a_replica_hear_of_purges()
    {
        using var server = Ours();
        using var client = server.Connect();
        using var second = Ours(server.Port);
        using var replica = second.Connect();
        AssertEqual(client, replica);
        using var subscriber = second.Connect();
        subscriber.Call("SUBSCRIBE __cache@0__:purge");
        var version = client.Call("CACHE.PURGE TAG a b")[1..];
        Assert.Equal($"*3 $7 message $17 __cache@0__:purge $27 {version} HARD TAG a", subscriber.Read());
        Assert.Equal($"*3 $7 message $17 __cache@0__:purge $27 {version} HARD TAG b", subscriber.Read());
        Assert.Equal(client.Call("CACHE.LOG 0"), replica.Call("CACHE.LOG 0"));
    }

    [RedisServerFact]
    public void A_key_migrates_to_a_redis_server_without_what_that_does_not_keep()
    {
        using var server = Ours();
        using var client = server.Connect();
        var port = ServerProcess.FreePort();
        using var process = new RedisServerProcess(null, "--port", $"{port}", "--save", "");
        using var redis = process.Connect();
        client.Call("CACHE.SET page html EX 1000 TAGS 1 posts");
        Assert.Equal("+OK", client.Call($"MIGRATE 127.0.0.1 {port} page 0 5000"));
        Assert.Equal("$4 html", redis.Call("GET page"));
        AssertNoErrors(redis);
        Assert.Equal(":0", client.Call("EXISTS page"));
    }

    [RedisServerFact]
    public void A_redis_server_that_follows_has_the_same_keys_values_and_deadlines_and_counts_no_error()
    {
        using var server = Ours();
        using var client = server.Connect();
        Write(client, "before:");
        var port = ServerProcess.FreePort();
        using var process = Redis(port, server.Port);
        using var redis = process.Connect();
        AssertEqual(client, redis);
        Write(client, "after:");
        // Until a dead key is swept, a server that knows no purges has it.
        Sweep(client);
        AssertEqual(client, redis);
        AssertNoErrors(redis);
        Assert.DoesNotContain("CRITICAL", File.ReadAllText(Path.Combine(process.Dir.FullName, "log")), StringComparison.Ordinal);
    }

    [RedisServerFact]
    public void Metadata_and_purges_pass_through_a_redis_server_in_the_middle()
    {
        using var server = Ours();
        using var client = server.Connect();
        var port = ServerProcess.FreePort();
        using var process = Redis(port, server.Port);
        using var redis = process.Connect();
        AssertEqual(client, redis);
        using var last = Ours(port);
        using var replica = last.Connect();
        AssertEqual(redis, replica);
        // A replica's greeting has a word that 7.0.15 does not know, and answers so.
        redis.Call("CONFIG RESETSTAT");
        Write(client, "after:");
        Sweep(client);
        AssertEqual(client, redis);
        AssertEqual(redis, replica);
        Assert.Equal(Show(client), Show(replica));
        AssertNoErrors(redis);
        AssertNoErrors(replica);
        // And the offsets agree: nothing was left out on the way, or added.
        Assert.Equal(Field(client, "replication", "master_repl_offset"), Field(replica, "replication", "slave_repl_offset"));
    }

    [RedisServerFact]
    public void What_policies_decide_is_the_same_on_a_redis_server_that_follows()
    {
        using var server = Ours(configuration: "cache-policy p: ttl 1000 max-ttl 2000 stale 50 jitter 50");
        using var client = server.Connect();
        var port = ServerProcess.FreePort();
        using var process = Redis(port, server.Port);
        using var redis = process.Connect();
        AssertEqual(client, redis);
        string[] lines =
        [
            "SET p:a v", "SET p:b v EX 5000", "SETEX p:c 100 v", "MSET p:d v other v", "HSET p:e f v", "RPUSH p:f a b", "XADD p:g * f v",
            "INCR p:h", "EXPIRE p:h 500", "GETEX p:h PERSIST", "COPY other p:i", "RENAME other p:j", "SORT p:f ALPHA STORE p:k",
            "CACHE.SET p:l v TAGS 1 t", "CACHE.SET p:m v EX 9000 STALE 5", "SET p:a w KEEPTTL", "PERSIST p:b", "INCREX p:n EX 300",
        ];
        foreach (var line in lines) Assert.False(client.Call(line).StartsWith('-'), line);
        Assert.StartsWith("*", client.Call("EVAL \"return {redis.call('set',KEYS[1],'v'),1}\" 1 p:o"));
        AssertEqual(client, redis);
        AssertNoErrors(redis);
        for (var letter = 'a'; letter <= 'o'; letter++)
        {
            var deadline = client.Call($"PEXPIRETIME p:{letter}");
            Assert.NotEqual(":-1", deadline);
            Assert.Equal(deadline, redis.Call($"PEXPIRETIME p:{letter}"));
        }
    }

    static RedisServerProcess Redis(int port, int master) => new(
        null, "--port", $"{port}", "--save", "", "--logfile", "log", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
        "--enable-debug-command", "yes", "--replicaof", "127.0.0.1", $"{master}");

    /// <summary>Touches every key: those that a purge has overtaken are deleted by that, and replicas told.</summary>
    static void Sweep(RawClient client)
    {
        foreach (var prefix in (string[])["before:", "after:"]) client.Call($"EXISTS {prefix}hard {prefix}soft {prefix}pre:3");
    }
}
