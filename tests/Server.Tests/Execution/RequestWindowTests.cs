using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Execution.Intake;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>Requests that arrive together are parsed ahead; they must answer as if each had come alone.</summary>
public sealed class RequestWindowTests : ServerTests
{
    [Fact]
    public void Later_requests_see_what_earlier_ones_of_the_same_window_did()
    {
        _client.SendRaw(string.Concat(Enumerable.Repeat(
            RawClient.Encode("SET", "k", "1") + RawClient.Encode("INCR", "k") + RawClient.Encode("DEL", "k") + RawClient.Encode("GET", "k"), 50)));
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal("+OK", _client.Read());
            Assert.Equal(":2", _client.Read());
            Assert.Equal(":1", _client.Read());
            Assert.Equal("$-1", _client.Read());
        }
    }

    [Fact]
    public void A_change_of_database_moves_the_keys_behind_it()
    {
        _client.SendRaw(RawClient.Encode("SET", "k", "zero") + RawClient.Encode("SELECT", "1") + RawClient.Encode("SET", "k", "one")
            + RawClient.Encode("SELECT", "0") + RawClient.Encode("GET", "k") + RawClient.Encode("SELECT", "1") + RawClient.Encode("GET", "k"));
        Assert.Equal(["+OK", "+OK", "+OK", "+OK", "$4 zero", "+OK", "$3 one"], Enumerable.Range(0, 7).Select(_ => _client.Read()));
    }

    [Fact]
    public void Inline_requests_and_blank_lines_mix_with_arrays()
    {
        _client.SendRaw("SET k \"a b\"\r\n\r\n" + RawClient.Encode("GET", "k") + "*0\r\nGET k\r\nECHO 'x y'\r\nECHO z\r\n");
        Assert.Equal(["+OK", "$3 a b", "$3 a b", "$3 x y", "$1 z"], Enumerable.Range(0, 5).Select(_ => _client.Read()));
    }

    /// <summary>Name and key of the request before are compared, and what is equal is not looked up again: empty ones, prefixes, other cases.</summary>
    [Fact]
    public void A_name_or_key_like_the_one_before_is_told_from_one_that_only_resembles_it()
    {
        (string[] Request, string Reply)[] pipeline =
        [
            (["SET", "k", "1"], "+OK"), (["set", "k", "2"], "+OK"), (["SET", "K", "3"], "+OK"), (["SET", "", "4"], "+OK"), (["SET", "", "5"], "+OK"),
            (["GET", "k"], "$1 2"), (["PING"], "+PONG"), (["GET", "k"], "$1 2"), (["GET", "K"], "$1 3"), (["GET", ""], "$1 5"),
            (["GETT", "k"], "-ERR unknown command 'GETT', with args beginning with: 'k' "), (["GET", "kk"], "$-1"), (["STRLEN", "kk"], ":0"),
            (["STRLEN", "k"], ":1"), (["DEL", "k"], ":1"), (["DEL", "k"], ":0"), ([""], "-ERR unknown command '', with args beginning with: "),
            ([""], "-ERR unknown command '', with args beginning with: "), (["ECHO", "k"], "$1 k"), (["EXISTS", "k"], ":0"),
        ];
        _client.SendRaw(string.Concat(pipeline.Select(p => RawClient.Encode(p.Request))));
        foreach (var (_, reply) in pipeline) Assert.Equal(reply, _client.Read());
    }

    /// <summary>
    /// What plain commands have to pass is worked out once for those that follow one another. Anything else may change it.
    /// </summary>
    [Theory]
    [InlineData("SET k 1|+OK", "MULTI|+OK", "SET k 2|+QUEUED", "GET k|+QUEUED", "EXEC|*2 +OK $1 2", "GET k|$1 2")]
    [InlineData("SET k 1|+OK", "CONFIG SET maxmemory 1|+OK", "SET k 2|-OOM command not allowed when used memory > 'maxmemory'.",
        "GET k|$1 1", "CONFIG SET maxmemory 0|+OK", "SET k 2|+OK", "GET k|$1 2")]
    [InlineData("SET k 1|+OK", "ACL SETUSER default -set|+OK", "SET k 2|-NOPERM User default has no permissions to run the 'set' command",
        "GET k|$1 1", "ACL SETUSER default resetkeys ~a|+OK", "GET k|-NOPERM No permissions to access a key", "GET a|$-1",
        "ACL SETUSER default +@all ~*|+OK", "SET k 2|+OK")]
    [InlineData("SET k 1|+OK", "REPLICAOF 127.0.0.1 1|+OK", "SET k 2|-READONLY You can't write against a read only replica.",
        "GET k|$1 1", "REPLICAOF NO ONE|+OK", "SET k 2|+OK", "GET k|$1 2")]
    [InlineData("SET k 1|+OK", "CLIENT REPLY SKIP|", "GET k|", "GET k|$1 1", "CLIENT REPLY OFF|", "SET k 2|", "GET k|", "CLIENT REPLY ON|+OK", "GET k|$1 2")]
    [InlineData("GET k|$-1", "SUBSCRIBE c|*3 $9 subscribe $1 c :1",
        "GET k|-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
        "UNSUBSCRIBE|*3 $11 unsubscribe $1 c :0", "GET k|$-1")]
    [InlineData("GET k|$-1", "CONFIG SET min-replicas-to-write 1|+OK", "SET k 1|-NOREPLICAS Not enough good replicas to write.", "GET k|$-1",
        "CONFIG SET min-replicas-to-write 0|+OK", "SET k 1|+OK")]
    [InlineData("GET k|$-1", "GET|-ERR wrong number of arguments for 'get' command", "GET k k|-ERR wrong number of arguments for 'get' command",
        "SET k 1|+OK", "CLIENT NO-EVICT|-ERR wrong number of arguments for 'client|no-evict' command", "GET k|$1 1")]
    public void What_opens_or_closes_a_gate_counts_for_the_next_command_of_the_pipeline(params string[] pipeline)
    {
        var lines = Array.ConvertAll(pipeline, line => (Command: line[..line.IndexOf('|')], Reply: line[(line.IndexOf('|') + 1)..]));
        _client.SendRaw(string.Concat(lines.Select(line => RawClient.Encode(line.Command.Split(' ')))));
        foreach (var (command, reply) in lines)
        {
            if (reply.Length > 0) Assert.Equal((command, reply), (command, _client.Read()));
        }
    }

    [Fact]
    public void Requests_before_a_protocol_error_are_answered_first()
    {
        _client.SendRaw(RawClient.Encode("SET", "k", "v") + RawClient.Encode("GET", "k") + "*1\r\n!4\r\nPING\r\n");
        Assert.Equal("+OK", _client.Read());
        Assert.Equal("$1 v", _client.Read());
        Assert.Equal("-ERR Protocol error: expected '$', got '!'", _client.Read());
        Assert.True(_client.IsClosedByServer());
    }

    [Fact]
    public void Nothing_behind_QUIT_runs()
    {
        _client.SendRaw(RawClient.Encode("QUIT") + RawClient.Encode("SET", "k", "v"));
        Assert.Equal("+OK", _client.Read());
        Assert.True(_client.IsClosedByServer());
        using var other = _server.Connect();
        Assert.Equal("$-1", other.Call("GET k"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(5000)]
    public void A_pipeline_of_any_depth_is_answered_in_order(int depth)
    {
        _client.SendRaw(string.Concat(Enumerable.Range(0, depth).Select(i => RawClient.Encode("ECHO", $"{i}"))));
        for (var i = 0; i < depth; i++) Assert.Equal($"${$"{i}".Length} {i}", _client.Read());
    }

    [Fact]
    public void What_a_large_request_needed_is_given_back_when_others_have_followed()
    {
        var window = new RequestWindow();
        var large = Encoding.ASCII.GetBytes(RawClient.Encode(["MSET", .. Enumerable.Range(0, 10_000).Select(i => $"{i}")]));
        var two = Encoding.ASCII.GetBytes(RawClient.Encode("GET", "a") + RawClient.Encode("GET", "b"));
        Fill(two);
        Assert.False(window.HasLargeBuffers);
        for (var round = 0; round < 2; round++)
        {
            Fill(large);
            Assert.Equal(10_001, window[0].View(large).Count);
            Assert.True(window.HasLargeBuffers);
            for (var i = 0; i < 1023; i++) Fill(two);
            Assert.True(window.HasLargeBuffers);
            Fill(two);
            Assert.False(window.HasLargeBuffers);
            Assert.Equal("b"u8, window[1].View(two)[1]);
        }

        void Fill(byte[] requests)
        {
            var parser = default(RequestParser);
            lock (_server.Server.Executor.ExecutorLock)
                window.Fill(ref parser, requests, 0, new ParserLimits { MaxBulkLength = 1024 }, _server.Server.Commands, _server.Server.Keyspace[0]);
            Assert.Equal(requests.Length, window[^1].End);
        }
    }
}
