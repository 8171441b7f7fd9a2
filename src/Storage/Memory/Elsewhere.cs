using MiniRedis.Storage.Memory.Threads;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// Work that nobody waits for: unmapping memory, closing deleted files. One thread does it, in the order in which it comes;
/// the first work starts it, unless it has been started before (<see cref="Prepare"/>). Where the system gives no thread (RLIMIT_NPROC,
/// a container's pids.max) the work is done on the spot.
/// The runtime's pool ends the process there: it fails fast when the thread that watches over it cannot be started.
/// <para>
/// Whoever has work pushes it onto a stack by one exchange, and the thread takes the whole stack at once. So nobody waits for that thread, even
/// if the system has stopped it.
/// </para>
/// </summary>
/// <remarks>Any thread. The thread belongs to the process, like what is given back.</remarks>
public sealed class Elsewhere
{
    static readonly Elsewhere s_shared = new(static thread => thread.Start());

    sealed class Work(Action act)
    {
        public Action Act => act;

        /// <summary>What was pushed before; once it is taken, what is to be done next.</summary>
        public Work? Next { get; set; }
    }

    readonly Lock _starting = new();
    readonly Doorbell _bell = new();
    readonly Action<Thread> _start;
    Work? _last;
    volatile bool _isRunning;

    /// <param name="start">Starts the thread.</param>
    internal Elsewhere(Action<Thread> start) => _start = start;

    /// <summary>Has the work done once: on the other thread if there is one, otherwise before this returns.</summary>
    public static void Run(Action work) => s_shared.Do(work);

    /// <summary>
    /// Starts the thread. Otherwise the first work does, and waits until the system lets the thread run: 4 ms where there are more threads than
    /// cores.
    /// </summary>
    public static void Prepare() => s_shared.TryStart();

    internal void Do(Action work)
    {
        if (TryStart()) Push(new(work));
        else work();
    }

    void Push(Work work)
    {
        Work? last;
        do work.Next = last = Volatile.Read(ref _last);
        while (Interlocked.CompareExchange(ref _last, work, last) != last);
        _bell.Ring();
    }

    bool TryStart()
    {
        if (_isRunning) return true;
        lock (_starting)
        {
            if (_isRunning) return true;
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
    }

    void DoWork()
    {
        while (true)
        {
            for (var work = Take(); work is not null; work = work.Next) work.Act();
            _bell.Wait();
        }
    }

    /// <summary>All work that is there, the first first.</summary>
    Work? Take()
    {
        Work? first = null;
        for (var work = Interlocked.Exchange(ref _last, null); work is not null;)
        {
            var before = work.Next;
            work.Next = first;
            (first, work) = (work, before);
        }
        return first;
    }
}
