using System.Runtime.InteropServices;

namespace MiniRedis.Server.Timing;

/// <summary>CPU time of the calling thread, which for a command is the event loop's. Only Linux has it.</summary>
static unsafe partial class ThreadCpu
{
    const int RusageThread = 1;

    /// <summary>struct rusage of Linux on 64 bits: two timevals and 14 longs.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct ResourceUsage
    {
        public long UserSeconds, UserMicroseconds, SystemSeconds, SystemMicroseconds;
        public fixed long Rest[14];
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetResourceUsage(int who, ResourceUsage* usage);

    public static bool TryRead(out TimeSpan user, out TimeSpan system)
    {
        user = system = TimeSpan.Zero;
        ResourceUsage usage;
        if (!OperatingSystem.IsLinux() || GetResourceUsage(RusageThread, &usage) != 0) return false;
        user = TimeSpan.FromSeconds(usage.UserSeconds) + TimeSpan.FromMicroseconds(usage.UserMicroseconds);
        system = TimeSpan.FromSeconds(usage.SystemSeconds) + TimeSpan.FromMicroseconds(usage.SystemMicroseconds);
        return true;
    }
}
