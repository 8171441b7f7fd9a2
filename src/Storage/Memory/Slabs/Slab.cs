using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Memory.Slabs;

enum SlabState : byte
{
    /// <summary>Not in use, or the second or later slab of a span.</summary>
    Unused,

    /// <summary>The slab its class allocates from.</summary>
    Current,

    /// <summary>Has free blocks; in its class's list.</summary>
    Partial,

    /// <summary>All blocks in use; in no list.</summary>
    Full,

    /// <summary>
    /// Defragmentation empties it by moving its blocks (see Arena.Evacuation.cs). Has free blocks; in its class's list of such
    /// slabs.
    /// </summary>
    Evacuating,

    /// <summary>The first slab of a block larger than half a slab.</summary>
    Span,

    /// <summary>The only block of a mapping of its own.</summary>
    Dedicated,
}

/// <summary>What the arena knows about a slab: a cache line in the table at the start of the slab's region.</summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
unsafe struct Slab
{
    public const int Size = 64;

    /// <summary>Freed blocks; each holds the address of the next in its first 8 bytes.</summary>
    public byte* FreeList;

    /// <summary>From here to <see cref="BumpEnd"/> no block was ever handed out, so the pages may be untouched.</summary>
    public byte* Bump;

    public byte* BumpEnd;

    /// <summary>Bytes of each block; in a span or a dedicated mapping, of its only block.</summary>
    public nuint BlockSize;

    public Slab* Previous;
    public Slab* Next;

    /// <summary>In a span, its slabs; in a dedicated mapping, its bytes, its own table included.</summary>
    public nuint Extent;

    /// <summary>Blocks in use.</summary>
    public ushort Used;

    public byte SizeClass;
    public SlabState State;

    /// <summary>Number of the region in its arena.</summary>
    public int Region;
}
