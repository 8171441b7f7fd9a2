using System.Runtime.InteropServices;

namespace MiniRedis.Server.Buffers;

/// <summary>
/// The heap of the C library, in which scripts keep what they make: much of it at once is rare, and blocks of every size come and go. The
/// library keeps freed memory for later.
/// </summary>
static partial class SystemHeap
{
    // musl and other systems have no such call, and keep less.
    static volatile bool s_canTrim = OperatingSystem.IsLinux();

    /// <summary>Has the library give back what is free between blocks in use. Any thread.</summary>
    public static void Trim()
    {
        if (!s_canTrim) return;
        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            s_canTrim = false;
        }
    }

    /// <summary>malloc_trim(3).</summary>
    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
