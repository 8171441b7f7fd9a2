using System.ComponentModel;
using System.Text;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Hosting;

/// <summary>
/// What happens where the system gives no thread (RLIMIT_NPROC, a container's pids.max). The runtime says that memory is out, on
/// any thread, and prints a stack. Here the process ends with one line that names the limit. Threads of persistence are another
/// matter: see <see cref="Persistence.PersistenceThread"/>.
/// </summary>
static class ThreadLimit
{
    /// <summary>Runs the server.</summary>
    /// <returns>Its exit code; 1 if a thread could not be started.</returns>
    public static int Guard(Func<int> run)
    {
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
        {
            if (unhandled.ExceptionObject is not Exception failure || !IsReached(failure)) return;
            Tell();
            // Not Environment.Exit, which waits for what runs on other threads.
            Disk.EndProcess(1);
        };
        try
        {
            return run();
        }
        catch (Exception failure) when (IsReached(failure))
        {
            Tell();
            return 1;
        }
    }

    static bool IsReached(Exception failure) => failure switch
    {
        ThreadStartException => true,
        // The runtime's own thread for signals.
        Win32Exception { NativeErrorCode: var number } => number == Errno.Again,
        OutOfMemoryException => failure.StackTrace?.Contains("Thread.Start", StringComparison.Ordinal) == true,
        _ => false,
    };

    static void Tell()
    {
        const int StandardError = 2;
        var line = $"Can't start a thread: {Errno.Words(Errno.Again)}. "
            + "Raise the limit of processes ('ulimit -u', or the container's). Exiting.\n";
        // Console takes a thread of its own.
        if (OperatingSystem.IsLinux()) DiskFile.Inherited(StandardError).TryWrite(Encoding.UTF8.GetBytes(line), out _);
        else Console.Error.Write(line);
    }
}
