using System.Runtime.InteropServices;

namespace MiniRedis.Server.Buffers;

/// <summary>
/// The heap of the C library, in which scripts keep what they make: much of it at once is rare, and blocks of every size come and go. By
/// itself the library keeps freed memory for later, and the more the larger the blocks were.
/// </summary>
static partial class SystemHeap
{
    /// <summary>M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h.</summary>
    const int TrimThreshold = -1, MapThreshold = -3;

    /// <summary>Blocks of this size and more are mapped, and unmapped when they are freed.</summary>
    const int MappedBytes = 1024 * 1024;

    // musl and other systems have no such calls, and keep less.
    static volatile bool s_canTrim = OperatingSystem.IsLinux();

    /// <summary>Bounds what the library keeps at the end of its heaps. Any thread; once is enough.</summary>
    public static void Bound()
    {
        if (!s_canTrim) return;
        try
        {
            _ = MallocOption(MapThreshold, MappedBytes);
            _ = MallocOption(TrimThreshold, 2 * MappedBytes);
        }
        catch (EntryPointNotFoundException)
        {
            s_canTrim = false;
        }
    }

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

    /// <summary>mallopt(3).</summary>
    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallocOption(int parameter, int value);
}
