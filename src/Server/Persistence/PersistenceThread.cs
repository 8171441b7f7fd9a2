using MiniRedis.Server.Files;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// Starts threads. The system may refuse one (RLIMIT_NPROC, a container's pids.max), which the runtime reports as being out of
/// memory. Here it becomes a failure like one of the disk, which does not end the server.
/// </summary>
static class PersistenceThread
{
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
}
