using System.Runtime.InteropServices;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>
/// Encrypted connections. Ciphertext passes through two buffers of the loop, so a connection that keeps up holds none of its own: one recv
/// brings many records, and the replies of a batch leave as one record in one send.
/// </summary>
sealed unsafe partial class EpollLoop
{
    /// <summary>
    /// Most ciphertext of one recv: with what the session has kept of a partial record, it decrypts to no more than the shared buffer takes.
    /// </summary>
    const int MostCipherInput = InputPipe.SharedBytes - TlsSession.MostPlaintext;

    // What came with the end of handshakes. It waits until the lock, under which connections are taken over, is free for its requests.
    readonly Queue<(EpollConnection Connection, byte[]? Bytes)> _early = [];

    // A loop without encrypted connections has neither.
    NativeBuffer? _cipherInput, _cipherOutput;

    void ReceiveTls(EpollConnection connection, TlsSession tls)
    {
        var cipher = (_cipherInput ??= new NativeBuffer(MostCipherInput)).GetSpan();
        nint received;
        fixed (byte* to = cipher) received = LibC.Receive(connection.Descriptor, to, cipher.Length, LibC.MsgDontWait);
        if (received > 0)
        {
            TakeReceived(connection, tls, cipher[..(int)received]);
            return;
        }
        if (received < 0 && Marshal.GetLastPInvokeError() is LibC.EAgain or LibC.EIntr) return;
        Close(connection);
    }

    /// <summary>Decrypts what has arrived and runs the requests in it.</summary>
    void TakeReceived(EpollConnection connection, TlsSession tls, ReadOnlySpan<byte> cipher)
    {
        var input = connection.Input;
        var room = input.PrepareReceive();
        var decrypted = 0;
        TlsStatus status;
        while (true)
        {
            status = tls.Decrypt(cipher, room, out var consumed, out var produced);
            cipher = cipher[consumed..];
            input.Received(produced);
            decrypted += produced;
            if (status != TlsStatus.DestinationTooSmall) break;
            room = input.PrepareReceive(cipher.Length + TlsSession.MostPlaintext);
        }
        // Before the replies, whose records come later: an answer to a request for new keys, or an alert.
        if (tls.PendingBytes > 0) Send(connection);
        if (decrypted > 0 && !connection.IsClosed) Execute(connection);
        if (status == TlsStatus.Complete || connection.IsClosed) return;
        connection.End = status;
        if (!connection.IsQueuedToResume) EndStream(connection, tls);
    }

    /// <summary>The peer has ended the session, and the requests that came before have run; their replies may still be kept.</summary>
    void EndStream(EpollConnection connection, TlsSession tls)
    {
        var status = connection.End;
        var reason = status == TlsStatus.Closed ? "closed by the client" : $"TLS: {tls.Failure}";
        lock (_handler.ExecutorLock) connection.CloseLocked(status == TlsStatus.Closed ? CloseMode.AfterOutput : CloseMode.AtOnce, reason);
    }

    void TakeEarly()
    {
        if (_early.Count == 0) return;
        while (_early.TryDequeue(out var early))
        {
            if (early.Connection is { IsClosed: false, Closing: CloseMode.Open }) TakeReceived(early.Connection, early.Connection.Tls!, early.Bytes);
        }
        // Replies that are kept until the end of the turn: this one's is over.
        EndTurn();
    }

    /// <summary>Encrypts and sends what the socket takes.</summary>
    /// <returns>False if the connection is closed.</returns>
    bool SendTls(EpollConnection connection, TlsSession tls)
    {
        var output = connection.Output;
        while (!output.Encrypted.IsEmpty)
        {
            var sent = SendBytes(connection, output.Encrypted, out var isBroken);
            if (isBroken) return false;
            if (sent == 0) return true;
            output.SentEncrypted(sent);
        }
        var cipher = (_cipherOutput ??= new NativeBuffer(InputPipe.SharedBytes)).GetSpan();
        while (output.HasFront || tls.PendingBytes > 0)
        {
            var filled = tls.TakePending(cipher);
            while (output.HasFront && cipher.Length - filled >= TlsSession.RecordRoom)
            {
                var status = tls.Encrypt(output.FrontSpan, cipher[filled..], out var consumed, out var produced);
                if (status != TlsStatus.Complete)
                {
                    Close(connection);
                    return false;
                }
                output.Sent(consumed);
                filled += produced;
            }
            var sent = SendBytes(connection, cipher[..filled], out var isBroken);
            if (isBroken) return false;
            if (sent == filled) continue;
            output.KeepEncrypted(cipher[sent..filled]);
            break;
        }
        return true;
    }

    /// <summary>Sends what the socket takes: all, a part, or nothing.</summary>
    int SendBytes(EpollConnection connection, ReadOnlySpan<byte> bytes, out bool isBroken)
    {
        isBroken = false;
        while (true)
        {
            nint sent;
            fixed (byte* from = bytes)
                sent = LibC.Send(connection.Descriptor, from, bytes.Length, LibC.MsgDontWait | LibC.MsgNoSignal);
            if (sent >= 0) return (int)sent;
            var error = Marshal.GetLastPInvokeError();
            if (error == LibC.EIntr) continue;
            if (error == LibC.EAgain) return 0;
            isBroken = true;
            Close(connection);
            return 0;
        }
    }

    /// <summary>Says goodbye, if no half record is in the way, and frees the session.</summary>
    void EndTls(EpollConnection connection, TlsSession tls)
    {
        if (connection.Output.Encrypted.IsEmpty)
        {
            tls.Shutdown();
            Span<byte> goodbye = stackalloc byte[256];
            var length = tls.TakePending(goodbye);
            fixed (byte* from = goodbye)
                _ = LibC.Send(connection.Descriptor, from, length, LibC.MsgDontWait | LibC.MsgNoSignal);
        }
        tls.Dispose();
    }
}
