using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.Tests.Transactions;

/// <summary>EXEC as the rest of the server sees it: one unit of effects, whatever goes wrong within.</summary>
public sealed class TransactionTests : IDisposable
{
    readonly TestServer _server = new();
    readonly RawClient _client;
    readonly Units _units = new();

    public TransactionTests()
    {
        _client = _server.Connect();
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Effects.AddSink(_units);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    void Exec(params string[] commands)
    {
        _client.Call("MULTI");
        foreach (var command in commands) Assert.Equal("+QUEUED", _client.Call(command));
    }

    [Fact]
    public void The_effects_of_all_commands_are_one_unit()
    {
        Exec("SET a 1", "GET a", "EXPIRE a 100", "SELECT 1", "SPOP none", "RPUSH l x", "DEL none");
        _client.Call("EXEC");
        _client.Call("SET b 1");
        lock (_server.Server.Executor.ExecutorLock)
        {
            Assert.Equal(["0 0 1", "1"], _units.Databases);
            Assert.Equal("SET a 1", _server.Effects.Commands[0]);
            Assert.StartsWith("PEXPIREAT a ", _server.Effects.Commands[1], StringComparison.Ordinal);
            Assert.Equal(["RPUSH l x", "SET b 1"], _server.Effects.Commands[2..]);
        }
    }

    [Fact]
    public void Who_is_served_by_it_is_a_unit_behind_it()
    {
        using var waiter = _server.Connect();
        waiter.Send("BLPOP l 0");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1", StringComparison.Ordinal));
        Exec("RPUSH l x y", "SET a 1");
        Assert.Equal("*2 :2 +OK", _client.Call("EXEC"));
        Assert.Equal("*2 $1 l $1 x", waiter.Read());
        lock (_server.Server.Executor.ExecutorLock)
        {
            Assert.Equal(["0 0", "0"], _units.Databases);
            Assert.Equal(["RPUSH l x y", "SET a 1", "LPOP l"], _server.Effects.Commands);
        }
    }

    [Fact]
    public void A_handler_that_fails_costs_its_command_only()
    {
        Exec("SET a 1", "SET bad 1", "SET b 2");
        _units.FailsOn = "bad"u8.ToArray();
        Assert.Equal("*3 +OK -ERR internal error, see the server's log +OK", _client.Call("EXEC"));
        _units.FailsOn = null;
        Assert.Equal("*2 $1 1 $1 2", _client.Call("MGET a b"));
        Assert.Equal("-ERR EXEC without MULTI", _client.Call("EXEC"));
    }

    [Fact]
    public void Lack_of_memory_in_the_runtime_ends_the_server_and_no_part_of_the_transaction_is_told()
    {
        Exec("SET a 1", "SET bad 1", "SET b 2");
        _units.FailsOn = "bad"u8.ToArray();
        _units.Failure = new InsufficientMemoryException();
        _client.Send("EXEC");
        Assert.True(_client.IsClosedByServer());
        lock (_server.Server.Executor.ExecutorLock)
        {
            Assert.True(_server.Server.Exit.IsTorn);
            Assert.Null(_server.Server.Running.Command);
            Assert.Empty(_units.Databases);
        }
    }

    /// <summary>Notes the databases of each unit's commands; fails at an event of one key, if told to.</summary>
    sealed class Units : IEffectSink
    {
        public List<string> Databases { get; } = [];

        public byte[]? FailsOn { get; set; }

        public Exception Failure { get; set; } = new InvalidOperationException("a bug");

        public bool WantsCommands => true;

        public KeyspaceEvents WantedEvents => KeyspaceEvents.None;

        public void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
        {
            if (FailsOn is { } bad && key.SequenceEqual(bad)) throw Failure;
        }

        public void OnUnit(ReadOnlySpan<EffectCommand> commands, ReadOnlySpan<byte> encoded) =>
            Databases.Add(string.Join(' ', commands.ToArray().Select(c => c.Database)));
    }
}
