using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>What an exception in the middle of a command leaves behind: nothing that the next command would meet.</summary>
public sealed class FailureTests : IDisposable
{
    readonly List<int> _exits = [];
    readonly TestServer _server;
    readonly RawClient _client;
    readonly FailingSink _sink = new();

    public FailureTests()
    {
        _server = new TestServer(exits: _exits.Add);
        _client = _server.Connect();
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Effects.AddSink(_sink);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void A_handler_that_fails_costs_one_request()
    {
        _sink.Failure = new InvalidOperationException("a bug");
        Assert.StartsWith("-ERR", _client.Call("SET k v"), StringComparison.Ordinal);
        _sink.Failure = null;
        Assert.Equal("$1 v", _client.Call("GET k"));
    }

    [Fact]
    public void Lack_of_memory_in_the_runtime_ends_the_server_and_tells_nobody_of_the_unit()
    {
        _client.Call("SET k v PX 100");
        _server.Time.Advance(TimeSpan.FromSeconds(1));
        _sink.Units.Clear();
        // The key's expiry has been emitted when the listener fails.
        _sink.Failure = new InsufficientMemoryException();
        _client.Send("GET k");
        Assert.True(_client.IsClosedByServer());
        _sink.Failure = null;
        // Nobody is served any more, and nothing runs by the clock.
        using var other = _server.Connect();
        other.Send("SET a 1");
        _server.Server.Executor.OnTick();
        lock (_server.Server.Executor.ExecutorLock)
        {
            Assert.Equal([1], _exits);
            Assert.True(_server.Server.Exit.IsTorn);
            Assert.Null(_server.Server.Running.Command);
            Assert.Empty(_sink.Units);
            Assert.False(_server.Server.Keyspace[0].Lookup("a"u8).Found);
        }
    }

    [Fact]
    public void A_cron_that_fails_is_tried_again()
    {
        _client.Call("SET k v PX 100");
        _server.Time.Advance(TimeSpan.FromSeconds(1));
        _sink.Failure = new InvalidOperationException("a bug");
        Assert.True(_server.Server.Executor.OnTick() > 0);
        _sink.Failure = null;
        _server.Server.Executor.OnTick();
        Assert.Equal(":0", _client.Call("DBSIZE"));
    }

    /// <summary>Throws at each event while told to; notes how many commands each unit had.</summary>
    sealed class FailingSink : IEffectSink
    {
        public Exception? Failure { get; set; }

        public List<int> Units { get; } = [];

        public bool WantsCommands => true;

        public KeyspaceEvents WantedEvents => KeyspaceEvents.None;

        public void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
        {
            if (Failure is not null) throw Failure;
        }

        public void OnUnit(ReadOnlySpan<EffectCommand> commands, ReadOnlySpan<byte> encoded) => Units.Add(commands.Length);
    }
}
