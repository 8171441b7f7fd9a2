namespace MiniRedis.Server.Tests.Commands.Strings;

/// <summary>What LCS takes while it runs, and that it gives it back.</summary>
public sealed class StringCommandsLcsMemoryTests
{
    static (long Used, long Peak) Memory(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock) return (server.Server.Keyspace.UsedBytes, server.Server.Memory.Peak);
    }

    [Theory]
    [InlineData("LCS a b LEN", 0)]
    [InlineData("LCS a b", 15)]
    [InlineData("LCS a b IDX", 15)]
    public void The_table_is_counted_and_given_back(string command, int megabytes)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.CallWords("SET", "a", string.Concat(Enumerable.Repeat("ab", 5_700)));
        client.CallWords("SET", "b", string.Concat(Enumerable.Repeat("ba", 5_700)));
        var before = Memory(server);
        for (var i = 0; i < 3; i++) client.Call(command);
        var after = Memory(server);
        Assert.Equal(before.Used, after.Used);
        // A bit a cell: 11,400 times 11,400 of them.
        Assert.InRange(after.Peak - before.Used, megabytes << 20, megabytes + 1 << 20);
    }

    [Theory]
    [InlineData("LEN")]
    [InlineData("IDX")]
    [InlineData("MINMATCHLEN 4")]
    public void What_would_take_longer_than_proto_max_bulk_len_allows_is_refused(string options)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.CallWords("SET", "a", new string('a', 1 << 20));
        client.CallWords("SET", "b", new string('b', 1 << 20));
        client.CallWords("SET", "c", new string('c', 127));
        var before = Memory(server);
        Assert.Equal("-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len", client.Call($"LCS a b {options}"));
        Assert.Equal(before.Used, Memory(server).Used);
        // One byte less would be 128 times 1,048,576 cells of four bytes: half a gigabyte exactly, were it not for the first column.
        Assert.StartsWith("-ERR Insufficient memory", client.Call("LCS a c"), StringComparison.Ordinal);
        client.CallWords("SET", "c", new string('c', 126));
        Assert.Equal("$0 ", client.Call("LCS a c"));
    }

    [RedisServerFact]
    public void Long_random_strings_have_the_subsequences_of_redis()
    {
        using var oracle = new RedisServerProcess();
        using var redis = oracle.Connect();
        using var server = new TestServer();
        using var client = server.Connect();
        var random = new Random(4);
        for (var round = 0; round < 30; round++)
        {
            var letters = random.Next(1, 27);
            Both("MSET", "a", Draw(), "b", Draw());
            Both("LCS", "a", "b");
            Both("LCS", "a", "b", "LEN");
            Both("LCS", "a", "b", "IDX");
            Both("LCS", "a", "b", "IDX", "WITHMATCHLEN", "MINMATCHLEN", $"{random.Next(5)}");

            string Draw() => new([.. Enumerable.Range(0, random.Next(1_500)).Select(_ => (char)('a' + random.Next(letters)))]);
        }

        void Both(params string[] words) => Assert.Equal(redis.CallWords(words), client.CallWords(words));
    }
}
