using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>The event loops of a server on Linux: one, or the number of io-threads, each with its own connections.</summary>
sealed class EpollTransport : ITransport
{
    readonly IConnectionHandler _handler;
    readonly EpollLoop[] _loops;
    readonly HandshakeLoop _handshakes;
    uint _next;
    int _tickRequested;

    /// <param name="handler">Whom to call.</param>
    /// <param name="threads">Loops.</param>
    /// <param name="contexts">Make encrypted sessions.</param>
    /// <param name="limits">Bounds on handshakes.</param>
    /// <param name="name">Of the first loop's thread.</param>
    public EpollTransport(IConnectionHandler handler, int threads, TlsContexts contexts, HandshakeLimits limits, string name = "executor")
    {
        _handler = handler;
        _handshakes = new HandshakeLoop(this, handler, contexts, limits);
        _loops = new EpollLoop[threads];
        for (var i = 0; i < threads; i++) _loops[i] = new EpollLoop(this, handler, i, name);
    }

    public string Name => "epoll";

    public void Start(IReadOnlyList<Listener> listeners)
    {
        ReplaceListenersLocked(listeners);
        foreach (var loop in _loops) loop.Start();
    }

    public void ReplaceListenersLocked(IReadOnlyList<Listener> listeners)
    {
        _loops[0].SetListenersLocked(listeners.Where(l => !l.IsTls).ToList());
        _handshakes.SetListenersLocked(listeners.Where(l => l.IsTls).ToList());
    }

    /// <summary>The loop that gets the next connection: each in turn. Called by the two threads that accept.</summary>
    public EpollLoop NextLoop() => _loops[(Interlocked.Increment(ref _next) - 1) % (uint)_loops.Length];

    public void Connect(OutgoingTarget target) => _handshakes.Connect(target);

    public void RequestTick()
    {
        Volatile.Write(ref _tickRequested, 1);
        _loops[0].Wake();
    }

    public bool TakeTickRequest() => Interlocked.Exchange(ref _tickRequested, 0) == 1;

    public void ServeOthersLocked(Connection? busy)
    {
        foreach (var loop in _loops)
        {
            if (!loop.IsCurrent) continue;
            loop.ServeOthersLocked(busy);
            return;
        }
        // The thread of a link to a master: all loops go on by themselves.
        _handler.GiveWay();
    }

    public void Stop()
    {
        _handshakes.Stop();
        foreach (var loop in _loops) loop.Stop();
    }

    public void Dispose()
    {
        _handshakes.Dispose();
        foreach (var loop in _loops) loop.Dispose();
    }
}
