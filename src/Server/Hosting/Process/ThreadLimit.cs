using System.ComponentModel;
using System.Text;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Hosting.Process;

/// <summary>
/// What happens where the system gives no thread (RLIMIT_NPROC, a container's pids.max). The runtime says that memory is out, on
/// any thread, and prints a stack. Here the process ends with one line that names the limit. Threads of persistence are another
/// matter: see <see cref="Persistence.PersistenceThread"/>.
/// </summary>
static class ThreadLimit
{
    /// <summary>Runs the server.</summary>
    /// <returns>Its exit code. If a thread could not be started, the process has ended with 1.</returns>
    public static int Guard(Func<int> run)
    {
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
        {
            if (unhandled.ExceptionObject is not Exception failure || !IsReached(failure)) return;
            End();
        };
        try
        {
            return run();
        }
        catch (Exception failure) when (IsReached(failure))
        {
            End();
            return 1;
        }
    }

    /// <summary>
    /// Whether the runtime's pool could have its threads: one that works, one that watches it, and one to spare.
    /// </summary>
    public static bool HasRoomForPool()
    {
        const int Needed = 3;
        using var tried = new ManualResetEventSlim();
        var threads = new List<Thread>();
        try
        {
            while (threads.Count < Needed)
            {
                var thread = new Thread(tried.Wait) { IsBackground = true };
                thread.Start();
                threads.Add(thread);
            }
            return true;
        }
        catch (Exception failure) when (IsReached(failure))
        {
            return false;
        }
        finally
        {
            tried.Set();
            threads.ForEach(thread => thread.Join());
        }
    }

    static bool IsReached(Exception failure) => failure switch
    {
        ThreadStartException => true,
        // The runtime's own thread for signals.
        Win32Exception { NativeErrorCode: var number } => number == Errno.Again,
        OutOfMemoryException => failure.StackTrace?.Contains("Thread.Start", StringComparison.Ordinal) == true,
        // A class of the runtime that starts its thread when it is first used.
        _ => failure.InnerException is { } inner && IsReached(inner),
    };

    /// <summary>Says why, and ends the process. The runtime's own way waits for other threads, and may need one more.</summary>
    public static void End()
    {
        const int StandardError = 2;
        var line = $"Can't start a thread: {Errno.Words(Errno.Again)}. "
            + "Raise the limit of processes ('ulimit -u', or the container's). Exiting.\n";
        // Console takes a thread of its own.
        if (OperatingSystem.IsLinux()) DiskFile.Inherited(StandardError).TryWrite(Encoding.UTF8.GetBytes(line), out _);
        else Console.Error.Write(line);
        Disk.EndProcess(1);
    }
}
