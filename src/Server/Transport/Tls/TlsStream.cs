using System.Net.Sockets;

namespace MiniRedis.Server.Transport.Tls;

/// <summary>
/// A connection to another server, encrypted, as a stream that blocks: for links that have a thread of their own (replication, MIGRATE).
/// The socket's timeouts are the stream's. One thread may read while another one writes.
/// </summary>
sealed class TlsStream : UnseekableStream
{
    readonly Socket _socket;
    readonly TlsSession _session;
    // A session is used by one thread at a time. Receiving, which waits, is outside of it.
    readonly Lock _lock = new();
    readonly byte[] _received = new byte[TlsSession.RecordRoom], _toSend = new byte[TlsSession.RecordRoom];
    int _start, _end;
    bool _hasEnded;

    /// <summary>Shakes hands. The stream owns the socket and the session from here on, also if that fails.</summary>
    /// <param name="socket">Connected, and blocking.</param>
    /// <param name="session">Of <see cref="TlsContext.CreateClient"/>.</param>
    /// <exception cref="IOException">The other side is not trusted, does not trust us, or left. The message says why.</exception>
    public TlsStream(Socket socket, TlsSession session)
    {
        (_socket, _session) = (socket, session);
        try
        {
            Handshake();
        }
        catch (Exception failure)
        {
            Dispose();
            if (failure is SocketException) throw new IOException(failure.Message, failure);
            throw;
        }
    }

    void Handshake()
    {
        while (true)
        {
            var status = _session.Handshake(_received.AsSpan(_start, _end - _start), out var consumed);
            _start += consumed;
            SendPending();
            if (status == TlsStatus.Complete) return;
            if (status != TlsStatus.NeedMoreData) throw new IOException($"TLS handshake failed: {_session.Failure}");
            if (!TryReceive()) throw new IOException("TLS handshake failed: the other side left");
        }
    }

    bool TryReceive()
    {
        _start = 0;
        _end = _socket.Receive(_received);
        return _end > 0;
    }

    /// <summary>Sends what the session itself has to say. Under the lock, or before anybody else has the stream.</summary>
    void SendPending()
    {
        while (_session.PendingBytes > 0) SendAll(_toSend.AsSpan(0, _session.TakePending(_toSend)));
    }

    void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[_socket.Send(bytes)..];
    }

    /// <summary>Waits for bytes. 0 is the end: the other side said goodbye, or just left.</summary>
    /// <exception cref="IOException">The socket failed, or what came is not what was sent.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;
        try
        {
            while (!_hasEnded)
            {
                TlsStatus status;
                int produced;
                lock (_lock)
                {
                    status = _session.Decrypt(_received.AsSpan(_start, _end - _start), buffer, out var consumed, out produced);
                    _start += consumed;
                    SendPending();
                }
                if (status == TlsStatus.Failed) throw new IOException($"TLS failed: {_session.Failure}");
                _hasEnded = status == TlsStatus.Closed;
                if (produced > 0) return produced;
                if (!_hasEnded && !TryReceive()) _hasEnded = true;
            }
            return 0;
        }
        catch (SocketException failure)
        {
            throw new IOException(failure.Message, failure);
        }
    }

    /// <exception cref="IOException">The socket failed.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            lock (_lock)
            {
                while (!buffer.IsEmpty)
                {
                    if (_session.Encrypt(buffer, _toSend, out var consumed, out var produced) != TlsStatus.Complete)
                        throw new IOException($"TLS failed: {_session.Failure}");
                    SendAll(_toSend.AsSpan(0, produced));
                    buffer = buffer[consumed..];
                }
            }
        }
        catch (SocketException failure)
        {
            throw new IOException(failure.Message, failure);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            lock (_lock)
            {
                _session.Shutdown();
                // What the socket takes at once: nobody waits for a goodbye.
                var length = _session.TakePending(_toSend);
                _socket.Blocking = false;
                if (length > 0) _socket.Send(_toSend.AsSpan(0, length), SocketFlags.None, out _);
                _session.Dispose();
            }
            _socket.Dispose();
        }
        base.Dispose(disposing);
    }
}
