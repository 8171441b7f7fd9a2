using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>
/// The spine of the hash tables that hold the elements of one collection: an array of pointers to buckets, which grows and
/// shrinks by linear hashing (Litwin, 1980) as KeyIndex does. Only the owner knows what a bucket is. The directory says which
/// bucket a hash belongs to, which two buckets to split or merge and when, and how a scan and a random choice proceed.
/// <code>
///   slots     [ byte* ][ byte* ][ byte* ] ...  8 bytes a bucket, in segments (LineArray); null: the bucket is empty
///
///             [ split: L+1 hash bits ][ not yet split: L bits ][ the other halves: L+1 bits ]
///             0                  split                     2^L                    2^L + split
/// </code>
/// It waits until the load is <c>full</c> elements a bucket, then doubles in one round, two buckets an insert. So between rounds
/// all buckets are alike, and no insert waits for more than two splits. Shrinking does the same backwards, from <c>low</c> on.
/// </summary>
/// <remarks>
/// Blittable: it lives in an arena block, and copying it moves it. A default one has no buckets. The owner keeps the count of
/// elements. After each change of the count it runs a loop, which drives the table:
/// <code>
///   for (var i = 0; i &lt; BucketDirectory.StepsPerChange &amp;&amp; directory.TrySplit(arena, count, out var split); i++) ...
///       every element of bucket split.From whose hash has bit split.Bit set goes to bucket split.To, which is empty
///   for (var i = 0; i &lt; BucketDirectory.StepsPerChange &amp;&amp; directory.TryMerge(count, out var merge); i++) ...
///       every element of bucket merge.From goes to bucket merge.To; then directory.EndMerge(arena), which makes it so
/// </code>
/// References to slots are valid until the next split or merge.
/// </remarks>
unsafe struct BucketDirectory
{
    /// <summary>Splits or merges after one change. Two, so that a round is over long before the next one is due.</summary>
    public const int StepsPerChange = 2;

    const int SlotsPerLine = 8;

    enum Direction : byte
    {
        Steady,
        Growing,
        Shrinking,
    }

    LineArray _slots;
    uint _mask;
    uint _split;
    long _growAt;
    long _shrinkAt;
    byte _full;
    byte _low;
    Direction _direction;

    /// <summary>Number of buckets; 0 before <see cref="Start"/> and after the last was taken.</summary>
    public uint Count { get; private set; }

    /// <summary>Bytes taken of the arena.</summary>
    public readonly long Bytes => _slots.Bytes;

