namespace MiniRedis.Server.Transport.Linux;

/// <summary>The event loops of a server on Linux: one, or the number of io-threads, each with its own connections.</summary>
sealed class EpollTransport : ITransport
{
    readonly EpollLoop[] _loops;
    int _next;
    int _tickRequested;

    public EpollTransport(IConnectionHandler handler, int threads)
    {
        _loops = new EpollLoop[threads];
        for (var i = 0; i < threads; i++) _loops[i] = new EpollLoop(this, handler, i);
    }

    public string Name => "epoll";

    public void Start(IReadOnlyList<Listener> listeners)
    {
        _loops[0].SetListenersLocked(listeners);
        foreach (var loop in _loops) loop.Start();
    }

    public void ReplaceListenersLocked(IReadOnlyList<Listener> listeners) => _loops[0].SetListenersLocked(listeners);

    /// <summary>The loop that gets the next connection: each in turn. Called by loop 0, the only one that accepts.</summary>
    public EpollLoop NextLoop()
    {
        var loop = _loops[_next];
        _next = (_next + 1) % _loops.Length;
        return loop;
    }

    public void RequestTick()
    {
        Volatile.Write(ref _tickRequested, 1);
        _loops[0].Wake();
    }

    public bool TakeTickRequest() => Interlocked.Exchange(ref _tickRequested, 0) == 1;

    public void ServeOthersLocked(Connection busy)
    {
        foreach (var loop in _loops)
        {
            if (loop.IsCurrent) loop.ServeOthersLocked(busy);
        }
    }

    public void Stop()
    {
        foreach (var loop in _loops) loop.Stop();
    }

    public void Dispose()
    {
        foreach (var loop in _loops) loop.Dispose();
    }
}
