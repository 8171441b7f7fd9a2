using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using MiniRedis.Server.Transport.Linux;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Transport.Tls;

/// <summary>
/// Sessions without a socket, of both implementations (portable: the runtime's SslStream), against each other. Ciphertext goes over by
/// hand, at every split.
/// </summary>
public sealed class TlsSessionTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    TlsOptions Options(string name) => new()
    {
        CertificateFile = certificates[name + ".crt"], KeyFile = certificates[name + ".key"], CaFile = certificates["ca.crt"],
    };

    /// <summary>Two ends of a stream. What one says is fed to the other one in pieces.</summary>
    sealed class Pair(TlsSession server, TlsSession client, int piece) : IDisposable
    {
        readonly byte[] _room = new byte[TlsSession.RecordRoom];

        public TlsSession Server => server;
        public TlsSession Client => client;
        public TlsStatus ServerStatus { get; private set; } = TlsStatus.NeedMoreData;
        public TlsStatus ClientStatus { get; private set; } = TlsStatus.NeedMoreData;

        public bool IsEstablished => (ServerStatus, ClientStatus) == (TlsStatus.Complete, TlsStatus.Complete);

        public byte[] Take(TlsSession from)
        {
            var taken = new List<byte>();
            while (from.PendingBytes > 0) taken.AddRange(_room[..from.TakePending(_room)]);
            return [.. taken];
        }

        static (TlsStatus, byte[] Early) Feed(TlsSession to, byte[] bytes, int piece, TlsStatus status)
        {
            var at = 0;
            while (at < bytes.Length && status == TlsStatus.NeedMoreData)
            {
                var length = Math.Min(piece, bytes.Length - at);
                status = to.Handshake(bytes.AsSpan(at, length), out var consumed);
                at += consumed;
                if (status == TlsStatus.NeedMoreData) Assert.Equal(length, consumed);
            }
            return (status, bytes[at..]);
        }

        public void Handshake()
        {
            ClientStatus = client.Handshake([], out _);
            for (var i = 0; i < 10 && !IsEstablished && ClientStatus != TlsStatus.Failed && ServerStatus != TlsStatus.Failed; i++)
            {
                (ServerStatus, var early) = Feed(server, Take(client), piece, ServerStatus);
                // What a failed session does not read.
                if (ServerStatus != TlsStatus.Failed) Assert.Empty(early);
                (ClientStatus, early) = Feed(client, Take(server), piece, ClientStatus);
                if (ClientStatus == TlsStatus.Complete) Decrypt(client, early);
            }
            // Tickets of TLS 1.3, or the alert that says why not.
            if (ClientStatus == TlsStatus.Complete) Decrypt(client, Take(server));
        }

        public byte[] Decrypt(TlsSession to, byte[] cipher)
        {
            var plain = new List<byte>();
            var status = TlsStatus.Complete;
            for (var at = 0; at < cipher.Length || status == TlsStatus.DestinationTooSmall;)
            {
                var length = Math.Min(piece, cipher.Length - at);
                status = to.Decrypt(cipher.AsSpan(at, length), _room, out var consumed, out var produced);
                at += consumed;
                plain.AddRange(_room[..produced]);
                if (status == TlsStatus.Failed) Assert.Fail(to.Failure);
            }
            return [.. plain];
        }

        public byte[] Encrypt(TlsSession from, byte[] plain)
        {
            var cipher = new List<byte>();
            for (var at = 0; at < plain.Length;)
            {
                Assert.Equal(TlsStatus.Complete, from.Encrypt(plain.AsSpan(at), _room, out var consumed, out var produced));
                cipher.AddRange(_room[..produced]);
                at += consumed;
            }
            return [.. cipher];
        }

        public void Dispose()
        {
            server.Dispose();
            client.Dispose();
        }
    }

    Pair Connect(
        bool portableServer, bool portableClient, int piece = int.MaxValue, Func<TlsOptions, TlsOptions>? atServer = null,
        Func<TlsOptions, TlsOptions>? atClient = null)
    {
        var server = Options("server");
        var client = Options("client");
        var pair = new Pair(
            TlsContext.Create(atServer?.Invoke(server) ?? server, portableServer).CreateServer(),
            TlsContext.Create(atClient?.Invoke(client) ?? client, portableClient).CreateClient("localhost"), piece);
        pair.Handshake();
        return pair;
    }

    static readonly byte[] s_text = Encoding.ASCII.GetBytes("*1\r\n$4\r\nPING\r\n");

    public static TheoryData<bool, bool> Implementations => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Implementations))]
    public void A_stream_arrives_whole_however_it_is_cut(bool portableServer, bool portableClient)
    {
        var large = new byte[100_000];
        new Random(1).NextBytes(large);
        foreach (var piece in (int[])[1, 3, 100, 5000, int.MaxValue])
        {
            using var pair = Connect(portableServer, portableClient, piece);
            Assert.True(pair.IsEstablished, $"{pair.Server.Failure} {pair.Client.Failure}");
            Assert.Contains("1", pair.Server.Description, StringComparison.Ordinal);
            foreach (var plain in (byte[][])[s_text, [1], large])
            {
                Assert.Equal(plain, pair.Decrypt(pair.Server, pair.Encrypt(pair.Client, plain)));
                Assert.Equal(plain, pair.Decrypt(pair.Client, pair.Encrypt(pair.Server, plain)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void A_record_that_is_cut_at_any_byte_shows_nothing_until_the_rest_is_there(bool portableServer, bool portableClient)
    {
        using var pair = Connect(portableServer, portableClient);
        var room = new byte[TlsSession.RecordRoom];
        var length = pair.Encrypt(pair.Client, s_text) is var first && pair.Decrypt(pair.Server, first).Length == s_text.Length ? first.Length : 0;
        for (var cut = 1; cut < length; cut++)
        {
            var record = pair.Encrypt(pair.Client, s_text);
            Assert.Equal(TlsStatus.Complete, pair.Server.Decrypt(record.AsSpan(0, cut), room, out var consumed, out var produced));
            Assert.Equal((cut, 0), (consumed, produced));
            Assert.Equal(TlsStatus.Complete, pair.Server.Decrypt(record.AsSpan(cut), room, out _, out produced));
            Assert.Equal(s_text, room[..produced]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_record_with_any_byte_changed_ends_the_session(bool portableServer)
    {
        var room = new byte[TlsSession.RecordRoom];
        for (var at = 0; ; at++)
        {
            using var pair = Connect(portableServer, portableClient: false);
            var record = pair.Encrypt(pair.Client, s_text);
            if (at == record.Length) break;
            record[at] ^= 0x41;
            // A header that announces more bytes is wrong once they are there.
            byte[] sent = [.. record, .. new byte[0x4200]];
            Assert.Equal(TlsStatus.Failed, pair.Server.Decrypt(sent, room, out _, out var produced));
            Assert.Equal(0, produced);
            Assert.NotNull(pair.Server.Failure);
            Assert.Equal(TlsStatus.Failed, pair.Server.Encrypt(s_text, room, out _, out _));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_full_output_asks_for_another_call(bool portable)
    {
        using var pair = Connect(portable, portable);
        var plain = new byte[40_000];
        new Random(2).NextBytes(plain);
        var cipher = pair.Encrypt(pair.Client, plain);
        var got = new List<byte>();
        var small = new byte[700];
        var status = TlsStatus.DestinationTooSmall;
        for (var at = 0; status == TlsStatus.DestinationTooSmall;)
        {
            status = pair.Server.Decrypt(cipher.AsSpan(at), small, out var consumed, out var produced);
            at += consumed;
            got.AddRange(small[..produced]);
        }
        Assert.Equal(TlsStatus.Complete, status);
        Assert.Equal(plain, got);
        Assert.Equal(TlsStatus.DestinationTooSmall, pair.Server.Encrypt(s_text, small, out _, out _));
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void A_goodbye_is_an_end_and_not_a_failure(bool portableServer, bool portableClient)
    {
        using var pair = Connect(portableServer, portableClient);
        var room = new byte[TlsSession.RecordRoom];
        pair.Client.Shutdown();
        var length = pair.Client.TakePending(room);
        Assert.Equal(TlsStatus.Closed, pair.Server.Decrypt(room.AsSpan(0, length).ToArray(), room, out _, out var produced));
        Assert.Equal((0, null), (produced, pair.Server.Failure));
    }

    [Theory]
    [InlineData("stranger")]
    [InlineData("expired")]
    [InlineData("selfsigned")]
    public void A_certificate_that_is_not_the_authoritys_or_not_valid_is_refused_on_both_sides(string name)
    {
        foreach (var portable in (bool[])[false, true])
        {
            foreach (var check in (TlsClientCheck[])[TlsClientCheck.Required, TlsClientCheck.IfPresented])
            {
                using var bad = Connect(
                    portable, portableClient: false, atServer: o => o with { ClientCheck = check, Versions = TlsVersions.Tls12 }, atClient: _ => Options(name));
                Assert.Equal(TlsStatus.Failed, bad.ServerStatus);
                Assert.Contains("certificate", bad.Server.Failure, StringComparison.OrdinalIgnoreCase);
            }
            using var ignored = Connect(portable, portableClient: false, atServer: o => o with { ClientCheck = TlsClientCheck.None }, atClient: _ => Options(name));
            Assert.True(ignored.IsEstablished);
            using var server = Connect(portableServer: false, portable, atServer: _ => Options(name) with { ClientCheck = TlsClientCheck.None });
            Assert.Equal(TlsStatus.Failed, server.ClientStatus);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_peers_certificate_is_there_if_it_was_asked_for(bool portable)
    {
        using var asked = Connect(portable, portable);
        Assert.Equal("alice", CertificateNames.CommonName(asked.Server.PeerCertificate()!));
        using var notAsked = Connect(portable, portable, atServer: o => o with { ClientCheck = TlsClientCheck.None });
        Assert.True(notAsked.IsEstablished);
        Assert.Null(notAsked.Server.PeerCertificate());
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Ends_without_a_common_version_do_not_talk(bool portableServer, bool portableClient)
    {
        using var old = Connect(
            portableServer, portableClient, atServer: o => o with { Versions = TlsVersions.Tls13 }, atClient: o => o with { Versions = TlsVersions.Tls12 });
        Assert.Equal(TlsStatus.Failed, old.ServerStatus);
        using var same = Connect(
            portableServer, portableClient, atServer: o => o with { Versions = TlsVersions.Tls12 }, atClient: o => o with { Versions = TlsVersions.Default });
        Assert.True(same.IsEstablished);
        Assert.Contains("1.2", same.Server.Description.Replace("Tls12", "TLSv1.2", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Ciphers_are_chosen_by_OpenSSLs_lists()
    {
        using var suites = Connect(false, false, atServer: o => o with { CipherSuites = "TLS_CHACHA20_POLY1305_SHA256" });
        Assert.Equal("TLSv1.3 TLS_CHACHA20_POLY1305_SHA256", suites.Server.Description);
        const string First = "ECDHE-ECDSA-AES128-GCM-SHA256", Second = "ECDHE-ECDSA-AES256-GCM-SHA384";
        using var mine = Connect(
            false, false, atServer: o => o with { Versions = TlsVersions.Tls12, Ciphers = $"{First}:{Second}", PreferServerCiphers = true },
            atClient: o => o with { Ciphers = $"{Second}:{First}" });
        Assert.Equal("TLSv1.2 " + First, mine.Server.Description);
        using var theirs = Connect(
            false, false, atServer: o => o with { Versions = TlsVersions.Tls12, Ciphers = $"{First}:{Second}" },
            atClient: o => o with { Ciphers = $"{Second}:{First}" });
        Assert.Equal("TLSv1.2 " + Second, theirs.Server.Description);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Options_that_cannot_be_used_name_their_file(bool portable)
    {
        string Refusal(Func<TlsOptions, TlsOptions> change) =>
            Assert.Throws<TlsException>(() => TlsContext.Create(change(Options("server")), portable)).Message;

        Assert.StartsWith($"Failed to load certificate: {certificates["none.crt"]}: ",
            Refusal(o => o with { CertificateFile = certificates["none.crt"] }), StringComparison.Ordinal);
        Assert.StartsWith($"Failed to load private key: {certificates["client.key"]}: ",
            Refusal(o => o with { KeyFile = certificates["client.key"] }), StringComparison.Ordinal);
        Assert.StartsWith("Failed to load private key: ", Refusal(o => o with { KeyFile = certificates["server.key.encrypted"] }), StringComparison.Ordinal);
        Assert.StartsWith("Failed to load private key: ",
            Refusal(o => o with { KeyFile = certificates["server.key.encrypted"], KeyPassword = "12345"u8.ToArray() }), StringComparison.Ordinal);
        Assert.StartsWith("Failed to configure CA certificate(s) file/directory: ",
            Refusal(o => o with { CaFile = certificates["none.crt"] }), StringComparison.Ordinal);
        foreach (var (file, password) in (ReadOnlySpan<(string, string)>)[("encrypted", "1234"), ("umlaut", "Schlüssel")])
        {
            using var opened = Connect(
                portable, portable,
                atServer: o => o with { KeyFile = certificates["server.key." + file], KeyPassword = Encoding.UTF8.GetBytes(password) });
            Assert.True(opened.IsEstablished);
        }
        if (portable) return;
        Assert.Equal("Failed to configure ciphers: NONSENSE", Refusal(o => o with { Ciphers = "NONSENSE" }));
        Assert.Equal("Failed to configure ciphersuites: NONSENSE", Refusal(o => o with { CipherSuites = "NONSENSE" }));
    }

    [Fact]
    public void Bytes_that_are_no_handshake_fail_at_once()
    {
        foreach (var portable in (bool[])[false, true])
        {
            using var server = TlsContext.Create(Options("server"), portable).CreateServer();
            Assert.Equal(TlsStatus.Failed, server.Handshake(s_text, out _));
            Assert.NotNull(server.Failure);
        }
    }

    /// <summary>The library's object of a session, for what a client of ours never does.</summary>
    static nint HandleOf(TlsSession session) =>
        (nint)typeof(OpenSslSession).GetField("_session", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(session)!;

    [DllImport("libssl.so.3")]
    static extern int SSL_key_update(nint session, int kind);

    [DllImport("libssl.so.3")]
    static extern int SSL_renegotiate(nint session);

    [DllImport("libssl.so.3")]
    static extern ulong SSL_clear_options(nint session, ulong options);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_peer_that_asks_for_new_keys_gets_them(bool portable)
    {
        using var pair = Connect(portable, portableClient: false);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(1, SSL_key_update(HandleOf(pair.Client), kind: 1));
            Assert.Equal(s_text, pair.Decrypt(pair.Server, pair.Encrypt(pair.Client, s_text)));
            Assert.Equal(s_text, pair.Decrypt(pair.Client, [.. pair.Take(pair.Server), .. pair.Encrypt(pair.Server, s_text)]));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_renegotiation_is_refused(bool portable)
    {
        using var pair = Connect(portable, portableClient: false, atServer: o => o with { Versions = TlsVersions.Tls12 });
        SSL_clear_options(HandleOf(pair.Client), OpenSsl.OptionNoRenegotiation);
        Assert.Equal(1, SSL_renegotiate(HandleOf(pair.Client)));
        Assert.Equal(TlsStatus.NeedMoreData, pair.Client.Handshake([], out _));
        var room = new byte[TlsSession.RecordRoom];
        pair.Server.Decrypt(pair.Take(pair.Client), room, out _, out var produced);
        Assert.Equal(0, produced);
        // A warning, or the end: no new handshake.
        Assert.InRange(pair.Server.PendingBytes, 0, 200);
        Assert.NotEqual(TlsStatus.Complete, pair.Client.Handshake(pair.Take(pair.Server), out _));
    }
}
