using System.Runtime.InteropServices;

namespace MiniRedis.Server.Persistence;

/// <summary>Threads that have as much to do as there is time, and nobody waits for.</summary>
static partial class BackgroundThread
{
    /// <summary>A tenth of the share that a thread has which serves clients (nice 10, as of sched(7)).</summary>
    const int Nice = 10;

    /// <summary>PRIO_PROCESS; on Linux, with 0 for who, the calling thread.</summary>
    const int Process = 0;

    /// <summary>
    /// Has the calling thread give way to those that serve clients, where there are more threads than cores: one that reads out a snapshot would
    /// hold up its own loop, or that of a server on the same machine, for as long as the system lets a thread run, 4 ms and more. It stays so
    /// until the thread ends. Where it is not allowed nothing is lost but that.
    /// </summary>
    /// <remarks>Such a thread may be stopped for long at any instruction. So a loop must never wait for a lock that it may hold.</remarks>
    public static void GiveWay()
    {
        // The runtime's own priorities do nothing on Linux, and elsewhere this call concerns the whole process. Who has given way more keeps to it.
        if (OperatingSystem.IsLinux() && GetPriority(Process, 0) < Nice) _ = SetPriority(Process, 0, Nice);
    }

    [LibraryImport("libc", EntryPoint = "getpriority")]
    private static partial int GetPriority(int which, uint who);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);
}
