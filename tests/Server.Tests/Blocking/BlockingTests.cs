using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Tests.Blocking;

/// <summary>
/// Waiting for keys, whatever the command: here strings are waited for, which no command does, by blocking clients from the
/// outside.
/// </summary>
public sealed class BlockingTests : IDisposable
{
    readonly TestServer _server = new();
    readonly RawClient _client, _waiter;

    public BlockingTests()
    {
        _client = _server.Connect();
        _waiter = _server.Connect();
    }

    public void Dispose()
    {
        _client.Dispose();
        _waiter.Dispose();
        _server.Dispose();
    }

    /// <summary>Has a client wait with a command of these words, all but the first of which are keys.</summary>
    void Block(RawClient waiter, string words, int milliseconds = 0, bool onNoKey = false)
    {
        var id = long.Parse(waiter.Call("CLIENT ID").AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
        lock (_server.Server.Executor.ExecutorLock)
        {
            Assert.True(_server.Server.Clients.TryGet(id, out var client));
            var arguments = new ArgBuffer();
            arguments.Begin();
            foreach (var word in words.Split(' ')) arguments.Add(Encoding.ASCII.GetBytes(word));
            var request = arguments.Build();
            var command = _server.Server.Commands.Find(request[0])!;
            var context = new CommandContext(_server.Server, client, command, new ReplyWriter(), request);
            var deadline = milliseconds == 0 ? 0 : _server.Time.Now + milliseconds;
            context.Block(1, request.Count - 1, ObjectType.String, deadline, onNoKey);
        }
    }

    string Info(string field) => _client.Call("INFO clients").Split("\r\n").Single(l => l.StartsWith(field + ":", StringComparison.Ordinal));

    [Theory]
    [InlineData("RENAME other key")]
    [InlineData("COPY other key")]
    [InlineData("SWAPDB 0 5")]
    [InlineData("MOVE moved 3")]
    public void Whatever_creates_the_key_wakes_who_waits_for_it(string command)
    {
        _client.Run(
            """
            SET moved m
            -> +OK
            SET other o
            -> +OK
            SELECT 5
            -> +OK
            SET key k
            -> +OK
            SELECT 0
            -> +OK
            """);
        if (command.StartsWith("MOVE", StringComparison.Ordinal)) _waiter.Call("SELECT 3");
        Block(_waiter, command.StartsWith("MOVE", StringComparison.Ordinal) ? "GETDEL moved" : "GETDEL key");
        _client.Call(command);
        Assert.Matches(@"^\$1 [kmo]$", _waiter.Read());
        Assert.Equal("blocked_clients:0", Info("blocked_clients"));
    }

    [Fact]
    public void Only_who_waits_for_the_absence_of_a_key_is_woken_by_it()
    {
        _client.Call("SET key v");
        Block(_waiter, "GET key", onNoKey: true);
        using var other = _server.Connect();
        Block(other, "GET key");
        Assert.Equal("total_blocking_keys:1", Info("total_blocking_keys"));
        Assert.Equal("total_blocking_keys_on_nokey:1", Info("total_blocking_keys_on_nokey"));
        Assert.Equal("+OK", _client.Call("FLUSHALL"));
        Assert.Equal("$-1", _waiter.Read());
        Assert.Equal("total_blocking_keys_on_nokey:0", Info("total_blocking_keys_on_nokey"));
        Assert.Equal("blocked_clients:1", Info("blocked_clients"));
    }

    [Fact]
    public void A_wait_ends_in_the_millisecond_after_its_time()
    {
        Block(_waiter, "GET a", 50);
        using var later = _server.Connect();
        Block(later, "GET a b b", 60);
        Assert.Equal("clients_in_timeout_table:2", Info("clients_in_timeout_table"));
        Assert.Equal("total_blocking_keys:2", Info("total_blocking_keys"));
        _server.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal("blocked_clients:2", Info("blocked_clients"));
        _server.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("*-1", _waiter.Read());
        Assert.Equal("blocked_clients:1", Info("blocked_clients"));
        _server.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal("*-1", later.Read());
        Assert.Equal("total_blocking_keys:0", Info("total_blocking_keys"));
        Assert.Contains("cmdstat_get:calls=2,", _client.Call("INFO commandstats"), StringComparison.Ordinal);
    }

    [Fact]
    public void Deadlines_come_in_order_whatever_is_taken_out()
    {
        var random = new Random(7);
        var deadlines = new DeadlineHeap<BlockingCall>();
        var calls = new List<BlockingCall>();
        var get = _server.Server.Commands.Find("GET"u8)!;
        for (var i = 0; i < 2000; i++)
        {
            if (calls.Count > 0 && random.Next(3) == 0)
            {
                var index = random.Next(calls.Count);
                deadlines.Remove(calls[index]);
                calls.RemoveAt(index);
            }
            else
            {
                calls.Add(new BlockingCall(null!, get, 0, default, ObjectType.String, 1 + random.Next(500), onNoKey: false));
                deadlines.Add(calls[^1]);
            }
            Assert.Equal(calls.Count, deadlines.Count);
            Assert.Equal(calls.Count == 0 ? null : calls.Min(c => c.Deadline), deadlines.First?.Deadline);
        }
    }

    [Theory]
    [InlineData("", "*-1")]
    [InlineData(" TIMEOUT", "*-1")]
    [InlineData(" ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK")]
    public void Unblock_ends_a_wait_as_it_is_told(string how, string reply)
    {
        var id = _waiter.Call("CLIENT ID")[1..];
        Assert.Equal(":0", _client.Call($"CLIENT UNBLOCK {id}{how}"));
        Block(_waiter, "GET a b");
        Assert.Contains(" flags=b ", _client.Call($"CLIENT LIST ID {id}"), StringComparison.Ordinal);
        Assert.Equal(":1", _client.Call($"CLIENT UNBLOCK {id}{how}"));
        Assert.Equal(reply, _waiter.Read());
        Assert.Equal("total_blocking_keys:0", Info("total_blocking_keys"));
        Assert.Equal("+PONG", _waiter.Call("PING"));
    }

    [Fact]
    public void Who_waits_goes_on_with_what_it_sent_meanwhile()
    {
        Block(_waiter, "GET key");
        _waiter.SendRaw(RawClient.Encode("ECHO", "next"));
        _client.Call("SET other v");
        _server.WaitUntilRead(_waiter, 1);
        _client.Call("RENAME other key");
        Assert.Equal("$1 v", _waiter.Read());
        Assert.Equal("$4 next", _waiter.Read());
    }

    [Fact]
    public void Who_leaves_waits_no_more()
    {
        Block(_waiter, "GET a b c", 1000);
        Assert.Equal(":1", _client.Call($"CLIENT KILL LADDR 127.0.0.1:{_server.Port} ID 2"));
        Assert.Equal("total_blocking_keys:0", Info("total_blocking_keys"));
        Assert.Equal("clients_in_timeout_table:0", Info("clients_in_timeout_table"));
    }

    [Fact]
    public void A_pause_of_writes_holds_a_write_that_waits_until_it_is_over()
    {
        Block(_waiter, "GETDEL key");
        using var reader = _server.Connect();
        Block(reader, "GET key");
        _client.Run(
            """
            SET other v
            -> +OK
            CLIENT PAUSE 100 WRITE
            -> +OK
            """);
        lock (_server.Server.Executor.ExecutorLock)
        {
            _server.Server.Effects.KeyChanged(0, "key"u8, KeyspaceEvents.Generic, "rename_to");
            var database = _server.Server.Keyspace[0];
            database.Rename(database.Lookup("other"u8), "key"u8);
            _server.Server.Blocking.Serve();
        }
        Assert.Equal("$1 v", reader.Read());
        Assert.Equal("blocked_clients:1", Info("blocked_clients"));
        _server.Advance(TimeSpan.FromMilliseconds(101));
        Assert.Equal("$1 v", _waiter.Read());
        Assert.Equal(":0", _client.Call("EXISTS key"));
    }

    [Fact]
    public void What_was_to_be_skipped_is_skipped_when_it_comes()
    {
        Block(_waiter, "GET key");
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Clients.All.Last().ReplyMode = ReplyMode.SkipThis;
        _client.Call("SET other v");
        _client.Call("RENAME other key");
        Assert.Equal("+PONG", _waiter.Call("PING"));
    }

    [Fact]
    public void An_argument_can_be_fixed_for_the_next_time()
    {
        var arguments = new ArgBuffer();
        arguments.Begin();
        foreach (var word in "XREAD STREAMS s $".Split(' ')) arguments.Add(Encoding.ASCII.GetBytes(word));
        var get = _server.Server.Commands.Find("GET"u8)!;
        var call = new BlockingCall(null!, get, 0, arguments.Build(), ObjectType.Stream, 0, onNoKey: false);
        call.Replace(3, "123-4"u8);
        var words = new List<string>();
        for (var i = 0; i < call.Request.Count; i++) words.Add(Encoding.ASCII.GetString(call.Request[i]));
        Assert.Equal("XREAD STREAMS s 123-4", string.Join(' ', words));
    }
}
