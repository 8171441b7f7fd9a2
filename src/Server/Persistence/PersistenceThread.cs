using MiniRedis.Server.Files;
using MiniRedis.Storage.Memory.Threads;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// Threads for work in the background. The system may refuse one (RLIMIT_NPROC, a container's pids.max), which the runtime reports as being
/// out of memory. Here it becomes a failure like one of the disk, which does not end the server.
/// </summary>
static class PersistenceThread
{
    /// <summary>Threads that wait for work: a full synchronization takes two.</summary>
    const int MostReady = 2;

    // Taken by whoever has work, filled by Prepare.
    static readonly ReadyThread?[] s_ready = new ReadyThread?[MostReady];
    static int s_isPreparing;

    /// <exception cref="DiskException">The system refuses one: EAGAIN, as from fork.</exception>
    public static void Start(Thread thread)
    {
        try
        {
            thread.Start();
        }
        catch (Exception failure) when (failure is OutOfMemoryException or ThreadStartException)
        {
            throw new DiskException(Errno.Again);
        }
    }

    /// <summary>
    /// Has work done on a thread that waits for it. Who starts a new one is held up until the system lets that run, which takes a tick of 4 ms
    /// where there are more threads than cores.
    /// </summary>
    /// <param name="name">What the thread is called meanwhile.</param>
    /// <param name="work">The thread ends with it.</param>
    /// <exception cref="DiskException">None was ready, and the system refuses one.</exception>
    public static void Run(string name, Action work)
    {
        foreach (ref var place in s_ready.AsSpan())
        {
            if (Interlocked.Exchange(ref place, null) is not { } ready) continue;
            ready.Begin(name, work);
            return;
        }
        Start(new Thread(() => Do(name, work)) { IsBackground = true });
    }

    static void Do(string name, Action work)
    {
        Thread.CurrentThread.Name = name;
        Prepare();
        work();
    }

    /// <summary>
    /// Has threads ready. Called at the start, and by each thread before it does its work. Where the system gives none, <see cref="Run"/> tries
    /// again.
    /// </summary>
    public static void Prepare()
    {
        if (Interlocked.Exchange(ref s_isPreparing, 1) == 1) return;
        try
        {
            foreach (ref var place in s_ready.AsSpan())
            {
                if (Volatile.Read(ref place) is not null) continue;
                var ready = new ReadyThread();
                Start(new Thread(ready.Wait) { Name = "ready", IsBackground = true });
                Volatile.Write(ref place, ready);
            }
        }
        catch (DiskException)
        {
        }
        finally
        {
            Volatile.Write(ref s_isPreparing, 0);
        }
    }

    sealed class ReadyThread
    {
        readonly Doorbell _bell = new();
        string _name = "";
        Action? _work;

        public void Begin(string name, Action work)
        {
            _name = name;
            Volatile.Write(ref _work, work);
            _bell.Ring();
        }

        public void Wait()
        {
            Action? work;
            while ((work = Volatile.Read(ref _work)) is null) _bell.Wait();
            Do(_name, work);
        }
    }
}
