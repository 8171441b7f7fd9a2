using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Transport.Tls;

/// <summary>Whole servers with a TLS port, over both transports.</summary>
public sealed class TlsServerTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    static readonly HandshakeLimits s_few = new()
    {
        Most = 8, Longest = TimeSpan.FromMilliseconds(300), LongestWhenFull = TimeSpan.FromMilliseconds(50),
    };

    TestServer Start(bool portable, string more = "", LogLines? log = null, HandshakeLimits? handshakes = null) =>
        new(certificates.Configuration + more, portableTransport: portable, log: log, handshakes: handshakes);

    static Socket ConnectBare(int port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    static bool IsEnded(Socket socket)
    {
        try
        {
            while (socket.Receive(new byte[100]) > 0)
            {
            }
            return true;
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.ConnectionReset)
        {
            return true;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Commands_pipelines_and_long_values_go_over_tls(bool portable)
    {
        using var server = Start(portable);
        using var client = server.ConnectTls(certificates.ClientOptions());
        Assert.Equal("+PONG", client.Call("PING"));
        client.SendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("INCR", "n"), 5000)));
        for (var i = 1; i <= 5000; i++) Assert.Equal($":{i}", client.Read());
        foreach (var length in (int[])[100, 16_383, 16_384, 16_385, 65_536, 3_000_000])
        {
            var value = new string((char)('a' + length % 26), length);
            Assert.Equal("+OK", client.CallWords("SET", "k", value));
            Assert.Equal($"${length} {value}", client.Call("GET k"));
        }
        // As many replies as no socket takes at once.
        for (var i = 0; i < 20; i++) client.Send("GET k");
        for (var i = 0; i < 20; i++) Assert.Equal(3_000_000 + "$3000000 ".Length, client.Read().Length);
        Assert.Contains($" laddr=127.0.0.1:{server.TlsPort} ", client.Call("CLIENT INFO"), StringComparison.Ordinal);
        client.Send("QUIT");
        Assert.Equal("+OK", client.Read());
        Assert.True(client.IsClosedByServer());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_request_that_comes_in_any_cut_is_run(bool portable)
    {
        using var server = Start(portable);
        using var client = server.ConnectTls(certificates.ClientOptions());
        var request = RawClient.Encode("ECHO", "hello");
        for (var cut = 1; cut < request.Length; cut++)
        {
            client.SendRaw(request[..cut]);
            client.SendRaw(request[cut..]);
            Assert.Equal("$5 hello", client.Read());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Subscribers_get_messages_over_tls(bool portable)
    {
        using var server = Start(portable);
        using var subscriber = server.ConnectTls(certificates.ClientOptions());
        using var publisher = server.Connect();
        Assert.StartsWith("*3 $9 subscribe", subscriber.Call("SUBSCRIBE c"), StringComparison.Ordinal);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(":1", publisher.Call($"PUBLISH c {i}"));
            Assert.EndsWith($" {i}", subscriber.Read(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_shows_no_certificate_is_let_in_as_tls_auth_clients_says(bool portable)
    {
        using var server = Start(portable);
        using var admin = server.ConnectTls(certificates.ClientOptions());

        bool IsServed(string? certificate)
        {
            try
            {
                using var client = server.ConnectTls(certificates.ClientOptions(certificate));
                return client.Call("PING") == "+PONG";
            }
            catch (Exception failure) when (failure is IOException or AuthenticationException)
            {
                return false;
            }
        }

        Assert.False(IsServed(null));
        Assert.False(IsServed("stranger"));
        Assert.False(IsServed("expired"));
        Assert.Equal("+OK", admin.Call("CONFIG SET tls-auth-clients optional"));
        Assert.True(IsServed(null));
        Assert.False(IsServed("selfsigned"));
        Assert.Equal("+OK", admin.Call("CONFIG SET tls-auth-clients no"));
        Assert.True(IsServed("stranger"));
        Assert.Equal("+OK", admin.Call("CONFIG SET tls-auth-clients yes"));
        Assert.False(IsServed(null));
        Assert.True(IsServed("client"));
    }

    [Fact]
    public void A_session_of_a_client_without_a_certificate_is_not_resumed_when_one_is_required()
    {
        using var server = Start(portable: false, "tls-auth-clients no\n");
        var options = certificates.ClientOptions(null);
        using (var client = server.ConnectTls(options)) Assert.Equal("+PONG", client.Call("PING"));
        using (var admin = server.Connect()) Assert.Equal("+OK", admin.Call("CONFIG SET tls-auth-clients yes"));
        Assert.ThrowsAny<Exception>(() =>
        {
            using var client = server.ConnectTls(options);
            client.Call("PING");
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_at_the_wrong_port_is_closed_and_told_of_in_the_log(bool portable)
    {
        var log = new LogLines();
        using var server = Start(portable, log: log);
        using (var plain = new RawClient(server.TlsPort))
        {
            plain.SendRaw("PING\r\n");
            Assert.True(plain.IsClosedByServer());
        }
        Assert.Contains(HandshakeLimits.NotTls, log.Text, StringComparison.Ordinal);
        using (var silent = ConnectBare(server.TlsPort)) silent.Shutdown(SocketShutdown.Send);
        using (var encrypted = ConnectBare(server.Port))
        using (var stream = new SslStream(new NetworkStream(encrypted)))
        {
            Assert.ThrowsAny<Exception>(() => stream.AuthenticateAsClient(certificates.ClientOptions()));
        }
        Assert.Contains("speaks TLS to the port without TLS", log.Text, StringComparison.Ordinal);
        using var client = server.ConnectTls(certificates.ClientOptions());
        Assert.Equal("+PONG", client.Call("PING"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Peers_that_do_not_finish_their_handshake_are_given_up_and_keep_nobody_out(bool portable)
    {
        var log = new LogLines();
        using var server = Start(portable, log: log, handshakes: s_few with { Most = 64 });
        // Some say nothing, the others begin a record that does not end.
        var peers = new List<Socket>();
        for (var i = 0; i < 1000; i++)
        {
            peers.Add(ConnectBare(server.TlsPort));
            if (i % 2 == 0) peers[i].Send([HandshakeLimits.RecordType, 3, 1, 2, 0, 1]);
        }
        using (var client = server.ConnectTls(certificates.ClientOptions())) Assert.Equal("+PONG", client.Call("PING"));
        foreach (var peer in peers)
        {
            Assert.True(IsEnded(peer));
            peer.Dispose();
        }
        Assert.Contains("Error accepting a client connection: ", log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_sends_its_handshake_byte_by_byte_is_given_up_in_time(bool portable)
    {
        using var server = Start(portable, handshakes: s_few);
        using var socket = ConnectBare(server.TlsPort);
        byte[] hello = [HandshakeLimits.RecordType, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, .. new byte[400]];
        var ended = Background.Run(() => IsEnded(socket));
        try
        {
            for (var at = 0; !ended.IsCompleted; at = (at + 1) % hello.Length)
            {
                socket.Send(hello, at, 1, SocketFlags.None);
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
        }
        catch (SocketException)
        {
            // Closed by the server meanwhile.
        }
        await ended;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_record_that_was_changed_ends_the_connection_and_no_other(bool portable)
    {
        using var server = Start(portable);
        using var other = server.ConnectTls(certificates.ClientOptions());
        using var socket = ConnectBare(server.TlsPort);
        using (var stream = new SslStream(new NetworkStream(socket)))
        {
            stream.AuthenticateAsClient(certificates.ClientOptions());
            stream.Write("PING\r\n"u8);
            Assert.Equal('+', stream.ReadByte());
            socket.Send([0x17, 3, 3, 0, 30, .. new byte[30]]);
            Assert.True(IsEnded(socket));
        }
        Assert.Equal("+PONG", other.Call("PING"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void New_files_serve_new_connections_and_bad_ones_change_nothing(bool portable)
    {
        var log = new LogLines();
        using var server = Start(portable, log: log);
        using var client = server.ConnectTls(certificates.ClientOptions());
        Assert.Equal("CN=localhost", SubjectShown(server));
        Assert.Equal("+OK", client.CallWords("CONFIG", "SET", "tls-cert-file", certificates["other-server.crt"], "tls-key-file", certificates["other-server.key"]));
        Assert.Equal("CN=other", SubjectShown(server));
        Assert.Equal(
            "-ERR CONFIG SET failed (possibly related to argument 'tls-key-file') - Unable to update TLS configuration. Check server logs.",
            client.CallWords("CONFIG", "SET", "tls-key-file", certificates["server.key.encrypted"]));
        Assert.Contains("Failed to load private key", log.Text, StringComparison.Ordinal);
        Assert.Equal("CN=other", SubjectShown(server));
        Assert.Equal("+OK", client.CallWords(
            "CONFIG", "SET", "tls-key-file-pass", "1234", "tls-key-file", certificates["server.key.encrypted"], "tls-cert-file", certificates["server.crt"]));
        Assert.Equal("CN=localhost", SubjectShown(server));
        Assert.Contains("Unable to update TLS", client.Call("CONFIG SET tls-protocols SSLv3"), StringComparison.Ordinal);
        Assert.Contains("Unable to update TLS", client.Call("CONFIG SET tls-ca-cert-file \"\""), StringComparison.Ordinal);
        Assert.Equal("+PONG", client.Call("PING"));
    }

    string SubjectShown(TestServer server)
    {
        using var socket = ConnectBare(server.TlsPort);
        using var stream = new SslStream(new NetworkStream(socket));
        stream.AuthenticateAsClient(certificates.ClientOptions());
        return ((X509Certificate2)stream.RemoteCertificate!).Subject;
    }

    [Fact]
    public void The_ports_of_both_kinds_are_opened_closed_and_exchanged_by_CONFIG_SET()
    {
        using var server = Start(portable: false);
        using var admin = server.Connect();
        using var before = server.ConnectTls(certificates.ClientOptions());
        var port = server.TlsPort;
        Assert.Equal("+OK", admin.Call("CONFIG SET tls-port 0"));
        Assert.Throws<SocketException>(() => new RawClient(port));
        Assert.Equal("+PONG", before.Call("PING"));
        Assert.Equal("+OK", admin.Call($"CONFIG SET port {port}"));
        using (var plain = new RawClient(port)) Assert.Equal("+PONG", plain.Call("PING"));
        Assert.Equal("+OK", admin.Call("CONFIG SET port 0"));
        Assert.Equal("+OK", admin.Call($"CONFIG SET tls-port {port}"));
        using (var client = server.ConnectTls(certificates.ClientOptions())) Assert.Equal("+PONG", client.Call("PING"));
        Assert.Contains($"tcp_port:{port}", admin.Call("INFO server"), StringComparison.Ordinal);
    }

    [Fact]
    public void Several_event_loops_share_the_connections()
    {
        using var server = Start(portable: false, "io-threads 3\n");
        var clients = Enumerable.Range(0, 9).Select(_ => server.ConnectTls(certificates.ClientOptions())).ToList();
        for (var round = 0; round < 20; round++)
        {
            foreach (var client in clients) client.Send("INCR n");
            foreach (var client in clients) Assert.StartsWith(":", client.Read(), StringComparison.Ordinal);
        }
        Assert.Equal("$3 180", clients[0].Call("GET n"));
        foreach (var client in clients) client.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_is_the_user_that_its_certificate_names(bool portable)
    {
        using var server = Start(portable, "user alice on nopass +@all\nuser urn:bob on >secret +@all\ntls-auth-clients-user CN\n");
        using var admin = server.Connect();

        string WhoAmI()
        {
            using var client = server.ConnectTls(certificates.ClientOptions());
            return client.Call("ACL WHOAMI");
        }

        Assert.Equal("$5 alice", WhoAmI());
        Assert.Equal("+OK", admin.Call("CONFIG SET tls-auth-clients-user URI"));
        Assert.Equal("$7 urn:bob", WhoAmI());
        Assert.Equal("+OK", admin.Call("ACL SETUSER urn:bob off"));
        Assert.Equal("$7 default", WhoAmI());
        Assert.Equal("+OK", admin.Call("CONFIG SET tls-auth-clients-user off"));
        Assert.Equal("$7 default", WhoAmI());
        Assert.Equal("+OK", admin.Call("CONFIG SET tls-auth-clients-user cn"));
        Assert.Equal("+OK", admin.Call("ACL SETUSER alice off"));
        Assert.Equal("+OK", admin.Call("AUTH default any"));
        Assert.Equal("+OK", admin.Call("ACL SETUSER default >secret"));
        Assert.StartsWith("-NOAUTH", WhoAmI(), StringComparison.Ordinal);
        Assert.Contains("acl_access_denied_tls_cert:2\r\n", admin.Call("INFO stats"), StringComparison.Ordinal);
        Assert.Matches(
            "^\\*2 \\*20 \\$5 count :1 \\$6 reason \\$8 tls-cert \\$7 context \\$8 toplevel \\$6 object \\$0  \\$8 username \\$5 alice .* client-info .*id=.* "
                + "count :1 \\$6 reason \\$8 tls-cert .* username \\$10 urn:nobody ",
            admin.Call("ACL LOG"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_client_too_many_is_turned_away_before_its_handshake(bool portable)
    {
        using var server = Start(portable, "maxclients 1\n");
        using var first = server.ConnectTls(certificates.ClientOptions());
        Assert.Equal("+PONG", first.Call("PING"));
        using (var second = ConnectBare(server.TlsPort)) Assert.True(IsEnded(second));
        Assert.Contains("rejected_connections:1\r\n", first.Call("INFO stats"), StringComparison.Ordinal);
        Assert.Equal("+OK", first.Call("CONFIG SET maxclients 2"));
        using var third = server.ConnectTls(certificates.ClientOptions());
        Assert.Equal("+PONG", third.Call("PING"));
    }

    [Fact]
    public void INFO_tells_when_certificates_expire()
    {
        using (var plain = new TestServer())
        using (var client = plain.Connect())
        {
            Assert.Contains(
                "tls_server_cert_serial:none\r\ntls_server_cert_expires_in_seconds:0\r\n", client.Call("INFO tls"), StringComparison.Ordinal);
        }
        using var server = Start(portable: false);
        using var admin = server.Connect();
        var certificate = X509CertificateLoader.LoadCertificateFromFile(certificates["server.crt"]);
        var authority = X509CertificateLoader.LoadCertificateFromFile(certificates["ca.crt"]);
        string Term(string name, X509Certificate2 of) => $"tls_{name}_cert_serial:{of.SerialNumber}\r\n"
            + $"tls_{name}_cert_expires_in_seconds:{new DateTimeOffset(of.NotAfter).ToUnixTimeSeconds() - server.Time.Now / 1000}\r\n";
        var info = admin.Call("INFO tls");
        Assert.Contains(Term("server", certificate), info, StringComparison.Ordinal);
        Assert.Contains("tls_client_cert_serial:none\r\n", info, StringComparison.Ordinal);
        Assert.Contains(Term("ca", authority), info, StringComparison.Ordinal);
    }

    /// <summary>More requests than one turn runs.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_run_though_their_sender_has_said_goodbye(bool portable)
    {
        const int Count = 20_000;
        using var server = Start(portable);
        using var socket = ConnectBare(server.TlsPort);
        using var stream = new SslStream(new NetworkStream(socket));
        await stream.AuthenticateAsClientAsync(certificates.ClientOptions(), TestContext.Current.CancellationToken);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n", Count))), TestContext.Current.CancellationToken);
        await stream.ShutdownAsync();
        var replies = await new StreamReader(stream).ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith($"\r\n:{Count}\r\n", replies, StringComparison.Ordinal);
    }
}
