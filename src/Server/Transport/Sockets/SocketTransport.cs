using System.Net.Sockets;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Sockets;

/// <summary>
/// The transport for platforms without epoll: the runtime's asynchronous sockets, whose completions may come on any thread of the
/// pool. A connection has at most one receive under way, and its batch runs in that completion. So one thread at a time owns a
/// connection, and the executor's lock serializes the threads.
/// </summary>
sealed partial class SocketTransport(IConnectionHandler handler, TlsContexts contexts, HandshakeLimits limits) : ITransport
{
    /// <summary>Pause of accepting after the system refused: it is out of descriptors or memory.</summary>
    const int AcceptPauseMilliseconds = 100;

    readonly Lock _connectionsLock = new();
    readonly HashSet<SocketConnection> _connections = [];

    /// <summary>Holds received bytes while they are parsed, under the executor's lock.</summary>
    readonly NativeBuffer _sharedInput = new(InputPipe.SharedBytes);
    readonly AutoResetEvent _tick = new(false);
    List<Listener> _listeners = [];
    Thread? _ticker;
    volatile bool _stop;

    public string Name => "sockets";

    public IConnectionHandler Handler => handler;

    public void Start(IReadOnlyList<Listener> listeners)
    {
        Listen(listeners);
        _ticker = new Thread(RunTicks) { Name = "cron", IsBackground = true };
        _ticker.Start();
    }

    public void ReplaceListenersLocked(IReadOnlyList<Listener> listeners)
    {
        var old = _listeners;
        foreach (var listener in old.Except(listeners)) listener.Dispose();
        Listen(listeners.Except(old).ToList());
        _listeners = [.. listeners];
    }

    void Listen(IReadOnlyList<Listener> listeners)
    {
        _listeners.AddRange(listeners);
        foreach (var listener in listeners) _ = AcceptAsync(listener);
    }

    async Task AcceptAsync(Listener listener)
    {
        while (!_stop)
        {
            Socket socket;
            if (listener.IsTls) await _handshakes.WaitAsync().ConfigureAwait(false);
            try
            {
                socket = await listener.Socket.AcceptAsync().ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                if (listener.IsTls) _handshakes.Release();
                return;
            }
            catch (SocketException failure) when (failure.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                if (listener.IsTls) _handshakes.Release();
                continue; // the peer was gone before it was accepted
            }
            catch (SocketException failure)
            {
                if (listener.IsTls) _handshakes.Release();
                handler.OnAcceptFailed(failure.Message);
                await Task.Delay(AcceptPauseMilliseconds).ConfigureAwait(false);
                continue;
            }
            if (!listener.IsTls) Start(socket, listener.Path);
            else if (!handler.TurnsAway()) _ = HandshakeAsync(socket, listener);
            else TurnAway(socket);
        }
    }

    /// <param name="state">Of a connection that we have made; null for one that was accepted.</param>
    void Start(Socket socket, string? path, TlsSession? tls = null, byte[]? early = null, object? state = null)
    {
        try
        {
            var connection = new SocketConnection(this, socket, path, _sharedInput) { Tls = tls, Early = early ?? [], State = state };
            if (!TryAdd(connection))
            {
                connection.Abort();
                return;
            }
            // Its first requests may have arrived already, and take long: others are accepted meanwhile.
            ThreadPool.UnsafeQueueUserWorkItem(static c => c.Start(), connection, preferLocal: false);
        }
        catch (SocketException)
        {
            socket.Dispose(); // gone before it could be asked for its name
            tls?.Dispose();
        }
    }

    /// <summary>False if the transport has stopped: nobody would close what comes now.</summary>
    bool TryAdd(SocketConnection connection)
    {
        lock (_connectionsLock) return !_stop && _connections.Add(connection);
    }

    public void Remove(SocketConnection connection)
    {
        lock (_connectionsLock) _connections.Remove(connection);
    }

    void RunTicks()
    {
        while (!_stop)
        {
            var wait = handler.OnTick();
            handler.OnTurnEnded();
            _tick.WaitOne(Math.Max(1, wait));
        }
    }

    public void RequestTick() => _tick.Set();

    public void ServeOthersLocked(Connection? busy)
    {
        // The requests that the busy connection has sent lie in the shared buffer. Others come on threads of their own.
        var other = new NativeBuffer(InputPipe.SharedBytes);
        _sharedInput.Exchange(other);
        var connection = (SocketConnection?)busy;
        connection?.IsBusy = true;
        handler.GiveWay();
        connection?.IsBusy = false;
        connection?.RequestAttentionLocked();
        _sharedInput.Exchange(other);
        other.Free();
    }

    public void Stop()
    {
        _stop = true;
        _tick.Set();
        _ticker?.Join();
        foreach (var listener in _listeners) listener.Dispose();
        SocketConnection[] open;
        lock (_connectionsLock) open = [.. _connections];
        foreach (var connection in open) connection.Abort();
    }

    public void Dispose()
    {
        // Not the semaphore of handshakes: those under way still give their slots back.
        _tick.Dispose();
        _sharedInput.Free();
    }
}
