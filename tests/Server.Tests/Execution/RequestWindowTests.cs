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
            (["STRLEN", "k"], ":1"), (["DEL", "k"], ":1"), (["DEL", "k"], ":0"), (["ECHO", "k"], "$1 k"), (["EXISTS", "k"], ":0"),
        ];
        _client.SendRaw(string.Concat(pipeline.Select(p => RawClient.Encode(p.Request))));
        foreach (var (_, reply) in pipeline) Assert.Equal(reply, _client.Read());
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
            Assert.Equal(10_001, window.Request(0, large).Count);
            Assert.True(window.HasLargeBuffers);
            for (var i = 0; i < 1023; i++) Fill(two);
            Assert.True(window.HasLargeBuffers);
            Fill(two);
            Assert.False(window.HasLargeBuffers);
            Assert.Equal("b"u8, window.Request(1, two)[1]);
        }

        void Fill(byte[] requests)
        {
            var parser = default(RequestParser);
            lock (_server.Server.Executor.ExecutorLock)
                window.Fill(ref parser, requests, 0, new ParserLimits { MaxBulkLength = 1024 }, _server.Server.Commands, _server.Server.Keyspace[0]);
            Assert.Equal(requests.Length, window.EndOf(window.Count - 1));
        }
    }
}
