using System.Net;
using System.Net.Sockets;

namespace MiniRedis.Server.Transport.Sockets;

/// <summary>
/// One connection over <see cref="SocketAsyncEventArgs"/>. Two loops share it: receiving (parse, execute) and sending. Each has
/// at most one operation under way. <see cref="_sending"/> marks the one that sends: replies leave in order whichever thread
/// produced them, and the sender frees the output's memory once the connection is closed.
/// <para>
/// A receive waits with an empty buffer, so that an idle connection holds none. Arrived bytes are then read into the input pipe
/// under the executor's lock, since a resumed batch reads that pipe on another thread.
/// </para>
/// </summary>
sealed partial class SocketConnection : Connection, IDisposable
{
    /// <summary>Most bytes of a closing connection that are read and dropped, so that the close does not reset it.</summary>
    const int MaxDrainedBytes = 1024 * 1024;

    readonly SocketTransport _transport;
    readonly Socket _socket;
    readonly SocketAsyncEventArgs _receive = new(), _send = new();
    readonly Lock _sendLock = new();
    bool _sending, _wantsSend;
    int _closed, _attention;

    /// <param name="path">Of a unix socket; null for TCP.</param>
    public SocketConnection(SocketTransport transport, Socket socket, string? path, NativeBuffer sharedInput)
        : base(sharedInput, Describe(socket.RemoteEndPoint, path), Describe(socket.LocalEndPoint, path), path is not null)
    {
        _transport = transport;
        _socket = socket;
        if (path is null) socket.NoDelay = true;
        socket.Blocking = false;
        _receive.SetBuffer(Memory<byte>.Empty);
        _receive.Completed += (_, _) => Received();
        _send.Completed += (_, _) => SendCompleted();
    }

    public override int Descriptor => (int)_socket.Handle;

    public override bool WatchesWritable => Volatile.Read(ref _sending);

    static string Describe(EndPoint? endPoint, string? path) => path is not null ? path + ":0" : endPoint?.ToString() ?? "?:0";

    /// <summary>
    /// Tells the handler of it, and begins to receive. The transport may have stopped and closed it while this waited for a thread.
    /// </summary>
    public void Start()
    {
        lock (_transport.Handler.ExecutorLock)
        {
            if (_closed != 0) return;
            // One that we have made has its owner already.
            if (State is null) _transport.Handler.OnAccepted(this);
            else _transport.Handler.OnConnected(this);
        }
        if (Tls is not null) TakeEarly();
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
        var isOpen = _receive.SocketError == SocketError.Success;
        if (isOpen)
        {
            lock (_transport.Handler.ExecutorLock) isOpen = _closed == 0 && TryTakeLocked();
        }
        if (isOpen) Flush();
        else Close();
        return Volatile.Read(ref _closed) == 0;
    }

    /// <summary>Whether a command of it gives way to other connections. Under the executor's lock.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Reads arrived bytes and runs their requests. False at the end of the stream.</summary>
    bool TryTakeLocked()
    {
        if (Tls is not null) return TryTakeTlsLocked(Tls);
        var received = _socket.Receive(Input.PrepareReceive(), SocketFlags.None, out var error);
        if (error is SocketError.WouldBlock) return true;
        if (error != SocketError.Success || received == 0) return false;
        Input.Received(received);
        Execute();
        return true;
    }

    void Execute()
    {
        do
        {
            WantsResume = false;
            _transport.Handler.OnReceived(this);
        }
        while (WantsResume);
        _transport.Handler.OnTurnEnded();
    }

    /// <summary>
    /// Does nothing: an earlier reply may be on its way, and then another thread owns the sending end and takes this one too.
    /// </summary>
    public override void EndBatchLocked()
    {
    }

    /// <summary>
    /// Another thread wrote to this connection or closed it. It is served on the thread pool, since the caller holds the lock.
    /// </summary>
    public override void RequestAttentionLocked()
    {
        if (Interlocked.Exchange(ref _attention, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(static c => c.Attend(), this, preferLocal: false);
    }

    void Attend()
    {
        Volatile.Write(ref _attention, 0);
        lock (_transport.Handler.ExecutorLock)
        {
            // Its requests are being read.
            if (_closed == 0 && !IsBusy) TrimIfWantedLocked();
            if (WantsResume && _closed == 0 && !IsBusy) Execute();
        }
        Flush();
    }

    void Flush()
    {
        if (Closing == CloseMode.AtOnce)
        {
            // Not left to the sender, which may be waiting for a peer that does not read.
            Close();
            return;
        }
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
            bool isLast;
            lock (_transport.Handler.ExecutorLock)
            {
                _transport.Handler.OnSendingLocked();
                Output.TakeForSendingLocked();
                // Read together with the taken output: a reply written later must not be lost by a close requested with it.
                isLast = Closing != CloseMode.Open;
            }
            while ((Tls is null || TryEncrypt(Tls)) && Output.HasSending && Volatile.Read(ref _closed) == 0)
            {
                try
                {
                    // Another thread may close the connection at any moment, also before this line.
                    _send.SetBuffer(System.Runtime.InteropServices.MemoryMarshal.AsMemory(Tls is null ? Output.Front : Output.EncryptedMemory));
                    if (_socket.SendAsync(_send)) return; // SendCompleted goes on
                }
                catch (ObjectDisposedException)
                {
                    break;
                }
                if (!TakeSent()) break;
            }
            if (isLast) Close();
            else if (IsFed && !Output.HasSending && Volatile.Read(ref _closed) == 0) _transport.Handler.OnDrained(this);
            lock (_sendLock)
            {
                if (Volatile.Read(ref _closed) != 0)
                {
                    // Still marked as sending, so no other thread uses the output.
                    Output.Discard();
                    return;
                }
                if (!_wantsSend)
                {
                    _sending = false;
                    return;
                }
                _wantsSend = false;
            }
        }
    }

    bool TakeSent()
    {
        if (_send.SocketError != SocketError.Success)
        {
            Close();
            return false;
        }
        if (Tls is null) Output.Sent(_send.BytesTransferred);
        else Output.SentEncrypted(_send.BytesTransferred);
        return true;
    }

    void SendCompleted()
    {
        TakeSent();
        SendLoop();
    }

    public override void DelaySmallSends()
    {
        if (!IsUnixSocket) _socket.NoDelay = false;
    }

    public override void SetKeepAlive(int seconds)
    {
        if (IsUnixSocket || seconds <= 0) return;
        try
        {
            TcpKeepAlive.TurnOn(_socket, seconds);
        }
        catch (SocketException)
        {
            // The peer is gone already: the first receive will say so.
        }
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
            if (Tls is not null) EndTls(Tls);
            if (Closing == CloseMode.AfterOutput) DrainLocked();
        }
        _transport.Remove(this);
        Dispose();
        lock (_sendLock)
        {
            if (_sending) return; // the sender finds it closed
            _sending = true;
            Output.Discard();
        }
    }

    /// <summary>
    /// Reads and drops unread bytes. Closing a socket that holds some resets the connection, and the peer may lose the last
    /// reply.
    /// </summary>
    void DrainLocked()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            return; // the peer closed first
        }
        for (int drained = 0, received = 1; received > 0 && drained < MaxDrainedBytes; drained += received)
            received = _socket.Receive(Input.PrepareReceive(), SocketFlags.None, out _);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _receive.Dispose();
        _send.Dispose();
    }
}
