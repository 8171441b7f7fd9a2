using System.Diagnostics;
using System.Runtime.InteropServices;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>
/// Accepts on the TLS port, on a thread of its own. A handshake costs as much as a thousand commands, so it does not run on the thread that
/// executes them. When it is done the connection goes to an event loop. <see cref="HandshakeLimits"/> bounds number and time. The
/// connections that this side makes come into being here too (HandshakeLoop.Connecting.cs).
/// </summary>
sealed unsafe partial class HandshakeLoop : IDisposable
{
    const int MaxEvents = 256;

    /// <summary>Pause of accepting after the system refused: it is out of descriptors or memory.</summary>
    const int AcceptPauseMilliseconds = 100;

    /// <summary>A handshake's messages are smaller than this. What comes behind them goes to the loop with the connection.</summary>
    const int InputBytes = 16 * 1024;

    readonly EpollTransport _transport;
    readonly IConnectionHandler _handler;
    readonly TlsContexts _contexts;
    readonly HandshakeLimits _limits;
    readonly int _epoll, _wakeUp;
    readonly Thread _thread;
    readonly byte[] _buffer = new byte[InputBytes];
    readonly Lock _newListenersLock = new();

    // By age, the oldest first, and by descriptor.
    readonly LinkedList<HalfOpen> _byAge = [];
    readonly Dictionary<int, LinkedListNode<HalfOpen>> _byDescriptor = [];
    Dictionary<int, Listener> _listeners = [];
    List<Listener>? _newListeners;
    bool _accepts = true, _isStarted;
    long _acceptAgain;
    volatile bool _stop;

    sealed class HalfOpen(int fd, string remote, string local, TlsSession tls, long started)
    {
        public int Descriptor => fd;
        public string Remote => remote;
        public string Local => local;
        public TlsSession Tls => tls;
        public long Started => started;
        public bool HasSpoken { get; set; }
        public bool IsDone { get; set; }
        public byte[] Early { get; set; } = [];
    }

    public HandshakeLoop(EpollTransport transport, IConnectionHandler handler, TlsContexts contexts, HandshakeLimits limits)
    {
        _transport = transport;
        _handler = handler;
        _contexts = contexts;
        _limits = limits;
        _epoll = LibC.CreateEpoll();
        _wakeUp = LibC.CreateWakeUp();
        LibC.Control(_epoll, LibC.EpollCtlAdd, _wakeUp, LibC.EpollIn);
        _thread = new Thread(Run) { Name = "handshakes", IsBackground = true };
    }

    /// <summary>Accepts on these from now on. Under the executor's lock, or before the start.</summary>
    public void SetListenersLocked(IReadOnlyList<Listener> listeners)
    {
        lock (_newListenersLock) _newListeners = [.. listeners];
        if (listeners.Count > 0) Start();
        Wake();
    }

    /// <summary>Starts the thread with the first work for it. Any thread.</summary>
    void Start()
    {
        lock (_newListenersLock)
        {
            if (!_isStarted && !_stop) _thread.Start();
            _isStarted = true;
        }
    }

    public void Stop()
    {
        _stop = true;
        Wake();
        if (_thread.IsAlive) _thread.Join();
    }

    void Wake()
    {
        ulong one = 1;
        _ = LibC.Write(_wakeUp, (byte*)&one, sizeof(ulong));
    }

    void Run()
    {
        var events = stackalloc byte[MaxEvents * LibC.EventBytes];
        while (!_stop) RunOnce(events);
        while (_byAge.First is { } first) Drop(first.Value);
        EndOutgoing();
        TakeListeners([]);
    }

    void RunOnce(byte* events)
    {
        var count = LibC.EpollWait(_epoll, events, MaxEvents, WaitMilliseconds());
        for (var i = 0; i < count; i++)
        {
            var fd = LibC.EventDescriptor(events, i);
            if (fd == _wakeUp) ReadWakeUp();
            else if (_byDescriptor.TryGetValue(fd, out var node)) Advance(node.Value);
            else if (_outgoing.TryGetValue(fd, out var outgoing)) Advance(outgoing);
            else if (_listeners.TryGetValue(fd, out var listener) && !listener.IsClosed) Accept(listener);
            // A listener was closed before it was watched, and its number belongs to another part of the process now.
            else LibC.Control(_epoll, LibC.EpollCtlDel, fd, 0);
        }
        List<Listener>? listeners;
        lock (_newListenersLock) (listeners, _newListeners) = (_newListeners, null);
        if (listeners is not null) TakeListeners(listeners);
        ConnectWanted();
        EndOverdue();
        EndOverdueOutgoing();
    }

