namespace MiniRedis.Server.Tests.Persistence.Aof;

public sealed class AofRewritingTests
{
    static void TickUntil(TestServer server, Func<bool> condition)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "it did not come to pass");
            server.Advance(TimeSpan.FromMilliseconds(200));
            Thread.Yield();
        }
    }

    [Fact]
    public void An_AOF_turned_on_by_a_transaction_begins_behind_that()
    {
        using var server = new TestServer("appendfsync always");
        using var client = server.Connect();
        client.Run("""
            MULTI
            -> +OK
            INCR x
            -> +QUEUED
            CONFIG SET appendonly yes
            -> +QUEUED
            INCR x
            -> +QUEUED
            BGREWRITEAOF
            -> +QUEUED
            EXEC
            -> *4 :1 +OK :2 +Background append only file rewriting scheduled
            """);
        TickUntil(server, () => server.Server.Statistics.Snapshots == 1 && !server.Server.AofRewriting.IsRunning);
        Assert.Equal(":3", client.Call("INCR x"));
        Assert.Contains("total_forks:1\r", client.Call("INFO stats"), StringComparison.Ordinal);

        // A server that writes no AOF leaves its directory to others.
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly no"));
        using var next = new TestServer($"dir {server.Directory}\nappendonly yes");
        TickUntil(next, () => !next.Server.Dataset.IsLoading);
        using var reader = next.Connect();
        Assert.Equal("$1 3", reader.Call("GET x"));
    }

    [Fact]
    public void DEBUG_LOADAOF_right_behind_turning_the_AOF_on_waits_for_its_base()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        client.Call("RPUSH list a b");
        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
        client.Call("RPUSH list c");
        Assert.Equal("+OK", client.Call("DEBUG LOADAOF"));
        Assert.Equal("*3 $1 a $1 b $1 c", client.Call("LRANGE list 0 -1"));
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly no"));
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
        client.Call("RPUSH list d");
        Assert.Equal("+OK", client.Call("DEBUG LOADAOF"));
        Assert.Equal(":4", client.Call("LLEN list"));
    }

    [Fact]
    public void DEBUG_LOADAOF_in_a_transaction_that_turns_the_AOF_on_is_refused_and_loses_nothing()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        client.Run("""
            SET a 1
            -> +OK
            MULTI
            -> +OK
            CONFIG SET appendonly yes
            -> +QUEUED
            DEBUG LOADAOF
            -> +QUEUED
            EXEC
            -> *2 +OK -ERR the append-only file lacks data that are not written yet
            GET a
            -> $1 1
            """);
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void DEBUG_LOADAOF_loads_what_a_rewrite_has_left_though_the_AOF_is_off(string preamble)
    {
        using var server = new TestServer($"enable-debug-command yes\naof-use-rdb-preamble {preamble}");
        using var client = server.Connect();
        Assert.Equal("-ERR this server has no append-only file to load", client.Call("DEBUG LOADAOF"));
        client.Call("MSET a 1 b 2");
        client.Call("RPUSH list x y z");
        var digest = client.Call("DEBUG DIGEST");
        Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
        TickUntil(server, () => !server.Server.AofRewriting.IsRunning);
        client.Call("SET late 1");
        Assert.Equal("+OK", client.Call("DEBUG LOADAOF"));
        Assert.Equal(digest, client.Call("DEBUG DIGEST"));
    }
}
