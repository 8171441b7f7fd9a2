namespace MiniRedis.Server.Transport.Tls;

/// <summary>The outcome of a step of a <see cref="TlsSession"/>.</summary>
enum TlsStatus : byte
{
    /// <summary>The step is done; of <see cref="TlsSession.Decrypt"/>, all input is consumed.</summary>
    Complete,

    /// <summary>All input is consumed, and the handshake needs more of it.</summary>
    NeedMoreData,

    /// <summary>The output is full, and there is more for it.</summary>
    DestinationTooSmall,

    /// <summary>The peer has ended the session in the way of the protocol.</summary>
    Closed,

    /// <summary>The session cannot go on: <see cref="TlsSession.Failure"/> says why.</summary>
    Failed,
}

/// <summary>
/// One encrypted stream, without a socket: bytes go in, bytes come out, and the status says what the session wants next. The caller moves
/// the encrypted bytes, so event loops of any shape can drive it. The shape is that of .NET 11's TlsSession, which can take the place of
/// both implementations.
/// <code>
///   socket ──ciphertext──► Handshake, Decrypt ──plaintext──► InputPipe
///   socket ◄──ciphertext── Encrypt, TakePending ◄──plaintext── OutputPipe
/// </code>
/// A session consumes all that it gets, and keeps a partial record itself. Exceptions are the end of a handshake (bytes behind it stay
/// with the caller) and a full output.
/// </summary>
/// <remarks>One thread at a time.</remarks>
abstract class TlsSession : IDisposable
{
    /// <summary>Most plaintext of one record (RFC 8446, section 5.1).</summary>
    public const int MostPlaintext = 16 * 1024;

    /// <summary>
    /// Room that is enough for one record of most plaintext with its header, tag and padding: RFC 5246 allows 2 KB, ciphers use at most 85
    /// bytes.
    /// </summary>
    public const int RecordRoom = MostPlaintext + 512;

    /// <summary>
    /// Most bytes that the session itself has to say and the caller has not taken. The peer decides how many there are, by asking for new
    /// keys again and again. One that does not read the answers is given up.
    /// </summary>
    public const int MostPending = 32 * 1024;

    /// <summary>Goes on with the handshake, until it needs more bytes or is complete.</summary>
    public abstract TlsStatus Handshake(ReadOnlySpan<byte> input, out int consumed);

    /// <summary>Decrypts what has arrived. <see cref="TlsStatus.DestinationTooSmall"/> asks for another call with more room.</summary>
    public abstract TlsStatus Decrypt(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced);

    /// <summary>Encrypts one record of at most <see cref="MostPlaintext"/>. The output needs <see cref="RecordRoom"/>.</summary>
    public abstract TlsStatus Encrypt(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced);

    /// <summary>Says goodbye to the peer: the bytes are among <see cref="TakePending"/>'s.</summary>
    public abstract void Shutdown();

    /// <summary>Bytes for the peer that no call of Encrypt has brought: the handshake, alerts, answers to requests for new keys.</summary>
    public abstract int PendingBytes { get; }

    /// <summary>Takes pending bytes, as many as fit. Returns their number.</summary>
    public abstract int TakePending(Span<byte> output);

    /// <summary>Why the session failed, for the log; null if it has not.</summary>
    public abstract string? Failure { get; }

    /// <summary>The peer's certificate, in DER; null if it sent none. Valid after the handshake.</summary>
    public abstract byte[]? PeerCertificate();

    /// <summary>Protocol and cipher suite, for tests and the log: "TLSv1.3 TLS_AES_256_GCM_SHA384".</summary>
    public abstract string Description { get; }

    /// <summary>Whether the handshake resumed an earlier session.</summary>
    public abstract bool IsResumed { get; }

    public abstract void Dispose();
}
