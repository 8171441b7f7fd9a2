namespace MiniRedis.Server.Transport.Tls;

/// <summary>The contexts in force: who connects from now on gets them, and sessions under way keep theirs.</summary>
/// <remarks>Any thread.</remarks>
sealed class TlsContexts
{
    volatile TlsContext? _server, _client;
    volatile TlsCertificates _certificates = new();

    /// <summary>For those who connect to us; null until TLS is configured.</summary>
    public TlsContext? Server => _server;

    /// <summary>
    /// For replication, the cluster bus and MIGRATE, which connect to others: with the client's certificate if one is configured, otherwise
    /// with the server's. Null until TLS is configured.
    /// </summary>
    public TlsContext? Client => _client;

    /// <summary>What INFO tells of the certificates.</summary>
    public TlsCertificates Certificates => _certificates;

    public void Replace(TlsContext server, TlsContext client, TlsCertificates certificates) =>
        (_server, _client, _certificates) = (server, client, certificates);
}

/// <summary>The certificates in force; null where there is none.</summary>
/// <param name="Server">Shown to those who connect.</param>
/// <param name="Client">Shown to others, if it is another one.</param>
/// <param name="Authority">Of those that are trusted, the one that expires first.</param>
sealed record TlsCertificates(CertificateTerm? Server = null, CertificateTerm? Client = null, CertificateTerm? Authority = null);

/// <summary>When a certificate expires.</summary>
/// <param name="Serial">In hexadecimal digits.</param>
/// <param name="NotAfter">Unix seconds.</param>
readonly record struct CertificateTerm(string Serial, long NotAfter);

/// <summary>Bounds on handshakes: who has not said who he is costs little, and not for long.</summary>
sealed record HandshakeLimits
{
    /// <summary>
    /// Most at once. Each costs about 50 KB in OpenSSL, and a thread completes one in about a millisecond: so many are 12 MB and a quarter of
    /// a second. More peers wait in the backlog.
    /// </summary>
    public int Most { get; init; } = 256;

    /// <summary>Longest time of one: Kestrel's HandshakeTimeout.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// While as many as may be are under way, one that has taken this long gives way to who waits. A flood of peers that say nothing then
    /// keeps others out no longer than this.
    /// </summary>
    public TimeSpan LongestWhenFull { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The first byte of a handshake: the type of its record (RFC 8446, section 5.1).</summary>
    public const byte RecordType = 0x16;

    public const string NotTls = "it does not speak TLS, and this is the TLS port";
}
