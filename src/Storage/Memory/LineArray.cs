using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// A growing array of 64-byte cache lines, in segments of 4096 lines (256 KB), so that growth copies no lines. Only the first
/// segment starts smaller, with one line, and is copied each time it doubles: an array of 4 lines takes 256 bytes.
/// <code>
///   first     -> [ segment 0 ]                       while there is no other
///   directory -> [ segment 0 ][ segment 1 ] ...      line i: segment i >> 12, place i &amp; 4095
/// </code>
/// The directory is copied as it grows: 8 bytes for each 256 KB, 128 KB at 90 million keys. A single segment has none: a node of a
/// cluster has thousands of small arrays, and each load on the way to a line would be a cache miss.
/// </summary>
/// <remarks>Lines move when the first segment grows or shrinks: the address of a line is valid until the next Add or
/// RemoveLast.</remarks>
unsafe struct LineArray
{
    public const int LineSize = 64;

    const int SegmentShift = 12;
    const uint SegmentLines = 1 << SegmentShift;

    // Of all segments; null while there is at most one, which is the first.
    byte** _directory;
    byte* _first;
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
            return _directory == null
                ? _first + (nuint)(line * LineSize)
                : _directory[line >> SegmentShift] + (nuint)((line & (SegmentLines - 1)) * LineSize);
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
            if (Count + SegmentLines / 2 > (_segments - 1) * SegmentLines) return;
            arena.Free(_directory[--_segments]);
            if (_segments == 1) DropDirectory(arena);
        }
        else if (Count <= _firstCapacity / 4 && _firstCapacity > 1)
        {
            var bytes = _firstCapacity / 2 * LineSize;
            _first = arena.Shrink(_first, bytes);
            // Without memory for a smaller segment, the larger one stays.
            if (Arena.SizeOf(_first) == bytes) _firstCapacity /= 2;
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
        while (_segments > 1) arena.Free(_directory[--_segments]);
        if (_directory != null) DropDirectory(arena);
        arena.Free(_first);
        this = default;
    }

    /// <summary>Moves the blocks that lie in slabs: the directory, and the first segment while that is small.</summary>
    public void MoveBlocks(BlockMover mover)
    {
        if (_segments == 0) return;
        if (_directory == null)
        {
            mover.TryMove(ref _first);
            return;
        }
        var directory = (byte*)_directory;
        if (mover.TryMove(ref directory)) _directory = (byte**)directory;
        mover.TryMove(ref _directory[0]);
    }

    readonly uint Capacity => _segments == 0 ? 0 : _firstCapacity + (_segments - 1) * SegmentLines;

    void Grow(Arena arena)
    {
        if (_segments == 0)
        {
            _first = arena.Allocate(LineSize);
            _firstCapacity = 1;
            _segments = 1;
            return;
        }
        if (_segments == 1 && _firstCapacity < SegmentLines)
        {
            _first = arena.Resize(_first, Count * LineSize, _firstCapacity * 2 * LineSize);
            _firstCapacity *= 2;
            return;
        }
        // The segment before its place in the directory: if either is refused, the array is as before.
        var segment = arena.Allocate(SegmentLines * LineSize);
        try
        {
            if (_segments >= _directoryCapacity) GrowDirectory(arena);
        }
        catch (MemoryRefusedException)
        {
            arena.Free(segment);
            throw;
        }
        _directory[_segments++] = segment;
    }

    void GrowDirectory(Arena arena)
    {
        var capacity = Math.Max(2, _directoryCapacity * 2);
        var bytes = capacity * (nuint)sizeof(byte*);
        if (_directory == null)
        {
            _directory = (byte**)arena.Allocate(bytes);
            _directory[0] = _first;
        }
        else
        {
            _directory = (byte**)arena.Resize((byte*)_directory, _segments * (nuint)sizeof(byte*), bytes);
        }
        _directoryCapacity = capacity;
    }

    void DropDirectory(Arena arena)
    {
        _first = _directory[0];
        arena.Free((byte*)_directory);
        _directory = null;
        _directoryCapacity = 0;
    }
}
