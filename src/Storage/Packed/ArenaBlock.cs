using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Packed;

/// <summary>
/// A listpack in a block of the arena, with <paramref name="head"/> bytes in front that belong to the owner: the node of a list
/// or a stream.
/// </summary>
public unsafe struct ArenaBlock(Arena arena, byte* block, int head = 0) : IReservingOwner
{
    /// <summary>The block. Each change may replace it by another.</summary>
    public byte* Block { get; private set; } = block;

    /// <inheritdoc/>
    public readonly byte* Start => Block + head;

    readonly nuint Used => (nuint)(head + Listpack.Bytes(Start));

    /// <summary>A block with an empty listpack, which has room for <paramref name="capacity"/> bytes.</summary>
    public static ArenaBlock Create(Arena arena, int capacity, int head = 0)
    {
        var block = arena.Allocate((nuint)(head + Math.Max(capacity, Listpack.EmptySize)));
        Listpack.Empty.CopyTo(new Span<byte>(block + head, Listpack.EmptySize));
        return new(arena, block, head);
    }

    /// <inheritdoc/>
    public byte* Splice(int offset, int remove, int insert)
    {
        var used = Used;
        var size = used + (nuint)insert - (nuint)remove;
        var capacity = Arena.SizeOf(Block);
        if (size > capacity) Block = arena.Resize(Block, used, size);
        var gap = Start + offset;
        var rest = used - (nuint)(head + offset + remove);
        Buffer.MemoryCopy(gap + remove, gap + insert, rest, rest);
        // If more than half of the block is empty, it is worth a copy.
        if (insert < remove && size < capacity / 2) Block = arena.Shrink(Block, size);
        return Start;
    }

    /// <inheritdoc/>
    public void Reserve(int moreBytes)
    {
        var used = Used;
        if (used + (nuint)moreBytes > Arena.SizeOf(Block)) Block = arena.Resize(Block, used, used + (nuint)moreBytes);
    }
}
