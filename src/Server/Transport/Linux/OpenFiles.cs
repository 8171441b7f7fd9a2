using System.Runtime.InteropServices;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>The number of descriptors that the process may have: RLIMIT_NOFILE (man 2 getrlimit).</summary>
static partial class OpenFiles
{
    const int RLimitNoFile = 7;

    /// <summary>Both members are 64 bits wide on every 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct RLimit
    {
        public ulong Soft, Hard;
    }

    /// <summary>
    /// The limit in force; <see cref="long.MaxValue"/> on other systems than Linux, which have none worth checking.
    /// </summary>
    public static long Limit =>
        OperatingSystem.IsLinux() && GetLimit(RLimitNoFile, out var limit) == 0 ? (long)Math.Min(limit.Soft, long.MaxValue) : long.MaxValue;

    /// <summary>Descriptors that the process has; 0 where the system does not tell.</summary>
    public static long InUse
    {
        get
        {
            try
            {
                return OperatingSystem.IsLinux() ? Directory.EnumerateFileSystemEntries("/proc/self/fd").LongCount() : 0;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                return 0;
            }
        }
    }

    /// <summary>
    /// Raises the limit to <paramref name="wanted"/>, or as far as the system permits. The runtime raises the soft limit to the
    /// hard one at its start; raising the hard one needs privileges.
    /// </summary>
    /// <param name="error">Why it is still lower than wanted; null if it is not.</param>
    /// <returns>The new limit.</returns>
    public static long Raise(long wanted, out string? error)
    {
        error = null;
        if (Limit >= wanted || GetLimit(RLimitNoFile, out var limit) != 0) return Limit;
        var raised = new RLimit { Soft = (ulong)wanted, Hard = Math.Max(limit.Hard, (ulong)wanted) };
        if (SetLimit(RLimitNoFile, raised) == 0) return wanted;
        error = Marshal.GetLastPInvokeErrorMessage();
        limit.Soft = limit.Hard;
        return SetLimit(RLimitNoFile, limit) == 0 ? (long)limit.Hard : Limit;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out RLimit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, in RLimit limit);
}
