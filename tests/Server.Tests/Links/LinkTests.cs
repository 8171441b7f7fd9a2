using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Links;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Links;

public sealed class LinkTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    static readonly LinkConnector s_plain = new(new TlsContexts());

    /// <summary>A listener of the test's own, and the link to it.</summary>
    sealed class Pair : IDisposable
    {
        readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public Pair()
        {
            _listener.Start();
            Link = s_plain.Connect(new LinkTarget("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port) { KeepAliveSeconds = 300 });
            Other = _listener.AcceptSocket();
        }

        public Link Link { get; }
        public Socket Other { get; }

        public string Received(int count)
        {
            var bytes = new byte[count];
            for (var got = 0; got < count;) got += Other.Receive(bytes.AsSpan(got));
            return System.Text.Encoding.Latin1.GetString(bytes);
        }

        public void Dispose()
        {
            Link.Dispose();
            Other.Dispose();
            _listener.Dispose();
        }
    }

    [Fact]
    public void Commands_go_out_as_arrays_and_replies_come_back()
    {
        using var server = new TestServer("requirepass secret");
        using var link = s_plain.Connect(new LinkTarget("localhost", server.Port));
        Assert.Equal("NOAUTH Authentication required.", link.Ask("PING").Text);
        link.Send(LinkCommand.Auth("", "secret"));
        link.Send(LinkCommand.Auth("default", "secret"));
        Assert.Equal(["OK", "OK"], [link.Receive().Text, link.Receive().Text]);
        Assert.Equal("Status OK", link.Ask("SET", "k\u00e9", "v\r\n").ToString());
        Assert.Equal("[Bulk v\r\n, Null , Integer 7]", link.Ask("EVAL", "return {redis.call('get',KEYS[1]),false,7}", "1", "k\u00e9").ToString());
        Assert.Equal(server.Port, link.Remote!.Port);
        Assert.Equal(IPAddress.Loopback, link.Local!.Address.MapToIPv4());
    }

    [Fact]
    public void Bytes_after_a_reply_are_there_as_they_came()
    {
        using var pair = new Pair();
        pair.Other.Send("\n+FULLRESYNC id 7\r\n$5\r\nhel"u8);
        Assert.Equal(LinkReplyKind.KeepAlive, pair.Link.Receive().Kind);
        Assert.Equal("FULLRESYNC id 7", pair.Link.Receive().Text);
        Assert.Equal("$5\r\nhel"u8.ToArray(), pair.Link.ReceiveBytes().ToArray());
        pair.Link.Take(4);
        Assert.Equal("hel"u8.ToArray(), pair.Link.ReceiveBytes().ToArray());
        pair.Link.Take(3);
        pair.Other.Send("lo+OK\r\n"u8);
        Assert.Equal("lo"u8.ToArray(), pair.Link.ReceiveBytes()[..2].ToArray());
        pair.Link.Take(2);
        Assert.Equal("OK", pair.Link.Receive().Text);
    }

    [Fact]
    public void The_end_of_a_connection_is_told_from_silence()
    {
        using var pair = new Pair();
        pair.Link.Timeout = TimeSpan.FromMilliseconds(10);
        var silent = Assert.Throws<LinkException>(() => pair.Link.Receive());
        Assert.True(silent.IsTimeout);
        Assert.Equal("Connection timed out", silent.Message);
        pair.Link.Timeout = TimeSpan.Zero;
        pair.Other.Dispose();
        var ended = Assert.Throws<LinkException>(() => pair.Link.Receive());
        Assert.False(ended.IsTimeout);
        Assert.Equal("Connection closed by the other side", ended.Message);
    }

    [Fact]
    public async Task Who_waits_on_a_link_is_woken_when_another_thread_ends_it()
    {
        using var pair = new Pair();
        pair.Link.Timeout = TimeSpan.Zero;
        var waiting = Background.Run(() => Assert.Throws<LinkException>(() => pair.Link.Receive()));
        pair.Link.Send("x"u8);
        Assert.Equal("x", pair.Received(1));
        pair.Link.Abort();
        await waiting;
        pair.Link.Dispose();
        pair.Link.Abort();
        Assert.Throws<LinkException>(() => pair.Link.Send("x"u8));
    }

    [Fact]
    public void A_port_that_nobody_listens_on_refuses()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var refused = Assert.Throws<LinkException>(() => s_plain.Connect(new LinkTarget("127.0.0.1", port)));
        Assert.Equal("Connection refused", refused.Message);
        Assert.False(refused.IsTimeout);
    }

    [Fact]
    public void A_name_that_is_none_is_reported()
    {
        var unknown = Assert.Throws<LinkException>(() => s_plain.Connect(new LinkTarget("no such.host", 1)));
        Assert.StartsWith("Can't resolve no such.host: ", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stop_ends_the_wait_for_a_connection()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        // An address of the documentation (RFC 5737): nobody answers there.
        Assert.Throws<LinkException>(() => s_plain.Connect(new LinkTarget("192.0.2.1", 1) { ConnectTimeout = TimeSpan.FromHours(1) }, stop.Token));
    }

    [Fact]
    public void The_source_address_is_the_one_that_is_asked_for()
    {
        using var server = new TestServer();
        using var link = s_plain.Connect(new LinkTarget("127.0.0.1", server.Port) { SourceAddress = "127.0.0.3" });
        Assert.Equal("PONG", link.Ask("PING").Text);
        Assert.Equal("127.0.0.3", link.Local!.Address.ToString());
        var wrong = Assert.Throws<LinkException>(
            () => s_plain.Connect(new LinkTarget("127.0.0.1", server.Port) { SourceAddress = "::1" }));
        Assert.Equal("Can't connect from ::1: it is an address of another family", wrong.Message);
    }

    [Fact]
    public void Links_are_encrypted_where_the_target_says_so()
    {
        var contexts = new TlsContexts();
        TlsContext Context(string certificate) => TlsContext.Create(new TlsOptions
        {
            CertificateFile = certificates[certificate + ".crt"], KeyFile = certificates[certificate + ".key"],
            CaFile = certificates["ca.crt"],
        });

        using var server = new TestServer(certificates.Configuration);
        var target = new LinkTarget("localhost", server.TlsPort) { UsesTls = true };
        var none = Assert.Throws<LinkException>(() => new LinkConnector(contexts).Connect(target));
        Assert.Equal("TLS is asked for, and no certificate is configured", none.Message);
        contexts.Replace(Context("server"), Context("client"), new TlsCertificates());
        using var link = new LinkConnector(contexts).Connect(target);
        Assert.Equal("PONG", link.Ask("PING").Text);
        var plain = Assert.Throws<LinkException>(() => new LinkConnector(contexts).Connect(target with { Port = server.Port }));
        Assert.StartsWith("TLS", plain.Message, StringComparison.Ordinal);
    }
}
