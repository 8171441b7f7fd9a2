namespace MiniRedis.Server.Tests.Transport;

/// <summary>Every kind of request, cut in every way, through real sockets of both transports.</summary>
public sealed class WireSampleTests
{
    /// <summary>Bytes sent, and the reply in bytes. Each leaves the server as it was, so that they can follow each other.</summary>
    static readonly (string Request, string Reply)[] s_samples =
    [
        ("*1\r\n$4\r\nPING\r\n", "+PONG\r\n"),
        ("PING\r\n", "+PONG\r\n"),
        ("PING\n", "+PONG\r\n"),
        ("  ping  hello \r\n", "$5\r\nhello\r\n"),
        ("ECHO \"a \\x41\\n\\\"\"\r\n", "$5\r\na A\n\"\r\n"),
        ("ECHO 'it\\'s'\r\n", "$4\r\nit's\r\n"),
        ("\r\n", ""),
        ("*0\r\n", ""),
        ("*-1\r\n", ""),
        ("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "$0\r\n\r\n"),
        ("*2\r\n$4\r\nECHO\r\n$6\r\n\0\r\n\xff$*\r\n", "$6\r\n\0\r\n\xff$*\r\n"),
        ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nhello\r\nworld\r\n", "+OK\r\n"),
        ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$12\r\nhello\r\nworld\r\n"),
        ("*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n", ":1\r\n"),
        ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "$-1\r\n"),
        ("*4\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n$10\r\ncccccccccc\r\n", "*3\r\n$-1\r\n$-1\r\n$-1\r\n"),
        ("*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n", "+OK\r\n"),
        ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n", "+OK\r\n"),
        ("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", "+OK\r\n"),
        ("*2\r\n$6\r\nEXISTS\r\n$1\r\nk\r\n", ":0\r\n"),
        ("*2\r\n$4\r\nNOPE\r\n$3\r\na\rb\r\n", "-ERR unknown command 'NOPE', with args beginning with: 'a b' \r\n"),
        ("*1\r\n$3\r\nGET\r\n", "-ERR wrong number of arguments for 'get' command\r\n"),
        ("*1\r\n$0\r\n\r\n", "-ERR unknown command '', with args beginning with: \r\n"),
        ($"*2\r\n$4\r\nECHO\r\n$300\r\n{new string('x', 300)}\r\n", $"$300\r\n{new string('x', 300)}\r\n"),
    ];

    static string Requests => string.Concat(s_samples.Select(s => s.Request));

    static string Replies => string.Concat(s_samples.Select(s => s.Reply));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Samples_are_answered_whole_one_by_one(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var client = server.Connect();
        foreach (var (request, reply) in s_samples)
        {
            client.SendRaw(request);
            Assert.Equal(reply, client.ReadRaw(reply.Length));
        }
        Assert.Equal("+PONG", client.Call("PING"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Samples_are_answered_split_at_every_byte(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var client = server.Connect();
        foreach (var (request, reply) in s_samples)
        {
            for (var split = 1; split < request.Length; split++)
            {
                // What the sample changes, the run before must not have left: "k" comes and goes by SET and DEL.
                if (reply == ":1\r\n") client.Call("SET k v");
                if (request.Contains("GET\r\n$1\r\nk", StringComparison.Ordinal)) client.Call(reply == "$-1\r\n" ? "DEL k" : "SET k 'hello\r\nworld'");
                client.SendRaw(request[..split]);
                server.WaitUntilRead(client, split);
                client.SendRaw(request[split..]);
                Assert.Equal(reply, client.ReadRaw(reply.Length));
            }
            if (reply == "+OK\r\n" || request.Contains("SELECT", StringComparison.Ordinal)) client.Call("SELECT 0");
            client.Call("DEL k");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Samples_are_answered_byte_by_byte(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var client = server.Connect();
        foreach (var one in Requests) client.SendRaw(one.ToString());
        Assert.Equal(Replies, client.ReadRaw(Replies.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thousand_of_each_in_one_pipeline_are_answered_in_order(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var client = server.Connect();
        const int Times = 1000;
        // Sent by another thread: neither end can hold all of it.
        var sending = Background.Run(() => client.SendRaw(string.Concat(Enumerable.Repeat(Requests, Times))));
        for (var i = 0; i < Times; i++) Assert.Equal(Replies, client.ReadRaw(Replies.Length));
        await sending;
    }

    [Fact]
    public void Protocol_errors_are_answered_and_end_the_connection_wherever_they_are_cut()
    {
        using var server = new TestServer();
        (string Bytes, string Error)[] errors =
        [
            ("*x\r\n", "invalid multibulk length"),
            ("*2147483648\r\n", "invalid multibulk length"),
            ("*1\r\nfoo\r\n", "expected '$', got 'f'"),
            ("*1\r\n$-1\r\n", "invalid bulk length"),
            ("*1\r\n$536870913\r\n", "invalid bulk length"),
            ("*1\r\n$x\r\n", "invalid bulk length"),
            ("ECHO \"a\r\n", "unbalanced quotes in request"),
            ("*02\r\n", "invalid multibulk length"),
        ];
        foreach (var (bytes, error) in errors)
        {
            for (var split = 1; split <= bytes.Length; split++)
            {
                using var client = server.Connect();
                client.SendRaw(bytes[..split]);
                if (split < bytes.Length) server.WaitUntilRead(client, split);
                client.SendRaw(bytes[split..] + "PING\r\n");
                Assert.Equal($"-ERR Protocol error: {error}\r\n", client.ReadToEnd());
            }
        }
    }
}
