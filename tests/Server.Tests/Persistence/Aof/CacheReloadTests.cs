namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>What a server that loads its append-only file knows of purges: as much as the file tells, and once.</summary>
public sealed class CacheReloadTests : IDisposable
{
    readonly AofDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Loading_the_file_once_more_tells_nobody_of_its_purges_and_counts_and_remembers_none_twice()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        using var subscriber = server.Connect();
        subscriber.Call("SUBSCRIBE __cache@0__:purge");
        client.Call("CACHE.SET a:1 v TAGS 1 t");
        client.Call("SET b:1 v");
        client.Call("CACHE.PURGE TAG t");
        client.Call("CACHE.PURGE PREFIX b:");
        server.Tick();
        // Values between two purges, which the last one leaves alone.
        client.Call("CACHE.SET a:2 v TAGS 1 t");
        client.Call("CACHE.SET stale v STALE 100 TAGS 1 u");
        client.Call("CACHE.PURGE SOFT TAG u");
        client.Call("CACHE.SET a:3 v TAGS 1 u");
        server.Advance(TimeSpan.FromSeconds(1));
        client.Call("CACHE.PURGE TAG w");
        for (var i = 0; i < 4; i++) subscriber.Read();
        string[] asked = ["CACHE.LOG 0", "CACHE.GET a:2", "CACHE.GET a:3", "CACHE.GET stale", "EXISTS a:1 b:1", "CACHE.INFO a:2"];
        string[] before = [.. asked.Select(client.Call)];
        Assert.StartsWith("*2 :1767225601000000 *4 *4 :1767225600000001 $4 HARD $3 TAG", before[0], StringComparison.Ordinal);
        var file = _directory.Incremental();
        var purged = server.Server.Statistics.PurgedKeys;
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("+OK", client.Call("DEBUG LOADAOF"));
            Assert.Equal(before, asked.Select(client.Call));
            Assert.Equal(purged, server.Server.Statistics.PurgedKeys);
        }
        Assert.Equal(file, _directory.Incremental());
        // Nothing came between.
        client.Call("CACHE.PURGE TAG last");
        Assert.EndsWith("HARD TAG last", subscriber.Read(), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_purges_in_a_file_that_cannot_be_loaded_nothing_is_known()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Call("CACHE.SET k v TAGS 1 t");
        client.Call("CACHE.PURGE TAG t");
        client.Call("SET text v");
        File.AppendAllText(Directory.GetFiles(_directory.AofPath(""), "*.incr.aof").Single(), AofDirectory.Commands("INCR text"));
        Assert.StartsWith("-ERR Error trying to load the AOF files", client.Call("DEBUG LOADAOF"), StringComparison.Ordinal);
        Assert.Equal("*2 :1767225600000001 *-1", client.Call("CACHE.LOG 1767225600000000"));
        Assert.Equal("$-1", client.Call("CACHE.SET k v ASOF 1767225600000000 TAGS 1 t"));
    }

    /// <summary>A subscriber that is back before its server has its data hears of no purge that it has seen long ago.</summary>
    [Fact]
    public void A_subscriber_hears_of_no_purge_of_the_file_while_a_server_starts()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            for (var i = 0; i < 100; i++) client.Call($"CACHE.PURGE TAG t{i}");
        }
        using (var server = _directory.Begin("key-load-delay 20000"))
        {
            using var subscriber = server.Connect();
            lock (server.Server.Executor.ExecutorLock) Assert.True(server.Server.Dataset.IsLoading);
            subscriber.Call("SUBSCRIBE __cache@0__:purge");
            lock (server.Server.Executor.ExecutorLock) server.Server.Config.Persistence.KeyLoadDelay = 0;
            server.TickUntil(() => !server.Server.Dataset.IsLoading);
            using var client = server.Connect();
            client.Call("CACHE.PURGE TAG new");
            Assert.EndsWith("HARD TAG new", subscriber.Read(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("COPY dead dead DB 1")]
    [InlineData("MOVE dead 1")]
    public void A_key_that_a_purge_killed_where_it_came_to_stays_dead_though_a_rewrite_has_forgotten_the_purge(string command)
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("CACHE.SET dead v TAGS 1 t");
            client.Call("CACHE.SET page v EX 100 STALE 10 TAGS 1 u");
            client.Call("SELECT 1");
            client.Call("CACHE.PURGE TAG t");
            client.Call("CACHE.PURGE SOFT TAG u");
            client.Call("BGREWRITEAOF");
            server.TickUntil(() => !server.Server.AofRewriting.IsRunning && !server.Server.AofRewriting.IsScheduled);
            client.Call("SELECT 0");
            Assert.Equal(":1", client.Call(command));
            Assert.Equal(":1", client.Call(command.Replace("dead", "page", StringComparison.Ordinal)));
            client.Call("SELECT 1");
            Assert.Equal(":0", client.Call("EXISTS dead"));
            Assert.Equal(":10000", client.Call("PTTL page"));
        }
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("SELECT 1");
            Assert.Equal(":0", client.Call("EXISTS dead"));
            Assert.Equal("*5 $1 v $5 STALE $-1 :10000 :1767225600000000", client.Call("CACHE.GET page"));
        }
    }
}
