using System.Net.Sockets;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Sockets;

/// <summary>
/// The encrypted stream of a connection. Receiving and sending may run on two threads, and a session is used by one at a time: it is its own
/// lock, inside the executor's.
/// </summary>
sealed partial class SocketConnection
{
    /// <summary>Most ciphertext of one receive; see <see cref="TryTakeTlsLocked"/>.</summary>
    public const int MostCipherInput = InputPipe.SharedBytes - TlsSession.MostPlaintext;

    /// <summary>Encrypted bytes that came with the end of the handshake.</summary>
    public byte[] Early { get; init; } = [];

    void TakeEarly()
    {
        var isOpen = true;
        lock (_transport.Handler.ExecutorLock)
        {
            // The session may have kept them: it is asked even if there are none here.
            if (_closed == 0) isOpen = TryDecryptLocked(Tls!, Early);
        }
        if (isOpen) Flush();
        else Close();
    }

    /// <summary>
    /// Reads arrived bytes and runs the requests in them. So much is received at once that it decrypts, with what the session has kept of a
    /// partial record, to no more than the shared buffer takes. False at the end of the stream.
    /// </summary>
    bool TryTakeTlsLocked(TlsSession tls)
    {
        var cipher = ChunkPool.Rent(ChunkPool.LargeChunkBytes);
        try
        {
            var received = _socket.Receive(cipher.GetSpan()[..MostCipherInput], SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock) return true;
            if (error != SocketError.Success || received == 0) return false;
            return TryDecryptLocked(tls, cipher.GetSpan()[..received]);
        }
        finally
        {
            ChunkPool.Return(cipher);
        }
    }

    bool TryDecryptLocked(TlsSession tls, ReadOnlySpan<byte> cipher)
    {
        var room = Input.PrepareReceive();
        var decrypted = 0;
        TlsStatus status;
        while (true)
        {
            int consumed, produced;
            lock (tls) status = tls.Decrypt(cipher, room, out consumed, out produced);
            cipher = cipher[consumed..];
            Input.Received(produced);
            decrypted += produced;
            if (status != TlsStatus.DestinationTooSmall) break;
            room = Input.PrepareReceive(cipher.Length + TlsSession.MostPlaintext);
        }
        if (decrypted > 0) Execute();
        if (status == TlsStatus.Failed) return false;
        // Replies to what came before are still sent.
        if (status == TlsStatus.Closed) CloseLocked(CloseMode.AfterOutput, "closed by the client");
        return true;
    }

    /// <summary>Encrypts what comes next, once the bytes before have been sent. False if the session cannot go on.</summary>
    bool TryEncrypt(TlsSession tls)
    {
        if (!Output.Encrypted.IsEmpty) return true;
        var buffer = ChunkPool.Rent(ChunkPool.LargeChunkBytes);
        try
        {
            var cipher = buffer.GetSpan();
            var status = TlsStatus.Complete;
            lock (tls)
            {
                var filled = tls.TakePending(cipher);
                while (status == TlsStatus.Complete && Output.HasFront && cipher.Length - filled >= TlsSession.RecordRoom)
                {
                    status = tls.Encrypt(Output.FrontSpan, cipher[filled..], out var consumed, out var produced);
                    Output.Sent(consumed);
                    filled += produced;
                }
                Output.KeepEncrypted(cipher[..filled]);
            }
            // Outside the session's lock, which is taken inside the executor's.
            if (status != TlsStatus.Complete) Close();
            return status == TlsStatus.Complete;
        }
        finally
        {
            ChunkPool.Return(buffer);
        }
    }

    public override byte[]? PeerCertificate
    {
        get
        {
            if (Tls is null) return null;
            lock (Tls) return Tls.PeerCertificate();
        }
    }

    /// <summary>Says goodbye, if nothing is being sent, and frees the session.</summary>
    void EndTls(TlsSession tls)
    {
        Span<byte> goodbye = stackalloc byte[256];
        var length = 0;
        lock (tls)
        {
            tls.Shutdown();
            length = tls.TakePending(goodbye);
            tls.Dispose();
        }
        bool isFree;
        lock (_sendLock) isFree = !_sending;
        if (isFree) _socket.Send(goodbye[..length], SocketFlags.None, out _);
    }
}
