namespace MiniRedis.Storage.Memory;

/// <summary>
/// Work that nobody waits for: unmapping memory, closing deleted files. One thread does it, in the order in which it comes;
/// the first work starts it, unless it has been started before (<see cref="Prepare"/>). Where the system gives no thread (RLIMIT_NPROC,
/// a container's pids.max) the work is done on the spot.
/// The runtime's pool ends the process there: it fails fast when the thread that watches over it cannot be started.
/// </summary>
/// <remarks>Any thread. The thread belongs to the process, like what is given back.</remarks>
public sealed class Elsewhere
{
    static readonly Elsewhere s_shared = new(static thread => thread.Start());

    readonly Queue<Action> _work = new();
    readonly Action<Thread> _start;
    bool _isRunning;

    /// <param name="start">Starts the thread.</param>
    internal Elsewhere(Action<Thread> start) => _start = start;

    /// <summary>Has the work done once: on the other thread if there is one, otherwise before this returns.</summary>
    public static void Run(Action work) => s_shared.Do(work);

    /// <summary>
    /// Starts the thread. Otherwise the first work does, and waits until the system lets the thread run: 4 ms where there are more threads than
    /// cores.
    /// </summary>
    public static void Prepare()
    {
        lock (s_shared._work) _ = s_shared._isRunning || s_shared.TryStart();
    }

    internal void Do(Action work)
    {
        if (!TryQueue(work)) work();
    }

    bool TryQueue(Action work)
    {
        lock (_work)
        {
            if (!_isRunning && !TryStart()) return false;
            _work.Enqueue(work);
            Monitor.Pulse(_work);
            return true;
        }
    }

    bool TryStart()
    {
        try
        {
            _start(new Thread(DoWork) { Name = "elsewhere", IsBackground = true });
            return _isRunning = true;
        }
        catch (Exception failure) when (failure is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }

    void DoWork()
    {
        while (true) Next()();
    }

    Action Next()
    {
        lock (_work)
        {
            while (_work.Count == 0) Monitor.Wait(_work);
            return _work.Dequeue();
        }
    }
}
