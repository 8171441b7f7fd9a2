using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>
/// One thread, one epoll: waits, reads, executes the batch and sends its replies, all inline.
/// <para>
/// A round trip costs epoll_wait (shared by all ready connections), one recv and one send. The runtime's own socket engine needs
/// a third call for each request (it tries a recv that answers EAGAIN before it waits) and a pinned buffer for each connection.
/// The measurements are in docs/measurements.md.
/// </para>
/// Threading: everything here runs on the loop's thread, except the members whose name ends in Locked (under the executor's
/// lock, any thread) and <see cref="Wake"/> (any thread).
/// </summary>
sealed unsafe partial class EpollLoop : IDisposable
{
    const int MaxEvents = 1024;

    /// <summary>Connections accepted in one go, as Redis's MAX_ACCEPTS_PER_CALL: a flood of them must not starve the rest.</summary>
    const int MaxAcceptsPerCall = 1000;

    /// <summary>
    /// Pause of accepting after the process ran out of descriptors. A listener that stays readable would spin the loop.
    /// </summary>
    const int AcceptPauseMilliseconds = 100;

    /// <summary>Most connections whose replies wait for the end of a turn. More would make the turn long.</summary>
    const int MaxKept = 64;

    /// <summary>Connections that <see cref="Attend"/> takes at once, under the lock, between two looks at the clock.</summary>
    const int AttendedAtOnce = 32;

    /// <summary>Microseconds for which a turn may always send, however little it executed.</summary>
    const int LeastSendingMicroseconds = 250;

    /// <summary>Most bytes of a closing connection that are read and dropped, so that the close does not reset it.</summary>
    const int MaxDrainedBytes = 1024 * 1024;

    readonly EpollTransport _transport;
    readonly IConnectionHandler _handler;
    readonly int _epoll, _wakeUp;
    readonly NativeBuffer _sharedInput = new(InputPipe.SharedBytes);
    readonly Thread _thread;

    EpollConnection?[] _connections = new EpollConnection?[64];
    readonly List<EpollConnection> _resumable = [];
    readonly List<EpollConnection> _closed = [];

    // Connections whose replies are sent at the end of the turn; see IConnectionHandler.KeepsReplies.
    readonly List<EpollConnection> _kept = [];

    // Filled under the executor's lock by any thread, emptied by the loop.
    readonly Queue<EpollConnection> _attention = [];
    readonly List<EpollConnection> _attending = [];
    // As _attention: those that are to be closed at once.
    readonly List<EpollConnection> _doomed = [];
    readonly List<AcceptedSocket> _handedOver = [];
    Dictionary<int, Listener> _listeners = [];
    List<Listener>? _newListeners;
    volatile bool _attentionPending, _hasDoomed, _stop;
    long _nextTick, _acceptAgain;

    // A descriptor that the loop that accepts gives up for a peer that it has none for; -1 while that peer has it.
    int _spare = -1;

    /// <summary>The first one, 0, runs the cron.</summary>
    public int Number { get; }

    public EpollLoop(EpollTransport transport, IConnectionHandler handler, int number, string name)
    {
        _transport = transport;
        _handler = handler;
        Number = number;
        _epoll = Check(LibC.CreateEpoll(), "epoll_create1");
        _wakeUp = Check(LibC.CreateWakeUp(), "eventfd");
        Check(LibC.Control(_epoll, LibC.EpollCtlAdd, _wakeUp, LibC.EpollIn), "epoll_ctl");
        if (number == 0) _spare = LibC.CreateWakeUp();
        _thread = new Thread(Run) { Name = number == 0 ? name : $"io-{number}", IsBackground = true };
    }

    public void Start() => _thread.Start();

    public void Stop()
    {
        _stop = true;
        Wake();
        // It was not started if the server could not get its port.
        if (_thread.IsAlive) _thread.Join();
    }

    public void SetListenersLocked(IReadOnlyList<Listener> listeners)
    {
        _newListeners = [.. listeners];
        _attentionPending = true;
        Wake();
    }

    public void AddAttentionLocked(EpollConnection connection)
    {
        if (connection.Closing == CloseMode.AtOnce)
        {
            _doomed.Add(connection);
            _hasDoomed = true;
        }
        if (connection.NeedsAttention) return;
        connection.NeedsAttention = true;
        _attention.Enqueue(connection);
        // Once is enough: the first request has woken the loop, or came from the loop, which checks before it waits.
        if (_attentionPending) return;
        _attentionPending = true;
        if (Thread.CurrentThread != _thread) Wake();
    }

