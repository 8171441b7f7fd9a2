using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>
/// A session of OpenSSL over memory. The library reads and writes through a BIO of ours, which is two functions: they copy from the caller's
/// input and to the caller's output, wherever these are. OpenSSL's own memory BIO would copy each byte once more, and keep the memory of
/// the largest record in every idle connection.
/// </summary>
sealed unsafe class OpenSslSession : TlsSession
{
    static readonly nint s_bioMethod = CreateBioMethod();

    /// <summary>The session whose call of OpenSSL runs on this thread.</summary>
    [ThreadStatic] static OpenSslSession? t_current;

    nint _session;
    byte* _input, _output;
    int _inputLeft, _outputLeft;
    byte[] _pending = [];
    int _pendingStart, _pendingEnd;
    bool _isEstablished, _overflows;
    string? _failure;

    /// <param name="session">Owned from here on.</param>
    /// <exception cref="TlsException">The library got no memory.</exception>
    public OpenSslSession(nint session)
    {
        _session = session;
        var bio = session == 0 ? 0 : OpenSsl.NewBio(s_bioMethod);
        if (bio == 0)
        {
            OpenSsl.Free(session);
            throw new TlsException("OpenSSL has no memory for a session");
        }
        OpenSsl.SetBioInitialized(bio, 1);
        OpenSsl.SetBio(session, bio, bio);
    }

