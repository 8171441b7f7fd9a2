using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Buffers;

/// <summary>
/// Native memory of buffers: input, output, queued requests, units of effects, and whatever else grows with traffic. An arena of its own
/// behind a lock, since buffers move between threads. It decays as the arena of the keys does: memory of free slabs goes back to the
/// system by and by, and large blocks at once.
/// <para>
/// Rejected: arrays. The server allocates next to nothing on the collected heap, so nothing ever collects it, and a burst of output would
/// stay resident for good. Also rejected: malloc. It keeps what lies below the highest block in use, and it keeps that for each thread.
/// </para>
/// </summary>
/// <remarks>
/// Any thread. One for the process, as a heap is: a buffer counts where its owner counts it. A block belongs to the one object that
/// allocated it, <see cref="NativeWriter"/> or the transport's NativeBuffer, and only this object knows its address.
/// </remarks>
static unsafe class BufferMemory
{
    /// <summary>
    /// Each second, one in so many of the unused slabs gives its memory back: of a gigabyte, all but 30 MB are gone after five
    /// seconds. That is faster than for the memory of keys, since a client that did not read its replies is an exception.
    /// </summary>
    const int GivenBackPart = 2;

    static readonly Lock s_lock = new();

    /// <summary>
    /// A long request is freed just before its reply takes as much: at most one of the two is to be resident. Copying it took longer than
    /// unmapping it.
    /// </summary>
    static readonly Arena s_arena = new() { UnmapsAtOnce = true };

    /// <summary>Bytes of the blocks in use and of those that wait in a pool.</summary>
    public static long AllocatedBytes
    {
        get { lock (s_lock) return s_arena.UsedBytes; }
    }

    /// <summary>Bytes of them that have memory: see <see cref="Arena.ResidentBytes"/>.</summary>
    public static long ResidentBytes
    {
        get { lock (s_lock) return s_arena.ResidentBytes; }
    }

    /// <summary>A block of at least <paramref name="bytes"/>, 8-byte aligned. Its contents are undefined.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public static byte* Allocate(int bytes)
    {
        lock (s_lock) return s_arena.Allocate((nuint)bytes);
    }

    /// <summary>Makes a block larger or smaller and keeps its first <paramref name="used"/> bytes. Large ones move without a copy.</summary>
    /// <param name="block">The block; null to allocate one. Not valid any more on return.</param>
    /// <param name="used">Bytes to keep, as far as the new size goes.</param>
    /// <param name="bytes">The new size.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left. The block is as it was.</exception>
    public static byte* Resize(byte* block, int used, int bytes)
    {
        lock (s_lock) return block == null ? s_arena.Allocate((nuint)bytes) : s_arena.Resize(block, (nuint)used, (nuint)bytes);
    }

    /// <summary>Takes a block back.</summary>
    /// <param name="block">The block; null does nothing.</param>
    /// <param name="size">Its size, for Debug builds, which make its contents unusable.</param>
    public static void Free(byte* block, int size)
    {
        if (block == null) return;
        Poison(block, size);
        lock (s_lock) s_arena.Free(block);
    }

    /// <summary>Gives back a part of the unused memory. To be called about once a second.</summary>
    public static void GiveBackIdle()
    {
        lock (s_lock) s_arena.GiveBackIdle(GivenBackPart);
    }

    /// <summary>Gives back all memory that is not in use.</summary>
    public static void Purge()
    {
        lock (s_lock) s_arena.Purge();
    }

    /// <summary>What is read from a block after it was freed is to be noticed. (A large one loses its pages anyway.)</summary>
    [System.Diagnostics.Conditional("DEBUG")]
    public static void Poison(byte* block, int size)
    {
        const int Most = 64 * 1024;
        const byte Dead = 0xDD;
        new Span<byte>(block, Math.Min(size, Most)).Fill(Dead);
    }
}
