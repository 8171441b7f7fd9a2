using MiniRedis.Server.Files;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// Starts threads. The system may have none to give (RLIMIT_NPROC, a container's pids.max), of which the runtime says that memory
/// is out. Here it is a failure like that of a disk, and as little the server's end.
/// </summary>
static class PersistenceThread
{
    /// <exception cref="DiskException">There is none to be had: EAGAIN, as from fork.</exception>
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
