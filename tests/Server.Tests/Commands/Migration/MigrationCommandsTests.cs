using System.Net;
using System.Net.Sockets;
using System.Text;
using MiniRedis.Server.Links;

namespace MiniRedis.Server.Tests.Commands.Migration;

public sealed class MigrationCommandsTests : IDisposable
{
    readonly TestServer _source = new(), _target = new();
    readonly RawClient _client, _there;

    public MigrationCommandsTests() => (_client, _there) = (_source.Connect(), _target.Connect());

    public void Dispose()
    {
        _client.Dispose();
        _there.Dispose();
        _source.Dispose();
        _target.Dispose();
    }

    string Migrate(string rest) => _client.Call($"MIGRATE 127.0.0.1 {_target.Port} {rest}");

    [Fact]
    public void A_key_moves_with_its_value_and_its_deadline()
    {
        _client.Run("""
            RPUSH l a b c
            -> :3
            PEXPIRE l 50000
            -> :1
            """);
        _source.Effects.Commands.Clear();
        Assert.Equal("+OK", Migrate("l 0 5000"));
        Assert.Equal(":0", _client.Call("EXISTS l"));
        Assert.Equal("*3 $1 a $1 b $1 c", _there.Call("LRANGE l 0 -1"));
        Assert.Equal(":50000", _there.Call("PTTL l"));
        Assert.Equal(["DEL l"], _source.Effects.Commands);
        Assert.Contains("del@0 l", _source.Effects.Events);
    }

