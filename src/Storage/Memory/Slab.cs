using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Memory;

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

    /// <summary>To be emptied by moving its blocks (see Arena.Evacuation.cs); has free blocks, in a list of its class's for these.</summary>
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

    /// <summary>From here to <see cref="BumpEnd"/> no block was handed out yet, so their pages may be untouched.</summary>
    public byte* Bump;

    public byte* BumpEnd;

    /// <summary>Bytes of each block; of a span or dedicated mapping, of its one block.</summary>
    public nuint BlockSize;

    public Slab* Previous;
    public Slab* Next;

    /// <summary>Slabs of a span; bytes of a dedicated mapping, its own table included.</summary>
    public nuint Extent;

    /// <summary>Blocks in use.</summary>
    public ushort Used;

    public byte SizeClass;
    public SlabState State;

    /// <summary>Number of the region in its arena.</summary>
    public int Region;
}
