using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage;

/// <summary>
/// A growing array of 64-byte cache lines, in segments of 4096 lines (256 KB), so that growth never copies what is there. The
/// first segment alone is smaller while the array is, and copied as it doubles: an array of 4 lines takes 256 bytes.
/// <code>
///   directory -> [ segment 0 ][ segment 1 ] ...      line i: segment i >> 12, place i &amp; 4095
/// </code>
/// The directory does get copied: 8 bytes for each 256 KB, 128 KB at 90 million keys.
/// </summary>
/// <remarks>Lines move when the first segment grows or shrinks, so an address of one is good until the next Add or RemoveLast.</remarks>
unsafe struct LineArray
{
    public const int LineSize = 64;
    public const int MinLines = 4;

    const int SegmentShift = 12;
    const uint SegmentLines = 1 << SegmentShift;

    byte** directory;
    uint directoryCapacity;
    uint segments;
    uint firstCapacity;

    /// <summary>Lines in use.</summary>
    public uint Count { get; private set; }

    /// <summary>Bytes taken of the arena.</summary>
    public readonly long Bytes => segments == 0 ? 0
        : directoryCapacity * (long)sizeof(byte*) + (firstCapacity + (segments - 1L) * SegmentLines) * LineSize;

    public readonly byte* this[uint line]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(line < Count);
            return directory[line >> SegmentShift] + (nuint)((line & (SegmentLines - 1)) * LineSize);
        }
    }

    /// <summary>One more line at the end, its contents undefined.</summary>
    public byte* Add(Arena arena)
    {
        if (Count == Capacity) Grow(arena);
        return this[Count++];
    }

    /// <summary>Drops the last line; memory goes back with some slack, so that an array that goes up and down does not thrash.</summary>
    public void RemoveLast(Arena arena)
    {
        Count--;
        if (segments > 1)
        {
            if (Count + SegmentLines / 2 <= (segments - 1) * SegmentLines) arena.Free(directory[--segments]);
        }
        else if (Count <= firstCapacity / 4 && firstCapacity > MinLines)
        {
            ResizeFirst(arena, firstCapacity / 2);
        }
    }

    /// <summary>Gives everything back; the array is as new.</summary>
    public void Clear(Arena arena)
    {
        if (segments == 0) return;
        for (var i = 0u; i < segments; i++) arena.Free(directory[i]);
        arena.Free((byte*)directory);
        this = default;
    }

    readonly uint Capacity => segments == 0 ? 0 : firstCapacity + (segments - 1) * SegmentLines;

    void Grow(Arena arena)
    {
        if (segments == 1 && firstCapacity < SegmentLines)
        {
            ResizeFirst(arena, firstCapacity * 2);
            return;
        }
        if (segments == directoryCapacity)
        {
            var capacity = Math.Max(1, directoryCapacity * 2);
            directory = (byte**)(directory == null
                ? arena.Allocate(capacity * (nuint)sizeof(byte*))
                : arena.Resize((byte*)directory, segments * (nuint)sizeof(byte*), capacity * (nuint)sizeof(byte*)));
            directoryCapacity = capacity;
        }
        if (segments == 0) firstCapacity = MinLines;
        directory[segments] = arena.Allocate((segments == 0 ? MinLines : SegmentLines) * LineSize);
        segments++;
    }

    void ResizeFirst(Arena arena, uint lines)
    {
        directory[0] = arena.Resize(directory[0], Count * LineSize, lines * LineSize);
        firstCapacity = lines;
    }
}
