using System.Net;
using System.Net.Sockets;

namespace MiniRedis.Server.Transport.Sockets;

/// <summary>
/// One connection over <see cref="SocketAsyncEventArgs"/>. Two loops share it: receiving (parse, execute) and sending. Each
/// has at most one operation under way; <see cref="_sendLock"/> says who sends, so that replies leave in order whichever
/// thread produced them. Bytes arrive in an array of the connection's own and enter the input pipe under the executor's
/// lock, because a resumed batch reads that pipe on another thread while a receive is pending.
/// </summary>
sealed class SocketConnection : Connection, IDisposable
{
    const int LandingBytes = 16 * 1024;

    readonly SocketTransport _transport;
    readonly Socket _socket;
    readonly SocketAsyncEventArgs _receive = new(), _send = new();
    readonly Lock _sendLock = new();
    readonly byte[] _landing = GC.AllocateUninitializedArray<byte>(LandingBytes, pinned: true);
    bool _sending, _wantsSend;
    int _closed, _attention;

    public SocketConnection(SocketTransport transport, Socket socket, Listener listener, NativeBuffer sharedInput)
        : base(sharedInput, Describe(socket.RemoteEndPoint, listener), Describe(socket.LocalEndPoint, listener), listener.IsUnixSocket)
    {
        _transport = transport;
        _socket = socket;
        if (!listener.IsUnixSocket) socket.NoDelay = true;
        _receive.SetBuffer(_landing);
        _receive.Completed += (_, _) => Received();
        _send.Completed += (_, _) => SendCompleted();
    }

    public override int Descriptor => (int)_socket.Handle;

    public override bool WatchesWritable => Volatile.Read(ref _sending);

    static string Describe(EndPoint? endPoint, Listener listener) =>
        listener.IsUnixSocket ? listener.Path + ":0" : endPoint?.ToString() ?? "?:0";

    public void Start()
    {
        _transport.Handler.OnAccepted(this);
        Receive();
    }

    void Receive()
    {
        try
        {
            while (Volatile.Read(ref _closed) == 0)
            {
                if (_socket.ReceiveAsync(_receive)) return;
                if (!TakeReceived()) return;
            }
        }
        catch (ObjectDisposedException)
        {
            Close();
        }
    }

    void Received()
    {
        if (TakeReceived()) Receive();
    }

    bool TakeReceived()
    {
        if (_receive.SocketError != SocketError.Success || _receive.BytesTransferred == 0)
        {
            Close();
            return false;
        }
        lock (_transport.Handler.ExecutorLock) Take(_landing.AsSpan(0, _receive.BytesTransferred));
        Flush();
        return Volatile.Read(ref _closed) == 0;
    }

    void Take(ReadOnlySpan<byte> received)
    {
        if (_closed != 0) return;
        while (!received.IsEmpty)
        {
            var room = Input.PrepareReceive();
            var taken = Math.Min(room.Length, received.Length);
            received[..taken].CopyTo(room);
            received = received[taken..];
            Input.Received(taken);
            Execute();
        }
    }

    void Execute()
    {
        do
        {
            WantsResume = false;
            _transport.Handler.OnReceived(this);
        }
        while (WantsResume);
    }

    /// <summary>Another thread wrote to this connection or closed it: served on the pool, since the caller holds the lock.</summary>
    public override void RequestAttentionLocked()
    {
        if (Interlocked.Exchange(ref _attention, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(static c => c.Attend(), this, preferLocal: false);
    }

    void Attend()
    {
        Volatile.Write(ref _attention, 0);
        lock (_transport.Handler.ExecutorLock)
        {
            if (WantsResume && _closed == 0) Execute();
        }
        Flush();
    }

    void Flush()
    {
        lock (_sendLock)
        {
            if (_sending)
            {
                _wantsSend = true;
                return;
            }
            _sending = true;
        }
        SendLoop();
    }

    void SendLoop()
    {
        while (true)
        {
            lock (_transport.Handler.ExecutorLock) Output.TakeForSendingLocked();
            while (Output.HasSending && Volatile.Read(ref _closed) == 0)
            {
                _send.SetBuffer(System.Runtime.InteropServices.MemoryMarshal.AsMemory(Output.Front));
                try
                {
                    if (_socket.SendAsync(_send)) return; // SendCompleted goes on
                }
                catch (ObjectDisposedException)
                {
                    Close();
                    return;
                }
                if (!TakeSent()) return;
            }
            lock (_sendLock)
            {
                if (_wantsSend)
                {
                    _wantsSend = false;
                    continue;
                }
                _sending = false;
            }
            if (Closing != CloseMode.Open) Close();
            return;
        }
    }

    bool TakeSent()
    {
        if (_send.SocketError != SocketError.Success)
        {
            Close();
            return false;
        }
        Output.Sent(_send.BytesTransferred);
        return true;
    }

    void SendCompleted()
    {
        if (TakeSent()) SendLoop();
    }

    public override void SetKeepAlive(int seconds)
    {
        if (IsUnixSocket || seconds <= 0) return;
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Math.Max(1, seconds / 3));
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }

    /// <summary>Closes at once; the pending operations end with an error and find it closed.</summary>
    public void Abort() => Close();

    void Close()
    {
        lock (_transport.Handler.ExecutorLock)
        {
            if (_closed != 0) return;
            _closed = 1;
            _transport.Handler.OnClosed(this);
            Input.Discard();
        }
        _transport.Remove(this);
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The peer closed first.
        }
        Dispose();
    }

    public void Dispose()
    {
        _socket.Dispose();
        _receive.Dispose();
        _send.Dispose();
    }
}