    /// <summary>Ends the loop's current wait, or keeps it from starting one.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = LibC.Write(_wakeUp, (byte*)&one, sizeof(ulong));
    }

    void Run()
    {
        var events = (byte*)NativeMemory.Alloc((nuint)(MaxEvents * LibC.EventBytes));
        try
        {
            while (!_stop) RunOnce(events);
            Shutdown();
        }
        finally
        {
            NativeMemory.Free(events);
        }
    }

    void RunOnce(byte* events)
    {
        var count = LibC.EpollWait(_epoll, events, MaxEvents, WaitMilliseconds());
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            Dispatch(LibC.EventDescriptor(events, i), LibC.Events(events, i));
            if (_hasDoomed) EndDoomed();
        }

        ResumeBatches();
        EndTurn();
        if (Number == 0 && Environment.TickCount64 >= _nextTick) _nextTick = Environment.TickCount64 + _handler.OnTick();
        // After the tick, which writes output too (expiry, timeouts, blocked clients): that output must not wait for the next
        // event.
        Attend(started);
        _handler.OnTurnEnded();
        CloseMarked();
        if (_acceptAgain != 0 && Environment.TickCount64 >= _acceptAgain) WatchListeners(true);
    }

    int WaitMilliseconds()
    {
        // Attention requested since the last check did not write to the wake-up descriptor, since it came from this loop.
        if (_resumable.Count > 0 || _attentionPending) return 0;
        return Number == 0 ? (int)Math.Clamp(_nextTick - Environment.TickCount64, 0, 1000) : -1;
    }

    void Dispatch(int fd, uint events)
    {
        if (fd == _wakeUp)
        {
            ulong drained;
            _ = LibC.Read(_wakeUp, (byte*)&drained, sizeof(ulong));
            if (_transport.TakeTickRequest()) _nextTick = 0;
            return;
        }
        if (_connections.Length > fd && _connections[fd] is { } connection)
        {
            if (connection == _busy) return;
            if ((events & LibC.EpollOut) != 0) Send(connection);
            if ((events & ~LibC.EpollOut) != 0) Receive(connection);
            return;
        }
        if (_listeners.TryGetValue(fd, out var listener)) Accept(listener);
    }

    void Receive(EpollConnection connection)
    {
        // A connection with requests left to run reads no more until they are done. Its input waits in the kernel and at the
        // peer, instead of growing our buffer to the limit. The event comes again.
        if (connection.IsClosed || connection.IsQueuedToResume) return;
        if (connection.Tls is not null)
        {
            ReceiveTls(connection, connection.Tls);
            return;
        }
        var room = connection.Input.PrepareReceive();
        nint received;
        fixed (byte* to = room) received = LibC.Receive(connection.Descriptor, to, room.Length, LibC.MsgDontWait);
        if (received > 0)
        {
            connection.Input.Received((int)received);
            Execute(connection);
            return;
        }
        if (received < 0 && Marshal.GetLastPInvokeError() is LibC.EAgain or LibC.EIntr) return;
        Close(connection);
    }

    void Execute(EpollConnection connection)
    {
        _handler.OnReceived(connection);
        if (connection.WantsResume) QueueToResume(connection);
        if (connection.Output.HasSending)
        {
            if (_handler.KeepsReplies) Keep(connection);
            else Send(connection);
        }
        if (connection.Closing != CloseMode.Open) CloseIfDone(connection);
    }

    void Keep(EpollConnection connection)
    {
        _kept.Add(connection);
        if (_kept.Count == MaxKept) EndTurn();
    }

    void EndTurn()
    {
        _handler.OnTurnEnded();
        foreach (var connection in _kept)
        {
            if (!connection.IsClosed && connection.Output.HasSending) Send(connection);
        }
        _kept.Clear();
    }

    void QueueToResume(EpollConnection connection)
    {
        if (connection.IsQueuedToResume) return;
        connection.IsQueuedToResume = true;
        _resumable.Add(connection);
    }

    void Send(EpollConnection connection)
    {
        if (connection.IsClosed) return;
        if (connection.Closing == CloseMode.AtOnce)
        {
            // Closed at once: pending output is not sent, or a client over its output limit would still get it.
            Close(connection);
            return;
        }
        if (!(connection.Tls is null ? SendPlain(connection) : SendTls(connection, connection.Tls))) return;
        WatchWritable(connection, connection.Output.HasSending);
        if (connection.Closing == CloseMode.AfterOutput) CloseIfDone(connection);
        else if (connection.IsFed && !connection.Output.HasSending) _handler.OnDrained(connection);
    }

    /// <summary>Sends what the socket takes.</summary>
    /// <returns>False if the connection is closed.</returns>
    bool SendPlain(EpollConnection connection)
    {
        var output = connection.Output;
        while (output.HasSending)
        {
            var front = output.FrontSpan;
            nint sent;
            fixed (byte* from = front)
                sent = LibC.Send(connection.Descriptor, from, front.Length, LibC.MsgDontWait | LibC.MsgNoSignal);
            if (sent >= 0)
            {
                output.Sent((int)sent);
                // A socket that took only a part is full: another call would only answer EAGAIN.
                if (sent < front.Length) break;
                continue;
            }
            var error = Marshal.GetLastPInvokeError();
            if (error == LibC.EIntr) continue;
            if (error == LibC.EAgain) break;
            Close(connection);
            return false;
        }
        return true;
    }

    void WatchWritable(EpollConnection connection, bool watch)
    {
        if (connection.IsWatchingWritable == watch) return;
        connection.IsWatchingWritable = watch;
        LibC.Control(_epoll, LibC.EpollCtlMod, connection.Descriptor, watch ? LibC.EpollIn | LibC.EpollOut : LibC.EpollIn);
    }

    /// <summary>Goes on with the batches that used up their budget, for one more budget each.</summary>
    void ResumeBatches()
    {
        var count = _resumable.Count;
        if (count == 0) return;
        for (var i = 0; i < count; i++)
        {
            var connection = _resumable[i];
            connection.WantsResume = connection.IsQueuedToResume = false;
            if (!connection.IsClosed) Execute(connection);
            if (connection is { Tls: not null, End: not Tls.TlsStatus.Complete, IsQueuedToResume: false, IsClosed: false })
                EndStream(connection, connection.Tls);
            if (_hasDoomed) EndDoomed();
        }
        _resumable.RemoveRange(0, count);
    }

    /// <summary>
    /// Serves the connections that others wrote to, closed or unblocked, for at most as long as this turn executed commands. The
    /// rest wait for the next turn: sending a message to ten thousand subscribers delays no other client, and connections that
    /// wait get later messages in the same send. Half of the thread's time is theirs, so their output cannot pile up.
    /// </summary>
    void Attend(long turnStarted)
    {
        if (!_attentionPending) return;
        var started = Stopwatch.GetTimestamp();
        var most = Math.Max(started - turnStarted, Stopwatch.Frequency * LeastSendingMicroseconds / 1_000_000);
        do AttendSome();
        while (_attentionPending && Stopwatch.GetTimestamp() - started < most);
    }

    void AttendSome()
    {
        lock (_handler.ExecutorLock)
        {
            TakeHandedOverLocked();
            if (_attention.Count > 0) _handler.OnSendingLocked();
            while (_attending.Count < AttendedAtOnce && _attention.TryDequeue(out var connection))
            {
                if (connection == _busy)
                {
                    // Its reply is being written. It stays marked, and comes into the queue again.
                    _busyNeedsAttention = true;
                    continue;
                }
                connection.NeedsAttention = false;
                if (connection.IsClosed) continue;
                connection.TrimIfWantedLocked();
                connection.Output.TakeForSendingLocked();
                _attending.Add(connection);
            }
            _attentionPending = _attention.Count > 0;
        }
        TakeEarly();
        foreach (var connection in _attending)
        {
            if (connection.IsClosed) continue;
            if (connection.Output.HasSending) Send(connection);
            if (connection.Closing != CloseMode.Open) CloseIfDone(connection);
            else if (connection.WantsResume) QueueToResume(connection);
        }
        _attending.Clear();
    }

    void TakeHandedOverLocked()
    {
        if (_newListeners is not null)
        {
            foreach (var (fd, listener) in _listeners)
            {
                // A closed listener has left the epoll already, and its number may belong to another descriptor now.
                if (!listener.IsClosed) LibC.Control(_epoll, LibC.EpollCtlDel, fd, 0);
                if (!_newListeners.Contains(listener)) listener.Dispose();
            }
            _listeners = _newListeners.ToDictionary(l => (int)l.Socket.Handle);
            foreach (var fd in _listeners.Keys) Check(LibC.Control(_epoll, LibC.EpollCtlAdd, fd, LibC.EpollIn), "epoll_ctl");
            _newListeners = null;
            _acceptAgain = 0;
        }
        foreach (var accepted in _handedOver) Add(accepted);
        _handedOver.Clear();
    }

    void Shutdown()
    {
        while (_attentionPending) AttendSome();
        // Nobody is to find an open door to a server that serves no more.
        foreach (var listener in _listeners.Values) listener.Dispose();
        foreach (var connection in _connections)
        {
            if (connection is null) continue;
            if (!connection.IsClosed) Send(connection);
            Close(connection);
        }
        CloseMarked();
    }

    public void Dispose()
    {
        LibC.Close(_epoll);
        LibC.Close(_wakeUp);
        if (_spare >= 0) LibC.Close(_spare);
        _sharedInput.Free();
        _inputWhileBusy?.Free();
        _cipherInput?.Free();
        _cipherOutput?.Free();
    }

    static int Check(int result, string call) =>
        result >= 0 ? result : throw new SocketException(Marshal.GetLastPInvokeError(), $"{call} failed");
}
