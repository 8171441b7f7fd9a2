using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Packed;

/// <summary>
/// A listpack in a block of the arena with <paramref name="head"/> bytes of its owner's in front of it: the node of a list or of
/// a stream.
/// </summary>
public unsafe struct ArenaBlock(Arena arena, byte* block, int head = 0) : IPackedOwner
{
    /// <summary>The block; it may be another one after each change.</summary>
    public byte* Block { get; private set; } = block;

    /// <inheritdoc/>
    public readonly byte* Start => Block + head;

    readonly nuint Used => (nuint)(head + Listpack.Bytes(Start));

    /// <summary>A block with an empty listpack and room for <paramref name="capacity"/> bytes of it.</summary>
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
        // A block that is more than half empty is worth a copy.
        if (insert < remove && size < capacity / 2) Block = arena.Resize(Block, size, size);
        return Start;
    }

    /// <inheritdoc/>
    public void Reserve(int moreBytes)
    {
        var used = Used;
        if (used + (nuint)moreBytes > Arena.SizeOf(Block)) Block = arena.Resize(Block, used, used + (nuint)moreBytes);
    }
}
