using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// A growing array of 64-byte cache lines, in segments of 4096 lines (256 KB), so that growth copies no lines. Only the first
/// segment starts smaller, with one line, and is copied each time it doubles: an array of 4 lines takes 256 bytes.
/// <code>
///   directory -> [ segment 0 ][ segment 1 ] ...      line i: segment i >> 12, place i &amp; 4095
/// </code>
/// The directory is copied as it grows: 8 bytes for each 256 KB, 128 KB at 90 million keys.
/// </summary>
/// <remarks>Lines move when the first segment grows or shrinks: the address of a line is valid until the next Add or
/// RemoveLast.</remarks>
unsafe struct LineArray
{
    public const int LineSize = 64;

    const int SegmentShift = 12;
    const uint SegmentLines = 1 << SegmentShift;

    byte** _directory;
    uint _directoryCapacity;
    uint _segments;
    uint _firstCapacity;

    /// <summary>Lines in use.</summary>
    public uint Count { get; private set; }

    /// <summary>Bytes taken of the arena.</summary>
    public readonly long Bytes => _segments == 0 ? 0
        : _directoryCapacity * (long)sizeof(byte*) + (_firstCapacity + (_segments - 1L) * SegmentLines) * LineSize;

    public readonly byte* this[uint line]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(line < Count);
            return _directory[line >> SegmentShift] + (nuint)((line & (SegmentLines - 1)) * LineSize);
        }
    }

    /// <summary>Adds a line at the end, its contents undefined.</summary>
    public byte* Add(Arena arena)
    {
        if (Count == Capacity) Grow(arena);
        return this[Count++];
    }

    /// <summary>
    /// Drops the last line. Memory goes back with some slack, so that an array that grows and shrinks in turns does not thrash.
    /// </summary>
    public void RemoveLast(Arena arena)
    {
        Count--;
        if (_segments > 1)
        {
            if (Count + SegmentLines / 2 <= (_segments - 1) * SegmentLines) arena.Free(_directory[--_segments]);
        }
        else if (Count <= _firstCapacity / 4 && _firstCapacity > 1)
        {
            var bytes = _firstCapacity / 2 * LineSize;
            _directory[0] = arena.Shrink(_directory[0], bytes);
            // Without memory for a smaller segment, the larger one stays.
            if (Arena.SizeOf(_directory[0]) == bytes) _firstCapacity /= 2;
        }
    }

    /// <summary>Makes room for one more line. False, and nothing changes, if memory for it is refused.</summary>
    public bool TryMakeRoom(Arena arena)
    {
        if (Count < Capacity) return true;
        try
        {
            Grow(arena);
            return true;
        }
        catch (MemoryRefusedException)
        {
            return false;
        }
    }

    /// <summary>Gives everything back; the array is as new.</summary>
    public void Clear(Arena arena)
    {
        if (_segments == 0) return;
        for (var i = 0u; i < _segments; i++) arena.Free(_directory[i]);
        arena.Free((byte*)_directory);
        this = default;
    }

    /// <summary>Moves the blocks that lie in slabs: the directory, and the first segment while that is small.</summary>
    public void MoveBlocks(BlockMover mover)
    {
        if (_segments == 0) return;
        var directory = (byte*)_directory;
        if (mover.TryMove(ref directory)) _directory = (byte**)directory;
        mover.TryMove(ref _directory[0]);
    }

    readonly uint Capacity => _segments == 0 ? 0 : _firstCapacity + (_segments - 1) * SegmentLines;

    void Grow(Arena arena)
    {
        if (_segments == 1 && _firstCapacity < SegmentLines)
        {
            _directory[0] = arena.Resize(_directory[0], Count * LineSize, _firstCapacity * 2 * LineSize);
            _firstCapacity *= 2;
            return;
        }
        if (_segments == _directoryCapacity)
        {
            var capacity = Math.Max(1, _directoryCapacity * 2);
            // Directory and segment one after the other: a larger directory alone does no harm.
            _directory = (byte**)(_directory == null
                ? arena.Allocate(capacity * (nuint)sizeof(byte*))
                : arena.Resize((byte*)_directory, _segments * (nuint)sizeof(byte*), capacity * (nuint)sizeof(byte*)));
            _directoryCapacity = capacity;
        }
        _directory[_segments] = arena.Allocate((_segments == 0 ? 1 : SegmentLines) * LineSize);
        if (_segments++ == 0) _firstCapacity = 1;
    }
}