    [Fact]
    public void A_key_takes_what_it_carries_along_to_a_server_that_keeps_it()
    {
        _client.Call("CACHE.SET page html EX 60 STALE 300 COST 7 TAGS 2 user:7 posts");
        _client.Call("CACHE.SET \"\" nameless TAGS 1 posts");
        _client.Call("SET plain 1");
        var info = _client.Call("CACHE.INFO page");
        Assert.Equal("+OK", Migrate("page 0 5000"));
        Assert.Equal("+OK", Migrate("\"\" 0 5000 KEYS \"\" plain"));
        Assert.Equal(info, _there.Call("CACHE.INFO page"));
        Assert.Equal("$-1", _there.Call("CACHE.INFO plain"));
        Assert.StartsWith("RESTORE page 360000 ", Assert.Single(_target.Effects.Commands, c => c.Contains(" page ", StringComparison.Ordinal))
            .Replace(" 1767225960000 ", " 360000 ", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(2, _target.Effects.Commands.Count(c => c.StartsWith("PING mrc1k", StringComparison.Ordinal)));
        _there.Call("CACHE.PURGE TAG posts");
        Assert.Equal(":1", _there.Call("EXISTS page \"\" plain"));
    }

    [Theory]
    [InlineData("mrc1k\u0001a\0\u0007\0", "BUSYKEY Target key name already exists.")]
    [InlineData("mrc1k\u0001b\0\u0007\0", "ERR DUMP payload version or checksum are wrong")]
    [InlineData("mrc1k\u0001a\0\u0007", "ERR DUMP payload version or checksum are wrong")]
    [InlineData("mrc1c\u0007", "ERR DUMP payload version or checksum are wrong")]
    public void Metadata_of_another_key_or_none_are_refused(string metadata, string error)
    {
        _client.Call("SET a 1");
        var dump = _client.Call("DUMP a");
        dump = dump[(dump.IndexOf(' ') + 1)..];
        if (!error.StartsWith("BUSYKEY", StringComparison.Ordinal)) _client.Call("DEL a");
        Assert.Equal($"-{error}", _client.CallWords("CACHE.RESTORE", "a", "0", dump, metadata));
        Assert.Equal("+OK", _client.CallWords("CACHE.RESTORE", "a", "0", dump, "mrc1k\u0001a\0\u0007\u0004\u0002\0xy", "REPLACE"));
        Assert.EndsWith("$4 tags *1 $2 xy", _client.Call("CACHE.INFO a"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_larger_than_any_buffer_moves_whole()
    {
        var value = new string('v', 300_000);
        Assert.Equal("+OK", _client.CallWords("CONFIG", "SET", "rdbcompression", "no"));
        Assert.Equal("+OK", _client.CallWords("SET", "large", value));
        Assert.Equal("+OK", Migrate("large 0 5000"));
        Assert.Equal($"$300000 {value}", _there.Call("GET large"));
    }

    [Fact]
    public void Several_keys_move_at_once_and_what_is_not_there_does_not_matter()
    {
        Assert.Equal("+OK", _client.Call("MSET a 1 b 2 c 3"));
        _source.Effects.Commands.Clear();
        Assert.Equal("+OK", Migrate("\"\" 3 5000 KEYS no a no b c"));
        Assert.Equal(["DEL a b c"], _source.Effects.Commands);
        Assert.Equal(":0", _client.Call("DBSIZE"));
        Assert.Equal("+OK", _there.Call("SELECT 3"));
        Assert.Equal("*3 $1 1 $1 2 $1 3", _there.Call("MGET a b c"));
        Assert.Equal("+NOKEY", Migrate("\"\" 3 5000 KEYS a b"));
        Assert.Equal("+NOKEY", Migrate("a 3 5000"));
    }

    [Fact]
    public void Copy_leaves_the_key_and_replace_overwrites()
    {
        Assert.Equal("+OK", _client.Call("SET k here"));
        Assert.Equal("+OK", _there.Call("SET k there"));
        _source.Effects.Commands.Clear();
        const string Busy = "-ERR Target instance replied with error: BUSYKEY Target key name already exists.";
        Assert.Equal(Busy, Migrate("k 0 5000 COPY"));
        Assert.Equal(Busy, Migrate("k 0 5000"));
        Assert.Equal("$4 here", _client.Call("GET k"));
        Assert.Equal("+OK", Migrate("k 0 5000 COPY REPLACE"));
        Assert.Equal("$4 here", _client.Call("GET k"));
        Assert.Equal("$4 here", _there.Call("GET k"));
        Assert.Empty(_source.Effects.Commands);
    }

    [Fact]
    public void Only_what_was_acknowledged_is_deleted_and_once()
    {
        Assert.Equal("+OK", _client.Call("MSET a 1 b 2 c 3"));
        Assert.Equal("+OK", _there.Call("SET b busy"));
        _source.Effects.Commands.Clear();
        Assert.Equal(
            "-ERR Target instance replied with error: BUSYKEY Target key name already exists.", Migrate("\"\" 0 5000 KEYS a b c a"));
        Assert.Equal(["DEL a c"], _source.Effects.Commands);
        Assert.Equal("*3 $-1 $1 2 $-1", _client.Call("MGET a b c"));
    }

    [Fact]
    public void A_password_opens_the_target_and_is_not_shown()
    {
        Assert.Equal("+OK", _there.Call("ACL SETUSER mover on >secret ~* +@all"));
        Assert.Equal("+OK", _there.Call("CONFIG SET requirepass pass"));
        Assert.Equal("+OK", _client.Call("MSET a 1 b 2 c 3"));
        Assert.Equal("+OK", _client.Call("CONFIG SET slowlog-log-slower-than 0"));
        Assert.Equal("-ERR Target instance replied with error: NOAUTH Authentication required.", Migrate("a 0 5000"));
        Assert.Equal(
            "-ERR Target instance replied with error: WRONGPASS invalid username-password pair or user is disabled.",
            Migrate("a 0 5000 AUTH wrong"));
        Assert.Equal("+OK", Migrate("a 0 5000 AUTH pass"));
        Assert.Equal("+OK", Migrate("b 0 5000 AUTH2 mover secret"));
        Assert.DoesNotContain("secret", _client.Call("SLOWLOG GET 1"), StringComparison.Ordinal);
        Assert.Contains("(redacted)", _client.Call("SLOWLOG GET 2"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k 0 100 NOSUCH", "-ERR syntax error")]
    [InlineData("k 0 100 AUTH", "-ERR syntax error")]
    [InlineData("k 0 100 AUTH2 user", "-ERR syntax error")]
    [InlineData("k x 100", "-ERR value is not an integer or out of range")]
    [InlineData("k 0 x", "-ERR value is not an integer or out of range")]
    [InlineData("k 0 100 KEYS a", "-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string")]
    [InlineData("\"\" 0 100 KEYS", "+NOKEY")]
    public void Arguments_are_judged_before_anybody_is_asked(string rest, string reply)
    {
        Assert.Equal("+OK", _client.Call("SET k v"));
        Assert.Equal(reply, _client.Call("MIGRATE 127.0.0.1 1 " + rest));
    }

    [Fact]
    public void Keys_of_a_call_are_known_to_rights_and_clients()
    {
        Assert.Equal("*1 $1 k", _client.Call("COMMAND GETKEYS MIGRATE h 1 k 0 100"));
        Assert.Equal("*2 $1 a $1 b", _client.Call("COMMAND GETKEYS MIGRATE h 1 \"\" 0 100 AUTH KEYS KEYS a b"));
        Assert.Equal("-ERR Invalid arguments specified for command", _client.Call("COMMAND GETKEYS MIGRATE h 1 k 0 100 KEYS a b"));
        Assert.Equal("+OK", _client.Call("ACL SETUSER limited on nopass ~a* +@all"));
        using var limited = _source.Connect();
        Assert.Equal("+OK", limited.Call("AUTH limited any"));
        Assert.StartsWith("-NOPERM", limited.Call($"MIGRATE 127.0.0.1 {_target.Port} \"\" 0 100 KEYS a1 b1"), StringComparison.Ordinal);
        Assert.Equal("+NOKEY", limited.Call($"MIGRATE 127.0.0.1 {_target.Port} \"\" 0 100 KEYS a1 a2"));
    }

    [Fact]
    public void A_transaction_and_a_script_move_keys_too()
    {
        Assert.Equal("+OK", _client.Call("MSET a 1 b 2"));
        Assert.Equal("+OK", _client.Call("MULTI"));
        Assert.Equal("+QUEUED", Migrate("a 0 5000"));
        Assert.Equal("*1 +OK", _client.Call("EXEC"));
        Assert.Equal(
            "+OK", _client.CallWords("EVAL", $"return redis.call('MIGRATE', '127.0.0.1', '{_target.Port}', KEYS[1], '0', '5000')", "1", "b"));
        Assert.Equal("*2 $1 1 $1 2", _there.Call("MGET a b"));
    }

    [Fact]
    public void Connections_are_kept_for_ten_seconds()
    {
        Assert.Equal("+OK", _client.Call("MSET a 1 b 2"));
        Assert.Equal("+OK", Migrate("a 0 5000"));
        Assert.Equal("+OK", Migrate("b 0 5000"));
        Assert.Contains("migrate_cached_sockets:1", _client.Call("INFO stats"), StringComparison.Ordinal);
        // The second one found its database selected.
        Assert.Contains("cmdstat_select:calls=1,", _there.Call("INFO commandstats"), StringComparison.Ordinal);
        _source.Advance(TimeSpan.FromMilliseconds(CachedLinks.MostIdleMilliseconds + 1000));
        Assert.Contains("migrate_cached_sockets:0", _client.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kept_connection_that_the_target_has_closed_is_made_again()
    {
        Assert.Equal("+OK", _client.Call("MSET a 1 b 2"));
        Assert.Equal("+OK", Migrate("a 0 5000"));
        Assert.StartsWith(":", _there.Call("CLIENT KILL TYPE NORMAL SKIPME YES"), StringComparison.Ordinal);
        Assert.Equal("+OK", Migrate("b 0 5000"));
        Assert.Equal("*2 $1 1 $1 2", _there.Call("MGET a b"));
    }

    [Fact]
    public void Nobody_there_is_told_as_such()
    {
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal("+OK", _client.Call("SET k v"));
        var port = ((IPEndPoint)unused.LocalEndPoint!).Port;
        Assert.Equal("-IOERR error or timeout connecting to the client", _client.Call($"MIGRATE 127.0.0.1 {port} k 0 1000"));
        Assert.Equal("-IOERR error or timeout connecting to the client", _client.Call("MIGRATE 127.0.0.1 none k 0 1000"));
        Assert.Equal("$1 v", _client.Call("GET k"));
    }

    /// <summary>A target that accepts, reads, and answers each connection with given bytes, once.</summary>
    sealed class ScriptedTarget : IDisposable
    {
        readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        readonly Queue<(string Answer, bool Closes)> _script;

        public ScriptedTarget(params (string Answer, bool Closes)[] script)
        {
            _script = new(script);
            _listener.Start();
            new Thread(Serve) { IsBackground = true }.Start();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Connections;

        void Serve()
        {
            var open = new List<Socket>();
            try
            {
                while (_script.TryDequeue(out var step))
                {
                    var socket = _listener.AcceptSocket();
                    Interlocked.Increment(ref Connections);
                    open.Add(socket);
                    _ = socket.Receive(new byte[4096]);
                    socket.Send(Encoding.ASCII.GetBytes(step.Answer));
                    if (step.Closes) socket.Close();
                }
            }
            catch (SocketException)
            {
                // The test has ended.
            }
        }

        public void Dispose() => _listener.Stop();
    }

    [Fact]
    public void A_target_that_does_not_answer_in_time_is_given_up_and_not_asked_again()
    {
        using var silent = new ScriptedTarget(("", false), ("", false));
        Assert.Equal("+OK", _client.Call("SET k v"));
        Assert.Equal("-IOERR error or timeout reading to target instance", _client.Call($"MIGRATE 127.0.0.1 {silent.Port} k 0 1"));
        Assert.Equal(1, silent.Connections);
        Assert.Equal("$1 v", _client.Call("GET k"));
        Assert.Contains("migrate_cached_sockets:0", _client.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_target_that_closes_is_tried_twice()
    {
        using var closing = new ScriptedTarget(("+OK\r\n", true), ("", true));
        Assert.Equal("+OK", _client.Call("SET k v"));
        Assert.Equal("-IOERR error or timeout reading to target instance", _client.Call($"MIGRATE 127.0.0.1 {closing.Port} k 0 5000"));
        Assert.Equal(2, closing.Connections);
    }

    [Fact]
    public void What_was_acknowledged_before_the_connection_was_lost_has_moved()
    {
        using var leaving = new ScriptedTarget(("+OK\r\n+OK\r\n", true));
        Assert.Equal("+OK", _client.Call("MSET a 1 b 2"));
        _source.Effects.Commands.Clear();
        Assert.Equal(
            "-IOERR error or timeout reading to target instance", _client.Call($"MIGRATE 127.0.0.1 {leaving.Port} \"\" 0 5000 KEYS a b"));
        Assert.Equal(1, leaving.Connections);
        Assert.Equal(["DEL a"], _source.Effects.Commands);
        Assert.Equal("*2 $-1 $1 2", _client.Call("MGET a b"));
    }

    [Fact]
    public void Only_so_many_connections_are_kept()
    {
        Assert.Equal("+OK", _client.Call("SET k v"));
        // A name may be written in many ways, and each has a connection of its own.
        for (var i = 0; i < CachedLinks.MostLinks + 5; i++)
        {
            var host = string.Concat("localhost".Select((letter, at) => (i >> at & 1) != 0 ? char.ToUpperInvariant(letter) : letter));
            Assert.Equal("+OK", _client.Call($"MIGRATE {host} {_target.Port} k 0 5000 COPY REPLACE"));
        }
        Assert.Contains($"migrate_cached_sockets:{CachedLinks.MostLinks}", _client.Call("INFO stats"), StringComparison.Ordinal);
    }
}
