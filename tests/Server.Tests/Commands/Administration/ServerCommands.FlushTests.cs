using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.Tests.Commands.Administration;

public sealed class ServerCommandsFlushTests : ServerTests
{
    const string TwoDatabases = """
        SET a 1
        -> +OK
        SELECT 9
        -> +OK
        SET b 2
        -> +OK
        """;

    [Theory]
    [InlineData("FLUSHALL")]
    [InlineData("FLUSHALL SYNC")]
    [InlineData("flushall async")]
    public void Flushall_empties_every_database(string command)
    {
        _client.Run(TwoDatabases);
        Assert.Equal("+OK", _client.Call(command));
        _client.Run("""
            DBSIZE
            -> :0
            SELECT 0
            -> +OK
            DBSIZE
            -> :0
            SET a 2
            -> +OK
            GET a
            -> $1 2
            """);
    }

    [Theory]
    [InlineData("FLUSHDB")]
    [InlineData("FLUSHDB SYNC")]
    [InlineData("FLUSHDB ASYNC")]
    public void Flushdb_empties_the_selected_one(string command)
    {
        _client.Run(TwoDatabases);
        Assert.Equal("+OK", _client.Call(command));
        _server.Tick();
        _client.Run("""
            DBSIZE
            -> :0
            SELECT 0
            -> +OK
            GET a
            -> $1 1
            """);
    }

    [Theory]
    [InlineData("FLUSHALL NOW")]
    [InlineData("FLUSHALL SYNC ASYNC")]
    [InlineData("FLUSHDB NOW")]
    public void Other_modifiers_are_syntax_errors(string command) => Assert.Equal("-ERR syntax error", _client.Call(command));

    [Fact]
    public void What_is_freed_lazily_is_counted()
    {
        _client.Run("""
            MSET a 1 b 2 c 3
            -> +OK
            FLUSHDB ASYNC
            -> +OK
            """);
        _server.Tick();
        Assert.Equal(3, _server.Server.Statistics.LazyFreedObjects);
        _client.Run("""
            CONFIG SET lazyfree-lazy-user-flush yes
            -> +OK
            MSET a 1 b 2
            -> +OK
            FLUSHALL
            -> +OK
            """);
        Assert.Equal(5, _server.Server.Statistics.LazyFreedObjects);
    }

    [Fact]
    public void With_save_points_flushing_everything_saves_that_nothing_is_left()
    {
        using var server = new TestServer("save 3600 1");
        using var client = server.Connect();
        client.Call("SET a 1");
        client.Call("SAVE");
        var before = new FileInfo(server.Server.Saving.Path).Length;

        client.Call("FLUSHALL");

        Assert.Contains("rdb_changes_since_last_save:0\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
        Assert.InRange(new FileInfo(server.Server.Saving.Path).Length, 1, before - 1);
    }

    [Fact]
    public void A_flush_is_repeated_as_it_came_even_where_nothing_is_left()
    {
        _client.Run(TwoDatabases);
        var dirty = _server.Server.Effects.Dirty;
        _client.Call("FLUSHALL ASYNC");
        Assert.Equal(2, _server.Server.Effects.Dirty - dirty);
        _client.Call("FLUSHDB");
        _client.Call("FLUSHDB NOW");
        Assert.Equal(["FLUSHALL ASYNC", "FLUSHDB"], _server.Effects.Commands[2..]);
        Assert.DoesNotContain(_server.Effects.Events, e => e.StartsWith("del", StringComparison.Ordinal));
    }

    [Fact]
    public void What_waits_to_be_freed_counts_as_freed_when_the_arena_goes()
    {
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Cron.IsPaused = true;
        _client.Run("""
            MSET a 1 b 2 c 3
            -> +OK
            FLUSHDB ASYNC
            -> +OK
            SET d 4
            -> +OK
            FLUSHDB SYNC
            -> +OK
            """);
        lock (_server.Server.Executor.ExecutorLock)
        {
            Assert.Equal(0, _server.Server.LazyFree.Pending);
            Assert.Equal(3, _server.Server.Statistics.LazyFreedObjects);
        }
    }

    [Fact]
    public void Swapdb_exchanges_keys_under_the_clients_eyes()
    {
        using var other = _server.Connect();
        other.Call("SELECT 9");
        _client.Run("""
            SET k zero
            -> +OK
            SWAPDB 0 9
            -> +OK
            GET k
            -> $-1
            """);
        Assert.Equal("$4 zero", other.Call("GET k"));
        Assert.Equal("SWAPDB 0 9", _server.Effects.Commands[^1]);
    }

    [Theory]
    [InlineData("SWAPDB 0 0", "+OK")]
    [InlineData("SWAPDB x 0", "-ERR invalid first DB index")]
    [InlineData("SWAPDB 0 x", "-ERR invalid second DB index")]
    [InlineData("SWAPDB 0 44000000000", "-ERR invalid second DB index")]
    [InlineData("SWAPDB 0 16", "-ERR DB index is out of range")]
    [InlineData("SWAPDB -1 0", "-ERR DB index is out of range")]
    public void Swapdb_judges_its_indexes(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    sealed class Watcher : IEffectSink
    {
        public List<string> Seen { get; } = [];

        public KeyspaceEvents WantedEvents => KeyspaceEvents.None;

        public void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
        {
        }

        public void OnFlushing(int database) => Seen.Add($"flush {database}");

        public void OnSwapped(int first, int second) => Seen.Add($"swap {first} {second}");
    }

    [Fact]
    public void Sinks_hear_of_each_database_that_is_flushed_or_swapped()
    {
        var watcher = new Watcher();
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Effects.AddSink(watcher);
        _client.Call("SELECT 3");
        _client.Call("FLUSHDB");
        _client.Call("SWAPDB 1 2");
        _client.Call("SWAPDB 1 1");
        _client.Call("FLUSHALL");
        Assert.Equal(["flush 3", "swap 1 2", .. Enumerable.Range(0, 16).Select(i => $"flush {i}")], watcher.Seen);
    }
}
