using System.Diagnostics;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Replication;

/// <summary>
/// A stream of bytes that several readers read, each at its own pace, kept once: a queue of blocks of native memory. Readers keep a
/// position, the number of bytes before what they read next. A block goes when nobody needs it (<see cref="TrimTo"/>).
/// <code>
///   Start ─────────► blocks ─────────────► End
///         [ 64 KB ][ 64 KB ][ 64 KB ][ 12  ]
///                     ▲         ▲
///                  a reader  another one
/// </code>
/// The idea is Redis 7's, where blocks count their readers. Positions need no counts, and a search by position no index beside the queue.
/// </summary>
/// <param name="start">The position of the first byte.</param>
/// <param name="giveBack">Takes the blocks that are not needed any more; null for the pool.</param>
/// <remarks>One thread at a time.</remarks>
sealed class StreamBlocks(long start, Action<NativeBuffer>? giveBack = null)
{
    readonly record struct Block(NativeBuffer Buffer, long Start);

    readonly Action<NativeBuffer> _giveBack = giveBack ?? ChunkPool.Return;

    // A ring: the first block is at _head.
    Block[] _ring = new Block[16];
    int _head, _count;

    /// <summary>The position of the first byte that is kept.</summary>
    public long Start { get; private set; } = start;

    /// <summary>The position after the last byte.</summary>
    public long End { get; private set; } = start;

    /// <summary>Bytes of memory of the blocks.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>Bytes up to the end of the first block.</summary>
    public long FirstLength => _count == 0 ? 0 : EndOf(0) - Start;

    ref Block At(int index) => ref _ring[(_head + index) & (_ring.Length - 1)];

    long EndOf(int index) => index + 1 < _count ? At(index + 1).Start : End;

    /// <summary>Counts positions from further on: the stream turned out to follow bytes that are not here.</summary>
    public void Shift(long by)
    {
        for (var i = 0; i < _count; i++) At(i) = At(i) with { Start = At(i).Start + by };
        (Start, End) = (Start + by, End + by);
    }

    /// <summary>Appends a copy of the bytes.</summary>
    /// <param name="bytes">Any number.</param>
    /// <param name="blockBytes">The size of a new block.</param>
    /// <exception cref="OutOfMemoryException">The system refuses memory. What fitted is appended.</exception>
    public void Append(ReadOnlySpan<byte> bytes, int blockBytes)
    {
        while (!bytes.IsEmpty)
        {
            var room = Room();
            if (room.IsEmpty)
            {
                Add(ChunkPool.Rent(blockBytes));
                room = Room();
            }
            var taken = Math.Min(room.Length, bytes.Length);
            bytes[..taken].CopyTo(room);
            End += taken;
            bytes = bytes[taken..];
        }
    }

    /// <summary>Appends a block with its first <paramref name="length"/> bytes, and owns it from here on.</summary>
    public void Append(NativeBuffer block, int length)
    {
        Add(block);
        End += length;
    }

    Span<byte> Room()
    {
        if (_count == 0) return default;
        ref var last = ref At(_count - 1);
        return last.Buffer.GetSpan()[(int)(End - last.Start)..];
    }

    void Add(NativeBuffer block)
    {
        if (_count == _ring.Length)
        {
            var larger = new Block[_ring.Length * 2];
            for (var i = 0; i < _count; i++) larger[i] = At(i);
            (_ring, _head) = (larger, 0);
        }
        _count++;
        At(_count - 1) = new Block(block, End);
        MemoryBytes += block.Capacity;
    }

    /// <summary>The bytes from a position on, as far as they lie in one block; empty at the end.</summary>
    public ReadOnlySpan<byte> From(long position)
    {
        Debug.Assert(position >= Start && position <= End);
        if (position == End) return default;
        // The last block that begins at or before the position.
        int low = 0, high = _count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (At(middle).Start <= position) low = middle;
            else high = middle - 1;
        }
        ref var block = ref At(low);
        return block.Buffer.GetSpan()[(int)(position - block.Start)..(int)(EndOf(low) - block.Start)];
    }

    /// <summary>Gives back the blocks that end at or before a position.</summary>
    public void TrimTo(long position)
    {
        while (_count > 0 && EndOf(0) <= position && Start < End)
        {
            var block = At(0);
            Start = EndOf(0);
            At(0) = default;
            _head = (_head + 1) & (_ring.Length - 1);
            _count--;
            MemoryBytes -= block.Buffer.Capacity;
            _giveBack(block.Buffer);
        }
    }

    /// <summary>Gives every block back.</summary>
    public void Free()
    {
        for (var i = 0; i < _count; i++) _giveBack(At(i).Buffer);
        (_count, MemoryBytes) = (0, 0);
        Start = End;
    }
}