    void ReadWakeUp()
    {
        ulong count;
        _ = LibC.Read(_wakeUp, (byte*)&count, sizeof(ulong));
    }

    void TakeListeners(List<Listener> listeners)
    {
        foreach (var (fd, listener) in _listeners)
        {
            // A closed listener has left the epoll already, and its number may belong to another descriptor now.
            if (!listener.IsClosed) LibC.Control(_epoll, LibC.EpollCtlDel, fd, 0);
            if (!listeners.Contains(listener)) listener.Dispose();
        }
        _listeners = listeners.ToDictionary(l => (int)l.Socket.Handle);
        foreach (var fd in _listeners.Keys) LibC.Control(_epoll, LibC.EpollCtlAdd, fd, LibC.EpollIn);
        (_accepts, _acceptAgain) = (true, 0);
    }

    /// <summary>Milliseconds until one is overdue, or until accepting goes on.</summary>
    int WaitMilliseconds()
    {
        var wait = long.MaxValue;
        if (_byAge.First is { } oldest) wait = (long)Math.Ceiling((Limit - AgeOf(oldest.Value)).TotalMilliseconds);
        if (_acceptAgain != 0) wait = Math.Min(wait, _acceptAgain - Environment.TickCount64);
        foreach (var outgoing in _outgoing.Values) wait = Math.Min(wait, outgoing.Deadline - Environment.TickCount64);
        return wait == long.MaxValue ? -1 : (int)Math.Clamp(wait, 0, int.MaxValue);
    }

    bool IsFull => _byAge.Count >= _limits.Most;

    TimeSpan Limit => IsFull ? _limits.LongestWhenFull : _limits.Longest;

    static TimeSpan AgeOf(HalfOpen half) => Stopwatch.GetElapsedTime(half.Started);

    /// <summary>Gives up those that take too long, and accepts again if there is room.</summary>
    void EndOverdue()
    {
        while (_byAge.First is { } oldest && AgeOf(oldest.Value) >= Limit)
            Fail(oldest.Value, oldest.Value.HasSpoken ? "the handshake takes too long" : "it has not begun a handshake");
        if (_accepts ? IsFull : !IsFull && Environment.TickCount64 >= _acceptAgain) WatchListeners(!IsFull);
    }

    void WatchListeners(bool watch)
    {
        _accepts = watch;
        if (watch) _acceptAgain = 0;
        foreach (var (fd, listener) in _listeners)
        {
            if (!listener.IsClosed) LibC.Control(_epoll, LibC.EpollCtlMod, fd, watch ? LibC.EpollIn : 0);
        }
    }

    void Accept(Listener listener)
    {
        // CONFIG SET may close it on another thread, and its number may then be that of another listener.
        var isHeld = false;
        try
        {
            listener.Socket.SafeHandle.DangerousAddRef(ref isHeld);
            Accept((int)listener.Socket.SafeHandle.DangerousGetHandle());
        }
        catch (ObjectDisposedException)
        {
        }
        finally
        {
            if (isHeld) listener.Socket.SafeHandle.DangerousRelease();
        }
    }

