using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Transactions;

/// <summary>WATCH: what counts as a change of a key, and what does not.</summary>
public sealed class TransactionCommandsWatchTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client, _other;

    public TransactionCommandsWatchTests()
    {
        _client = _server.Connect();
        _other = _server.Connect();
    }

    public void Dispose()
    {
        _client.Dispose();
        _other.Dispose();
        _server.Dispose();
    }

    const string Ran = "*1 +PONG", Aborted = "*-1";

    string Try()
    {
        _client.Call("MULTI");
        _client.Call("PING");
        return _client.Call("EXEC");
    }

    [Theory]
    [InlineData("SET k 2", Aborted)]
    [InlineData("SET k 1", Aborted)]
    [InlineData("SET other 2", Ran)]
    [InlineData("SET k 2 NX", Ran)]
    [InlineData("GET k", Ran)]
    [InlineData("TOUCH k", Ran)]
    [InlineData("DEL k", Aborted)]
    [InlineData("DEL none", Ran)]
    [InlineData("SET none 1", Aborted)]
    [InlineData("EXPIRE k 10", Aborted)]
    [InlineData("EXPIRE none 10", Ran)]
    [InlineData("PERSIST k", Ran)]
    [InlineData("PERSIST t", Aborted)]
    [InlineData("RENAME other k", Aborted)]
    [InlineData("RENAME k other", Aborted)]
    [InlineData("COPY k other REPLACE", Ran)]
    [InlineData("COPY other k REPLACE", Aborted)]
    [InlineData("MOVE k 1", Aborted)]
    [InlineData("MOVE other 1", Ran)]
    [InlineData("SORT nothing STORE k", Aborted)]
    [InlineData("SORT nothing STORE none", Ran)]
    [InlineData("PFCOUNT h", Aborted)]
    [InlineData("LPUSH l a", Aborted)]
    [InlineData("LPOP none", Ran)]
    [InlineData("FLUSHDB", Aborted)]
    [InlineData("FLUSHALL", Aborted)]
    [InlineData("SWAPDB 0 1", Aborted)]
    [InlineData("SWAPDB 2 3", Ran)]
    [InlineData("SWAPDB 0 2", Aborted)]
    [InlineData("XGROUP CREATE none g $ MKSTREAM", Aborted)]
    [InlineData("XGROUP CREATE s g $", Ran)]
    [InlineData("XADD s * f v", Aborted)]
    public void A_change_by_another_aborts(string command, string reply)
    {
        _client.Call("MSET k 1 other 1");
        _client.Call("SET t 1 EX 100");
        _client.Call("RPUSH l a");
        _client.Call("PFADD h a b c");
        _client.Call("XADD s * f v");
        Assert.Equal("+OK", _client.Call("WATCH k none t h l s"));
        _other.Call(command);
        Assert.Equal(reply, Try());
        Assert.Equal(Ran, Try());
    }

    [Fact]
    public void Keys_that_are_not_there_do_not_change_by_a_flush() => _client.Run(
        """
        WATCH none
        -> +OK
        FLUSHALL
        -> +OK
        MULTI
        -> +OK
        PING
        -> +QUEUED
        EXEC
        -> *1 +PONG
        """);

    [Fact]
    public void A_change_of_ones_own_counts_and_is_forgotten_with_unwatch_discard_and_reset()
    {
        foreach (var end in (string[])["UNWATCH", "DISCARD", "RESET"])
        {
            _client.Call("WATCH k");
            _client.Call("INCR k");
            if (end == "DISCARD") _client.Call("MULTI");
            _client.Call(end);
            Assert.Equal(Ran, Try());
            _client.Call("WATCH k");
            _client.Call("INCR k");
            Assert.Equal(Aborted, Try());
        }
        Assert.Equal("+OK", _client.Call("UNWATCH"));
    }

    [Fact]
    public void The_null_is_that_of_the_protocol()
    {
        _client.Call("HELLO 3");
        _client.Call("WATCH k");
        _client.Call("INCR k");
        Assert.Equal("_", Try());
    }

    [Fact]
    public void An_error_weighs_more_than_a_changed_key()
    {
        _client.Call("WATCH k");
        _client.Call("INCR k");
        _client.Call("MULTI");
        _client.Call("GET");
        Assert.Equal("-EXECABORT Transaction discarded because of previous errors.", _client.Call("EXEC"));
        Assert.Equal(Ran, Try());
    }

    [Fact]
    public void Nothing_is_changed_by_commands_that_come_after_exec_has_begun()
    {
        _client.Call("WATCH k");
        _client.Run(
            """
            MULTI
            -> +OK
            SET k 1
            -> +QUEUED
            UNWATCH
            -> +QUEUED
            EXEC
            -> *2 +OK +OK
            """);
    }

    [Theory]
    [InlineData("GET k")]
    [InlineData("PING")]
    public void A_key_whose_time_passes_has_changed_deleted_or_not(string meanwhile)
    {
        _client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        _client.Call("SET k 1 PX 100");
        _client.Call("WATCH k");
        _server.Time.Advance(TimeSpan.FromMilliseconds(101));
        _other.Call(meanwhile);
        Assert.Equal(Aborted, Try());
    }

    [Theory]
    [InlineData("PING", Ran)]
    [InlineData("GET k", Ran)]
    [InlineData("FLUSHALL", Ran)]
    [InlineData("SET k 2", Aborted)]
    [InlineData("SWAPDB 0 1", Ran)]
    [InlineData("SWAPDB 0 2", Aborted)]
    public void A_key_that_was_gone_but_not_deleted_is_not_missed(string meanwhile, string reply)
    {
        _client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        _client.Call("SELECT 2");
        _client.Call("SET k 1");
        _client.Call("SELECT 0");
        _client.Call("SET k 1 PX 100");
        _server.Time.Advance(TimeSpan.FromMilliseconds(101));
        _client.Call("WATCH k");
        _other.Call(meanwhile);
        Assert.Equal(reply, Try());
    }

    [Fact]
    public void A_disconnect_forgets_what_was_watched()
    {
        _client.Call("WATCH a b c");
        _other.Call("WATCH a");
        _client.Dispose();
        Await.Until(() => _other.Call("INFO clients").Contains("watching_clients:1\r\n", StringComparison.Ordinal));
        Assert.Contains("total_watched_keys:1\r\n", _other.Call("INFO clients"), StringComparison.Ordinal);
        _other.Call("UNWATCH");
        Assert.Contains("total_watched_keys:0\r\n", _other.Call("INFO clients"), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_keys_are_watched_once_each()
    {
        var keys = string.Join(' ', Enumerable.Range(0, 10_000).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        _client.Call($"WATCH {keys}");
        _client.Call($"WATCH {keys}");
        Assert.Contains(" watch=10000 ", _client.Call("CLIENT INFO"), StringComparison.Ordinal);
        _other.Call("SET 9999 x");
        Assert.Equal(Aborted, Try());
        Assert.Equal(Ran, Try());
    }

    /// <summary>
    /// Random commands of several clients, some of which watch. The model: a transaction runs unless the value of a key, as the
    /// client saw it, was written since it was watched.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_transaction_runs_exactly_when_nothing_it_watches_was_written(int seed)
    {
        var random = new Random(seed);
        var clients = Enumerable.Range(0, 4).Select(_ => _server.Connect()).ToArray();
        var databases = new int[clients.Length];
        var watched = clients.Select(_ => new Dictionary<(int, string), long>()).ToArray();
        var written = new Dictionary<(int Database, string Key), long>();
        var present = new HashSet<(int Database, string Key)>();
        for (var step = 1L; step < 4000; step++)
        {
            var c = random.Next(clients.Length);
            var key = "k" + random.Next(12);
            var at = (databases[c], key);
            switch (random.Next(10))
            {
                case 0 or 1 or 2:
                    clients[c].Call($"WATCH {key}");
                    watched[c].TryAdd(at, step);
                    break;
                case 3 or 4:
                    clients[c].Call($"SET {key} {step}");
                    written[at] = step;
                    present.Add(at);
                    break;
                case 5:
                    if (clients[c].Call($"DEL {key}") == ":1") written[at] = step;
                    present.Remove(at);
                    break;
                case 6:
                    databases[c] = random.Next(2);
                    clients[c].Call($"SELECT {databases[c]}");
                    break;
                case 7 when random.Next(8) == 0:
                    clients[c].Call("FLUSHDB");
                    foreach (var gone in present.Where(p => p.Database == at.Item1)) written[gone] = step;
                    present.RemoveWhere(p => p.Database == at.Item1);
                    break;
                case 7 when random.Next(8) == 0:
                    clients[c].Call("SWAPDB 0 1");
                    foreach (var (_, name) in present) written[(0, name)] = written[(1, name)] = step;
                    present = [.. present.Select(p => (1 - p.Database, p.Key))];
                    break;
                case 8 or 9:
                    var dirty = watched[c].Any(w => written.GetValueOrDefault(w.Key) > w.Value);
                    clients[c].Call("MULTI");
                    clients[c].Call("PING");
                    var reply = clients[c].Call("EXEC");
                    Assert.True(reply == (dirty ? Aborted : Ran), $"seed {seed}, step {step}: {reply}");
                    watched[c].Clear();
                    break;
            }
        }
        foreach (var client in clients) client.Call("UNWATCH");
        Assert.Contains("watching_clients:0\r\n", _other.Call("INFO clients"), StringComparison.Ordinal);
        Assert.Contains("total_watched_keys:0\r\n", _other.Call("INFO clients"), StringComparison.Ordinal);
        foreach (var client in clients) client.Dispose();
    }
}
