namespace MiniRedis.Server.Tests.Execution;

/// <summary>A browser that is made to post commands to the port: it is cut off before any of them runs.</summary>
public sealed class CrossProtocolTests : IDisposable
{
    const string Warning = "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis.";

    readonly LogLines _log = new();
    readonly TestServer _server;

    public CrossProtocolTests() => _server = new TestServer(log: _log);

    public void Dispose() => _server.Dispose();

    string Sent(string bytes)
    {
        using var client = _server.Connect();
        client.TrySendRaw(bytes);
        return client.ReadToEnd();
    }

    int Warnings => _log.Text.Split('\n').Count(line => line.StartsWith(Warning, StringComparison.Ordinal));

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\nSET k v\r\n")]
    [InlineData("Host: x\r\nSET k v\r\n")]
    [InlineData("hOsT: x\r\nSET k v\r\n")]
    [InlineData("*1\r\n$4\r\npost\r\nSET k v\r\n")]
    [InlineData("*2\r\n$5\r\nHOST:\r\n$1\r\nx\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")]
    [InlineData("MULTI\r\nSET k v\r\nPOST /\r\nEXEC\r\n")]
    [InlineData("CLIENT REPLY OFF\r\nPOST /\r\nSET k v\r\n")]
    public void A_request_that_begins_with_a_word_of_http_ends_the_connection_without_an_answer(string request)
    {
        Assert.Equal("", Sent(request));
        using var client = _server.Connect();
        Assert.Equal(":0", client.Call("EXISTS k"));
        Assert.Equal(1, Warnings);
    }

    [Fact]
    public void What_runs_before_it_has_run()
    {
        Sent("SET k v\r\nPOST / HTTP/1.1\r\nSET k w\r\n");
        using var client = _server.Connect();
        Assert.Equal("$1 v", client.Call("GET k"));
    }

    [Theory]
    [InlineData("PING Host:", "$5 Host:")]
    [InlineData("POSTS", "-ERR unknown command 'POSTS', with args beginning with: ")]
    [InlineData("Host", "-ERR unknown command 'Host', with args beginning with: ")]
    public void Other_words_are_answered(string command, string reply)
    {
        using var client = _server.Connect();
        Assert.Equal(reply, client.Call(command));
        Assert.Equal(0, Warnings);
    }

    [Fact]
    public void The_log_tells_of_it_once_a_minute()
    {
        Sent("POST /\r\n");
        Sent("POST /\r\n");
        _server.Advance(TimeSpan.FromSeconds(60));
        Sent("Host: x\r\n");
        Assert.Equal(1, Warnings);
        _server.Advance(TimeSpan.FromSeconds(1));
        Sent("Host: x\r\n");
        Assert.Equal(2, Warnings);
        Assert.Matches(@"Connection from 127\.0\.0\.1:[0-9]+ aborted\.", _log.Text);
    }
}
