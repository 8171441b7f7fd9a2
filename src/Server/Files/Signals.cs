using System.Runtime.InteropServices;

namespace MiniRedis.Server.Files;

/// <summary>Signals that the process sends to itself.</summary>
static partial class Signals
{
    /// <summary>SIGSTOP on Linux. It cannot be handled.</summary>
    const int Stop = 19;

    /// <summary>
    /// Stops all threads until somebody sends SIGCONT. The calling thread is the first: a signal to the process (kill) may reach another one
    /// first, and this one goes on for a moment.
    /// </summary>
    public static void StopProcess() => _ = Raise(Stop);

    /// <summary>raise(3): to the calling thread.</summary>
    [LibraryImport("libc", EntryPoint = "raise")]
    private static partial int Raise(int signal);
}