    /// <summary>The pointer to a bucket; null if the bucket is empty.</summary>
    public readonly ref byte* this[uint bucket]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(bucket < Count);
            return ref *SlotOf(bucket);
        }
    }

    /// <summary>The address of that pointer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly byte** SlotOf(uint bucket) => (byte**)_slots[bucket / SlotsPerLine] + bucket % SlotsPerLine;

    /// <summary>Creates the first buckets, empty.</summary>
    /// <param name="arena">The arena for the directory's memory; the same in every later call.</param>
    /// <param name="full">Elements a bucket at which the table doubles.</param>
    /// <param name="low">Elements a bucket at which it halves. Well below half of <paramref name="full"/>, or the table would
    /// thrash.</param>
    /// <param name="elements">How many elements are added next: they then need no splits.</param>
    public void Start(Arena arena, int full, int low, long elements = 0)
    {
        Debug.Assert(Count == 0 && full <= byte.MaxValue && low < full / 2);
        _full = (byte)full;
        _low = (byte)low;
        var buckets = Math.Min(1L << 31, (long)BitOperations.RoundUpToPowerOf2((ulong)(elements / full + 1)));
        while (Count < buckets) AddSlot(arena);
        _mask = Count - 1;
        _split = 0;
        _direction = Direction.Steady;
        SetThresholds();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint BucketOf(ulong hash)
    {
        var bucket = (uint)hash & _mask;
        return bucket < _split ? (uint)hash & (_mask * 2 + 1) : bucket;
    }

    /// <summary>One step of growth, if the table of <paramref name="elements"/> elements needs one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TrySplit(Arena arena, long elements, out BucketSplit split)
    {
        if (elements > _growAt || _direction == Direction.Growing) return SplitNext(arena, out split);
        split = default;
        return false;
    }

    /// <summary>
    /// One step of shrinking, if it is due. The caller joins the two buckets and then calls <see cref="EndMerge"/>. If it does
    /// neither, because it gets no memory for it, nothing has changed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool TryMerge(long elements, out BucketMerge merge)
    {
        // A round that has begun is finished, unless the table has filled up meanwhile.
        var isDue = elements < _shrinkAt || _direction == Direction.Shrinking && elements < _growAt / 2;
        merge = isDue ? MergeOfLast() : default;
        return isDue;
    }

    /// <summary>Drops the last bucket, whose elements have been moved to another.</summary>
    public void EndMerge(Arena arena)
    {
        if (_split == 0)
        {
            _mask >>= 1;
            _split = _mask + 1;
        }
        _split--;
        _direction = _split == 0 ? Direction.Steady : Direction.Shrinking;
        RemoveSlot(arena);
        SetThresholds();
    }

    /// <summary>
    /// One step of a scan: the bucket to show for <paramref name="cursor"/>, and the cursor of the next step, 0 after the last.
    /// An element that is in the table from the first step to the last is shown, whatever is split and merged in between.
    /// </summary>
    public readonly ulong Scan(ulong cursor, out uint bucket)
    {
        ulong bits = _mask;
        if (((uint)cursor & _mask) < _split) bits = bits * 2 + 1;
        bucket = (uint)(cursor & bits);
        return ScanCursor.Next(cursor, bits);
    }

    /// <summary>
    /// A random bucket, each as likely as the others. For a fair element, the caller also draws a place below a bound on the
    /// sizes of all buckets, and draws both again if the bucket has no such place.
    /// </summary>
    public readonly uint RandomBucket(Random random) => (uint)random.NextInt64(Count);

    /// <summary>Takes the last bucket out, to empty the table. With the last one the directory's memory is given back.</summary>
    public byte* TakeLast(Arena arena)
    {
        var bucket = this[Count - 1];
        RemoveSlot(arena);
        if (Count == 0) Free(arena);
        return bucket;
    }

    /// <summary>Moves the directory's own blocks. The owner moves the buckets.</summary>
    public void MoveBlocks(BlockMover mover) => _slots.MoveBlocks(mover);

    /// <summary>Gives the directory's own memory back. It is then as new.</summary>
    public void Free(Arena arena)
    {
        _slots.Clear(arena);
        this = default;
    }

    /// <summary>A directory with as many buckets, all empty, in the same state of growth: for copies.</summary>
    public readonly BucketDirectory CopyShape(Arena arena)
    {
        var copy = this;
        copy._slots = default;
        copy.Count = 0;
        while (copy.Count < Count) copy.AddSlot(arena);
        return copy;
    }

    /// <exception cref="InvalidOperationException">An invariant does not hold.</exception>
    public readonly void Verify(long elements)
    {
        Invariant.Require(Count == _mask + 1 + _split, "the number of buckets is wrong");
        Invariant.Require(_split <= _mask, "more buckets are split than there are");
        Invariant.Require((_split == 0) == (_direction == Direction.Steady), "a round neither stands still nor goes on");
        Invariant.Require(elements <= _growAt || _direction == Direction.Growing, "the table is too full");
        Invariant.Require(_slots.Count == (Count + SlotsPerLine - 1) / SlotsPerLine, "the number of lines is wrong");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    bool SplitNext(Arena arena, out BucketSplit split)
    {
        split = default;
        // 2^32 buckets: memory has no room for more elements.
        if (_mask >= uint.MaxValue >> 1) return false;
        _direction = Direction.Growing;
        split = new(_split, Count, BitOperations.Log2(_mask + 1));
        AddSlot(arena);
        if (++_split > _mask)
        {
            _mask = _mask * 2 + 1;
            _split = 0;
            _direction = Direction.Steady;
        }
        SetThresholds();
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    readonly BucketMerge MergeOfLast()
    {
        Debug.Assert(Count > 1);
        return new(Count - 1, (_split == 0 ? (_mask >> 1) + 1 : _split) - 1);
    }

    void SetThresholds()
    {
        _growAt = (long)Count * _full;
        // The only bucket stays.
        _shrinkAt = Count == 1 ? 0 : (long)Count * _low;
    }

    void AddSlot(Arena arena)
    {
        if (Count % SlotsPerLine == 0) _slots.Add(arena);
        Count++;
        this[Count - 1] = null;
    }

    void RemoveSlot(Arena arena)
    {
        if (--Count % SlotsPerLine == 0) _slots.RemoveLast(arena);
    }
}

/// <summary>Elements of bucket <see cref="From"/> whose hash has bit <see cref="Bit"/> set go to bucket <see cref="To"/>.</summary>
readonly record struct BucketSplit(uint From, uint To, int Bit);

/// <summary>All elements of bucket <see cref="From"/> go to bucket <see cref="To"/>.</summary>
readonly record struct BucketMerge(uint From, uint To);
