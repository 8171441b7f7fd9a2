using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// Address space from the operating system: reserved in large aligned pieces, backed by memory when first touched.
/// </summary>
/// <remarks>
/// Safe to call from any thread. The results of calls that only give memory back are ignored: they fail for wrong arguments
/// alone, and then the memory is just not given back.
/// </remarks>
static unsafe partial class NativePages
{
    /// <summary>A twentieth of a millisecond of the kernel's time.</summary>
    const nuint DiscardedAtOnce = 1 << 20;

    public const int PageSize = 4096;

    const int ReadWrite = 1 | 2;
    const int MayMoveToFixed = 1 | 2;
    const int MadviseDontNeed = 4;
    const int MadviseFree = 5;

    // MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE: the numbers differ between Linux and the BSD family.
    static readonly int MapFlags = OperatingSystem.IsLinux() ? 0x2 | 0x20 | 0x4000 : 0x2 | 0x1000 | 0x40;
    static readonly bool IsWindows = OperatingSystem.IsWindows();

    // Of the process, as its address space is.
    static int s_releasing;

    static readonly nuint s_prefix = AddressSpace.Prefix = FindPrefix();

    /// <summary>
    /// Zeroed pages at a multiple of <paramref name="alignment"/>; null if the system has no more address space, or no memory to
    /// promise.
    /// </summary>
    public static byte* TryReserve(nuint size, nuint alignment)
    {
        if (IsWindows) return ReserveOnWindows(size, alignment);

        // Reserve twice as much and cut the ends off: mmap itself aligns to pages only.
        var raw = MMap(null, size + alignment, ReadWrite, MapFlags, -1, 0);
        if (raw == (byte*)-1) return null;
        var start = (byte*)(((nuint)raw + alignment - 1) & ~(alignment - 1));
        var head = (nuint)(start - raw);
        if (head > 0) MUnmap(raw, head);
        if (alignment > head) MUnmap(start + size, alignment - head);
        return start;
    }

    /// <summary>As <see cref="TryReserve"/>, for memory whose blocks are named by 47 bits.</summary>
    public static byte* TryReserveNamed(nuint size, nuint alignment)
    {
        var start = TryReserve(size, alignment);
        if (start == null || PrefixOf(start) == s_prefix) return start;
        Release(start, size);
        return null;
    }

    static nuint FindPrefix()
    {
        var probe = TryReserve(PageSize, PageSize);
        if (probe == null) throw new MemoryRefusedException(PageSize);
        Release(probe, PageSize);
        return PrefixOf(probe);
    }

    static nuint PrefixOf(byte* address) => (nuint)address >> 47 << 47;

    /// <summary>Ends a reservation, whole.</summary>
    public static void Release(byte* start, nuint size)
    {
        if (IsWindows) VirtualFree(start, 0, 0x8000 /* MEM_RELEASE */);
        else MUnmap(start, size);
    }

    /// <summary>Ends a reservation. First gives its memory back gently.</summary>
    public static void ReleaseGently(byte* start, nuint size)
    {
        DiscardGently(start, size);
        Release(start, size);
    }

    /// <summary>
    /// As <see cref="Discard"/>, in pieces, and offers the processor to others between them. 64 MB in one call take the kernel three
    /// milliseconds. Another thread, perhaps the executor, would have to wait that long if it wakes up on the same processor, or changes the
    /// process's mappings, as the collected heap does when it grows.
    /// </summary>
    public static void DiscardGently(byte* start, nuint size)
    {
        for (nuint done = 0; done < size; done += DiscardedAtOnce)
        {
            Discard(start + done, Math.Min(DiscardedAtOnce, size - done));
            Thread.Yield();
        }
    }

    /// <summary>Something is going to be unmapped on another thread. Each call is followed by <see cref="EndRelease"/>.</summary>
    public static void BeginRelease() => Interlocked.Increment(ref s_releasing);

    public static void EndRelease() => Interlocked.Decrement(ref s_releasing);

    /// <summary>Waits for what other threads unmap. False if there is nothing to wait for.</summary>
    public static bool AwaitReleases()
    {
        if (Volatile.Read(ref s_releasing) == 0) return false;
        var spin = new SpinWait();
        while (Volatile.Read(ref s_releasing) > 0) spin.SpinOnce();
        return true;
    }

    /// <summary>Gives back the memory of whole pages. They stay reserved; their contents are lost.</summary>
    public static void Discard(byte* start, nuint size)
    {
        if (IsWindows) DiscardVirtualMemory(start, size);
        else MAdvise(start, size, OperatingSystem.IsLinux() ? MadviseDontNeed : MadviseFree);
    }

    /// <summary>Moves a reservation to a larger one without copying, if the system can (Linux moves page tables only).</summary>
    public static bool TryMove(byte* start, nuint size, byte* target, nuint targetSize) =>
        OperatingSystem.IsLinux() && MRemap(start, size, targetSize, MayMoveToFixed, target) == target;

    static byte* ReserveOnWindows(nuint size, nuint alignment)
    {
        // Windows cannot cut a reservation: find a large enough hole, then claim the aligned part of it. Another thread may take
        // the hole in between, so try again.
        for (var attempt = 0; attempt < 16; attempt++)
        {
            var probe = VirtualAlloc(null, size + alignment, 0x2000 /* MEM_RESERVE */, 0x04 /* PAGE_READWRITE */);
            if (probe == null) break;
            VirtualFree(probe, 0, 0x8000);
            var start = (byte*)(((nuint)probe + alignment - 1) & ~(alignment - 1));
            if (VirtualAlloc(start, size, 0x3000 /* MEM_RESERVE | MEM_COMMIT */, 0x04) == start) return start;
        }
        return null;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* MMap(byte* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial void MUnmap(byte* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial void MAdvise(byte* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mremap")]
    private static partial byte* MRemap(byte* address, nuint oldLength, nuint newLength, int flags, byte* target);

    [LibraryImport("kernel32", EntryPoint = "VirtualAlloc")]
    private static partial byte* VirtualAlloc(byte* address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32", EntryPoint = "VirtualFree")]
    private static partial void VirtualFree(byte* address, nuint size, uint type);

    [LibraryImport("kernel32", EntryPoint = "DiscardVirtualMemory")]
    private static partial void DiscardVirtualMemory(byte* address, nuint size);
}
