namespace MiniRedis.Server.Tests.Commands.Administration.Observation;

public sealed class ObservationCommandsMemoryTests : ServerTests
{
    [Theory]
    [InlineData("MEMORY USAGE missing", "$-1")]
    [InlineData("MEMORY USAGE k SAMPLES", "-ERR syntax error")]
    [InlineData("MEMORY USAGE k SAMPLES -1", "-ERR syntax error")]
    [InlineData("MEMORY USAGE k SAMPLES x", "-ERR value is not an integer or out of range")]
    [InlineData("MEMORY USAGE k FIELDS 3", "-ERR syntax error")]
    [InlineData("MEMORY PURGE", "+OK")]
    public void Subcommands_answer(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Fact]
    public void What_remembers_purges_counts()
    {
        var before = _server.Server.Memory.Total;
        for (var i = 0; i < 100; i++) _client.Call($"CACHE.PURGE TAG tag:{i}");
        var log = _server.Server.Keyspace[0].Purges.Bytes;
        Assert.InRange(log, 100 * 50, 20_000);
        Assert.True(_server.Server.Memory.Total >= before + log);
        Assert.Contains($"$12 cache.purges :{log} ", _client.Call("MEMORY STATS"), StringComparison.Ordinal);

        // Prefixes under way count too, until they are no more; and so do purges that wait to be made again.
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Cron.IsPaused = true;
        _client.Call("SET key value");
        _client.Call($"CACHE.PURGE PREFIX {new string('p', 1000)}");
        Assert.InRange(_server.Server.Keyspace.PurgeBytes - log, 1000, 3000);
        Assert.Equal(_server.Server.Keyspace.PurgeBytes, _server.Server.Purges.MemoryBytes);
        _client.Call("CACHE.PURGE AGAIN 1000 TAG again");
        Assert.Equal(_server.Server.Keyspace.PurgeBytes + 61, _server.Server.Purges.MemoryBytes);
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Cron.IsPaused = false;
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(_server.Server.Keyspace[0].Purges.Bytes, _server.Server.Purges.MemoryBytes);
        _client.Call("CONFIG SET cache-log-max 0");
        Assert.InRange(_server.Server.Purges.MemoryBytes, 0, 2048);
    }

    [Fact]
    public void Usage_is_the_record_and_its_share_of_the_index()
    {
        _client.Call("SET k v");
        // A header of 8 bytes, key and value in a block of 16; 10 bytes of index.
        Assert.Equal(":26", _client.Call("MEMORY USAGE k"));
        Assert.Equal(":26", _client.Call("MEMORY USAGE k SAMPLES 0"));
    }

    [Fact]
    public void Stats_are_a_map_with_one_for_each_database_in_use()
    {
        _client.Call("SET k v");
        using var resp3 = _server.Connect(protocol: 3);
        var stats = resp3.Call("MEMORY STATS");
        Assert.StartsWith("%36 $14 peak.allocated :", stats, StringComparison.Ordinal);
        Assert.Matches("\\$4 db\\.0 %2 \\$23 overhead\\.hashtable\\.main :[0-9]+ \\$26 overhead\\.hashtable\\.expires :0 ", stats);
        Assert.Contains("$10 keys.count :1 ", stats, StringComparison.Ordinal);
        Assert.Matches("\\$15 peak\\.percentage ,[0-9.]+ ", stats);
    }

    [Fact]
    public void Doctor_and_malloc_stats_are_text()
    {
        using var resp3 = _server.Connect(protocol: 3);
        Assert.Contains("txt:There is hardly any data", resp3.Call("MEMORY DOCTOR"), StringComparison.Ordinal);
        Assert.Contains("txt:miniredis-arena: allocated ", resp3.Call("MEMORY MALLOC-STATS"), StringComparison.Ordinal);
        _client.Call("SETRANGE big 9999999 x");
        Assert.Contains("No problem was found.", resp3.Call("MEMORY DOCTOR"), StringComparison.Ordinal);
    }
}
