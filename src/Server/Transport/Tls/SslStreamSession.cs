using System.Net.Security;
using System.Security.Authentication;

namespace MiniRedis.Server.Transport.Tls;

/// <summary>
/// A session of <see cref="SslStream"/> over a <see cref="FedStream"/>. Everything that it awaits is in memory, so a call completes on the
/// caller's thread, or the stream waits for the next bytes.
/// </summary>
sealed class SslStreamSession : TlsSession
{
    readonly FedStream _wire = new();
    readonly SslStream _stream;
    readonly Func<SslStream, CancellationToken, Task> _authenticate;
    readonly bool _asksPeer;
    readonly byte[] _record = new byte[MostPlaintext];
    Task? _handshake;
    Task<int>? _read;
    int _start, _end;
    string? _failure;

    /// <param name="authenticate">Begins the handshake.</param>
    /// <param name="asksPeer">Whether the peer is asked for a certificate. A resumed session may know one from an earlier time.</param>
    public SslStreamSession(Func<SslStream, CancellationToken, Task> authenticate, bool asksPeer)
    {
        _asksPeer = asksPeer;
        _authenticate = authenticate;
        _stream = new SslStream(_wire, leaveInnerStreamOpen: true);
    }

    public override TlsStatus Handshake(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = input.Length;
        if (_failure is not null) return TlsStatus.Failed;
        _wire.Feed(input);
        _handshake ??= _authenticate(_stream, CancellationToken.None);
        Settle(_handshake);
        if (_handshake.IsCompletedSuccessfully) return TlsStatus.Complete;
        if (!_handshake.IsFaulted) return TlsStatus.NeedMoreData;
        return Fail(_handshake.Exception.GetBaseException());
    }

    public override TlsStatus Decrypt(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced)
    {
        produced = 0;
        consumed = input.Length;
        if (_failure is not null) return TlsStatus.Failed;
        _wire.Feed(input);
        while (true)
        {
            var count = Math.Min(output.Length - produced, _end - _start);
            _record.AsSpan(_start, count).CopyTo(output[produced..]);
            produced += count;
            _start += count;
            if (_start < _end) return TlsStatus.DestinationTooSmall;
            _read ??= _stream.ReadAsync(_record).AsTask();
            Settle(_read);
            if (!_read.IsCompleted) return _wire.OutgoingBytes > MostPending ? Overflow() : TlsStatus.Complete;
            if (_read.IsFaulted) return Fail(_read.Exception.GetBaseException());
            (_start, _end, _read) = (0, _read.Result, null);
            if (_end == 0) return TlsStatus.Closed;
        }
    }

    /// <summary>
    /// Waits until the stream has done what it can with what it was fed. It does nearly all of that inline; where it goes on on a thread of
    /// the pool (parts of the handshake do), its end is a matter of microseconds.
    /// </summary>
    void Settle(Task task)
    {
        for (var spin = new SpinWait(); !task.IsCompleted && !_wire.IsHungry;) spin.SpinOnce();
    }

    TlsStatus Overflow()
    {
        _failure = "the peer asks for answers that it does not read";
        return TlsStatus.Failed;
    }

    public override TlsStatus Encrypt(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced)
    {
        (consumed, produced) = (0, 0);
        if (_failure is not null) return TlsStatus.Failed;
        if (output.Length < RecordRoom) return TlsStatus.DestinationTooSmall;
        try
        {
            consumed = Math.Min(input.Length, MostPlaintext);
            _stream.Write(input[..consumed]);
            produced = _wire.TakeOutgoing(output);
            return TlsStatus.Complete;
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException or InvalidOperationException)
        {
            return Fail(failure);
        }
    }

    public override void Shutdown()
    {
        if (_handshake is not { IsCompletedSuccessfully: true } || _failure is not null) return;
        try
        {
            // It writes to memory, and has ended when the call returns.
            _stream.ShutdownAsync().GetAwaiter().GetResult();
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException or InvalidOperationException)
        {
            Fail(failure);
        }
    }

    TlsStatus Fail(Exception failure)
    {
        _failure ??= failure.InnerException is { } inner ? $"{failure.Message} ({inner.Message})" : failure.Message;
        return TlsStatus.Failed;
    }

    public override int PendingBytes => _wire.OutgoingBytes;

    public override int TakePending(Span<byte> output) => _wire.TakeOutgoing(output);

    public override string? Failure => _failure;

    public override byte[]? PeerCertificate() =>
        _asksPeer && _stream.IsAuthenticated ? _stream.RemoteCertificate?.GetRawCertData() : null;

    public override string Description => $"{_stream.SslProtocol} {_stream.NegotiatedCipherSuite}";

    // The runtime does not tell.
    public override bool IsResumed => false;

    public override void Dispose() => _stream.Dispose();
}