    void Accept(int listener)
    {
        var address = stackalloc byte[SocketNames.MaxAddressBytes];
        while (!IsFull)
        {
            var length = SocketNames.MaxAddressBytes;
            var fd = LibC.Accept4(listener, address, &length, LibC.SockNonBlock | LibC.SockCloExec);
            if (fd < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error is LibC.EIntr or LibC.EConnAborted) continue;
                if (error is LibC.EAgain) return;
                _handler.OnAcceptFailed(Marshal.GetPInvokeErrorMessage(error));
                _acceptAgain = Environment.TickCount64 + AcceptPauseMilliseconds;
                WatchListeners(false);
                return;
            }
            LibC.SetNoDelay(fd);
            var remote = SocketNames.Format(address);
            length = SocketNames.MaxAddressBytes;
            Add(fd, remote, LibC.GetSockName(fd, address, &length) == 0 ? SocketNames.Format(address) : "");
        }
    }

    void Add(int fd, string remote, string local)
    {
        if (_handler.TurnsAway())
        {
            LibC.Close(fd);
            return;
        }
        TlsSession tls;
        try
        {
            tls = (_contexts.Server ?? throw new TlsException("TLS is not configured")).CreateServer();
        }
        catch (TlsException failure)
        {
            LibC.Close(fd);
            _handler.OnHandshakeFailed(remote, failure.Message);
            return;
        }
        _byDescriptor[fd] = _byAge.AddLast(new HalfOpen(fd, remote, local, tls, Stopwatch.GetTimestamp()));
        LibC.Control(_epoll, LibC.EpollCtlAdd, fd, LibC.EpollIn);
    }

    void Advance(HalfOpen half)
    {
        if (!half.IsDone && !TakeReceived(half)) return;
        if (!Flush(half)) return;
        if (half.IsDone) HandOver(half);
    }

    /// <returns>False if it has ended.</returns>
    bool TakeReceived(HalfOpen half)
    {
        nint received;
        fixed (byte* to = _buffer) received = LibC.Receive(half.Descriptor, to, _buffer.Length, LibC.MsgDontWait);
        if (received < 0 && Marshal.GetLastPInvokeError() is LibC.EAgain or LibC.EIntr) return true;
        if (received <= 0)
        {
            // A probe of a load balancer looks like this: nobody has to hear of it.
            if (half.HasSpoken) Fail(half, "it left during the handshake");
            else Drop(half);
            return false;
        }
        var input = _buffer.AsSpan(0, (int)received);
        if (!half.HasSpoken && input[0] != HandshakeLimits.RecordType)
        {
            Fail(half, HandshakeLimits.NotTls);
            return false;
        }
        half.HasSpoken = true;
        var status = half.Tls.Handshake(input, out var consumed);
        if (status == TlsStatus.Failed)
        {
            // The alert tells the peer why.
            if (Flush(half)) Fail(half, half.Tls.Failure!);
            return false;
        }
        half.IsDone = status == TlsStatus.Complete;
        if (half.IsDone) half.Early = input[consumed..].ToArray();
        return true;
    }

    /// <summary>Sends what the session has to say.</summary>
    /// <returns>False if it has ended, or if the socket takes no more now.</returns>
    bool Flush(HalfOpen half)
    {
        while (half.Tls.PendingBytes > 0)
        {
            // Peers read what a handshake sends them, or do not get on: a socket that is full before that is one to give up.
            var length = half.Tls.TakePending(_buffer);
            nint sent;
            fixed (byte* from = _buffer) sent = LibC.Send(half.Descriptor, from, length, LibC.MsgDontWait | LibC.MsgNoSignal);
            if (sent == length) continue;
            Fail(half, half.Tls.Failure ?? "it does not read the handshake");
            return false;
        }
        return true;
    }

    void HandOver(HalfOpen half)
    {
        Forget(half);
        LibC.Control(_epoll, LibC.EpollCtlDel, half.Descriptor, 0);
        var accepted = new AcceptedSocket(half.Descriptor, half.Remote, half.Local, false, half.Tls, half.Early);
        lock (_handler.ExecutorLock) _transport.NextLoop().HandOverLocked(accepted);
    }

    void Fail(HalfOpen half, string reason)
    {
        _handler.OnHandshakeFailed(half.Remote, reason);
        Drop(half);
    }

    void Drop(HalfOpen half)
    {
        Forget(half);
        half.Tls.Dispose();
        // A close with unread bytes resets the connection, and the peer would lose the alert.
        if (LibC.Shutdown(half.Descriptor, LibC.ShutWr) == 0)
        {
            fixed (byte* to = _buffer) _ = LibC.Receive(half.Descriptor, to, _buffer.Length, LibC.MsgDontWait);
        }
        LibC.Close(half.Descriptor);
    }

    void Forget(HalfOpen half)
    {
        _byDescriptor.Remove(half.Descriptor, out var node);
        _byAge.Remove(node!);
    }

    public void Dispose()
    {
        LibC.Close(_epoll);
        LibC.Close(_wakeUp);
    }
}