    static nint CreateBioMethod()
    {
        var method = OpenSsl.NewBioMethod(OpenSsl.NewBioIndex() | OpenSsl.BioTypeSourceSink, "caller's memory");
        _ = OpenSsl.SetBioRead(method, &BioRead);
        _ = OpenSsl.SetBioWrite(method, &BioWrite);
        _ = OpenSsl.SetBioControl(method, &BioControl);
        return method;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int BioRead(nint bio, byte* to, int length)
    {
        var session = t_current!;
        var count = Math.Min(length, session._inputLeft);
        if (count == 0)
        {
            OpenSsl.SetBioFlags(bio, OpenSsl.BioFlagsRead | OpenSsl.BioFlagsRetry);
            return -1;
        }
        OpenSsl.ClearBioFlags(bio, OpenSsl.BioFlagsRead | OpenSsl.BioFlagsWrite | OpenSsl.BioFlagsRetry);
        new ReadOnlySpan<byte>(session._input, count).CopyTo(new Span<byte>(to, count));
        session._input += count;
        session._inputLeft -= count;
        return count;
    }

    /// <summary>Takes everything: what the caller has no room for waits in memory of the session.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static int BioWrite(nint bio, byte* from, int length)
    {
        var session = t_current!;
        OpenSsl.ClearBioFlags(bio, OpenSsl.BioFlagsRead | OpenSsl.BioFlagsWrite | OpenSsl.BioFlagsRetry);
        var bytes = new ReadOnlySpan<byte>(from, length);
        var direct = Math.Min(length, session._outputLeft);
        bytes[..direct].CopyTo(new Span<byte>(session._output, direct));
        session._output += direct;
        session._outputLeft -= direct;
        if (direct < length) session.AddPending(bytes[direct..]);
        return length;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static nint BioControl(nint bio, int command, nint number, void* pointer) => command == OpenSsl.BioControlFlush ? 1 : 0;

    void AddPending(ReadOnlySpan<byte> bytes)
    {
        var length = PendingBytes + bytes.Length;
        if (_isEstablished && length > MostPending)
        {
            // The library has no way to refuse here that it would survive: the caller is told by the status.
            _overflows = true;
            return;
        }
        if (_pending.Length - _pendingEnd < bytes.Length)
        {
            var larger = length <= _pending.Length ? _pending : new byte[Math.Max(1024, length)];
            _pending.AsSpan(_pendingStart, PendingBytes).CopyTo(larger);
            (_pending, _pendingStart, _pendingEnd) = (larger, 0, PendingBytes);
        }
        bytes.CopyTo(_pending.AsSpan(_pendingEnd));
        _pendingEnd += bytes.Length;
    }

    public override int PendingBytes => _pendingEnd - _pendingStart;

    public override int TakePending(Span<byte> output)
    {
        var count = Math.Min(output.Length, PendingBytes);
        if (count == 0) return 0;
        _pending.AsSpan(_pendingStart, count).CopyTo(output);
        _pendingStart += count;
        if (_pendingStart == _pendingEnd) (_pending, _pendingStart, _pendingEnd) = ([], 0, 0);
        return count;
    }

    /// <summary>Prepares the next call of the library. Errors of others on this thread would be taken for its own.</summary>
    void Begin(byte* input, int inputLength, byte* output, int outputLength)
    {
        _input = input;
        _inputLeft = inputLength;
        _output = output;
        _outputLeft = outputLength;
        t_current = this;
        OpenSsl.ClearErrors();
    }

    void End()
    {
        t_current = null;
        _input = _output = null;
        _inputLeft = _outputLeft = 0;
    }

    public override TlsStatus Handshake(ReadOnlySpan<byte> input, out int consumed)
    {
        consumed = 0;
        if (_failure is not null) return TlsStatus.Failed;
        fixed (byte* from = input)
        {
            Begin(from, input.Length, null, 0);
            var result = OpenSsl.Handshake(_session);
            var status = result == 1 ? TlsStatus.Complete : StatusOf(result);
            consumed = input.Length - _inputLeft;
            End();
            if (status == TlsStatus.Closed) return Fail("the peer closed during the handshake");
            _isEstablished = status == TlsStatus.Complete;
            return status;
        }
    }

    public override TlsStatus Decrypt(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced)
    {
        produced = 0;
        consumed = input.Length;
        if (_failure is not null) return TlsStatus.Failed;
        fixed (byte* from = input, to = output)
        {
            Begin(from, input.Length, null, 0);
            var status = TlsStatus.Complete;
            while (true)
            {
                if (produced == output.Length)
                {
                    status = TlsStatus.DestinationTooSmall;
                    break;
                }
                var result = OpenSsl.Read(_session, to + produced, output.Length - produced);
                if (result <= 0)
                {
                    status = StatusOf(result);
                    if (status == TlsStatus.NeedMoreData) status = TlsStatus.Complete;
                    break;
                }
                produced += result;
                // A call brings at most one record, and the library reads no further than it has to.
                if (_inputLeft == 0 && (produced < output.Length || OpenSsl.Pending(_session) == 0)) break;
            }
            consumed = input.Length - _inputLeft;
            End();
            return _overflows ? Fail("the peer asks for answers that it does not read") : status;
        }
    }

    public override TlsStatus Encrypt(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int produced)
    {
        (consumed, produced) = (0, 0);
        if (_failure is not null) return TlsStatus.Failed;
        if (output.Length < RecordRoom) return TlsStatus.DestinationTooSmall;
        fixed (byte* from = input, to = output)
        {
            Begin(null, 0, to, output.Length);
            var result = OpenSsl.Write(_session, from, Math.Min(input.Length, MostPlaintext));
            // A renegotiation, which could want to read first, is switched off: what is not written is an error.
            if (result > 0) consumed = result;
            else if (StatusOf(result) != TlsStatus.Failed) Fail("the library did not write");
            produced = output.Length - _outputLeft;
            End();
            return result > 0 ? TlsStatus.Complete : TlsStatus.Failed;
        }
    }

    public override void Shutdown()
    {
        if (!_isEstablished || _failure is not null) return;
        Begin(null, 0, null, 0);
        _ = OpenSsl.Shutdown(_session);
        End();
    }

    TlsStatus StatusOf(int result) => OpenSsl.ErrorOf(_session, result) switch
    {
        OpenSsl.ErrorWantRead => TlsStatus.NeedMoreData,
        OpenSsl.ErrorZeroReturn => TlsStatus.Closed,
        _ => Fail(Explain()),
    };

    TlsStatus Fail(string reason)
    {
        _failure ??= reason;
        return TlsStatus.Failed;
    }

    string Explain()
    {
        var error = OpenSsl.TakeError();
        // X509_V_OK is 0: a certificate that was refused says why.
        var verified = OpenSsl.VerifyResult(_session);
        return verified == 0 ? error : $"{error} ({OpenSsl.Text(OpenSsl.VerifyText(verified))})";
    }

    public override string? Failure => _failure;

    public override byte[]? PeerCertificate()
    {
        var certificate = OpenSsl.PeerCertificate(_session);
        if (certificate == 0) return null;
        try
        {
            var encoded = new byte[OpenSsl.EncodeCertificate(certificate, null)];
            fixed (byte* start = encoded)
            {
                var to = start;
                _ = OpenSsl.EncodeCertificate(certificate, &to);
            }
            return encoded;
        }
        finally
        {
            OpenSsl.FreeCertificate(certificate);
        }
    }

    public override string Description =>
        $"{OpenSsl.Text(OpenSsl.Version(_session))} {OpenSsl.Text(OpenSsl.CipherName(OpenSsl.CurrentCipher(_session)))}";

    public override bool IsResumed => OpenSsl.IsReused(_session) == 1;

    public override void Dispose()
    {
        if (_session == 0) return;
        OpenSsl.Free(_session);
        _session = 0;
        _failure ??= "the session was freed";
    }
}
