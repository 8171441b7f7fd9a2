using System.Diagnostics;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.ScratchMemory;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.SortedSets;

/// <summary>
/// From a member to its block: the hash table of a big sorted set, on a <see cref="BucketDirectory"/>.
/// <code>
///   slot     | entries (16 bits) | address of the bucket (48 bits) |
///   bucket   | entry | entry | ...    8 bytes each, room for an even number
///   entry    | block address / 8 (44 bits) | hash bits 12 to 31 (20 bits) |    see HashedPointer
/// </code>
/// A bucket is as large as its entries. So a member costs 8 bytes here and its share of a slot, at any number of members.
/// </summary>
/// <remarks>Blittable. It is started before anything else. The owner has the blocks; the table only leads to them.</remarks>
unsafe struct MemberTable
{
    /// <summary>
    /// Entries a bucket at which the table doubles, and at which it halves: at most two cache lines on average.
    /// </summary>
    const int Full = 14, Low = 4;

    const int CountShift = 48;
    const ulong AddressMask = (1UL << CountShift) - 1;

    BucketDirectory _directory;
    long _bucketBytes;

    /// <summary>Number of members.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes of the arena that the table takes, without the members' blocks.</summary>
    public readonly long Bytes => _directory.Bytes + _bucketBytes;

    /// <summary>Begins an empty table. So many members are added next: they then need no splits.</summary>
    public void Start(Arena arena, long members) => _directory.Start(arena, Full, Low, members);

    /// <summary>The block of a member, or null.</summary>
    public readonly byte* Find(ReadOnlySpan<byte> member, ulong hash)
    {
        var slot = Slot(_directory.BucketOf(hash));
        var entries = EntriesOf(slot);
        var fragment = HashedPointer.FragmentOf(hash);
        for (var i = CountOf(slot) - 1; i >= 0; i--)
        {
            if ((entries[i] & HashedPointer.FragmentMask) != fragment) continue;
            var block = HashedPointer.BlockOf(entries[i]);
            if (ScoredMember.TextOf(block).SequenceEqual(member)) return block;
        }
        return null;
    }

    /// <summary>Adds the block of a member that the table does not have.</summary>
    public void Add(Arena arena, HashSeed seed, ulong hash, byte* block)
    {
        Append(arena, _directory.BucketOf(hash), HashedPointer.Of(block, hash));
        Count++;
        for (var i = 0; i < BucketDirectory.StepsPerChange && _directory.TrySplit(arena, Count, out var split); i++)
            Split(arena, seed, split);
    }

    /// <summary>Removes a block that the table has.</summary>
    public void Remove(Arena arena, ulong hash, byte* block)
    {
        var bucket = _directory.BucketOf(hash);
        var slot = Slot(bucket);
        var entries = EntriesOf(slot);
        var count = CountOf(slot);
        var at = 0;
        while (HashedPointer.BlockOf(entries[at]) != block) at++;
        Debug.Assert(at < count);
        entries[at] = entries[count - 1];
        Shorten(arena, bucket, count - 1);
        Count--;
        for (var i = 0; i < BucketDirectory.StepsPerChange && _directory.TryMerge(Count, out var merge); i++)
        {
            // Without memory for it, the table stays as large as it is.
            if (!TryMerge(arena, merge)) return;
            _directory.EndMerge(arena);
        }
    }

    /// <summary>Joins two buckets. The slot of the second is dropped next.</summary>
    bool TryMerge(Arena arena, in BucketMerge merge)
    {
        var from = Slot(merge.From);
        var to = Slot(merge.To);
        var (moving, had) = (CountOf(from), CountOf(to));
        if (moving == 0) return true;
        var joined = (ulong*)arena.TryAllocate(BytesFor(had + moving));
        if (joined == null) return false;
        _bucketBytes += (long)Arena.SizeOf((byte*)joined);
        if (had > 0)
        {
            new ReadOnlySpan<ulong>(EntriesOf(to), had).CopyTo(new Span<ulong>(joined, had));
            FreeBucket(arena, to);
        }
        new ReadOnlySpan<ulong>(EntriesOf(from), moving).CopyTo(new Span<ulong>(joined + had, moving));
        FreeBucket(arena, from);
        SetSlot(merge.To, joined, had + moving);
        return true;
    }

    /// <summary>Bytes of a bucket of so many entries: room for an even number.</summary>
    static nuint BytesFor(int count) => (nuint)((count + 1) & ~1) * sizeof(ulong);

    /// <summary>
    /// One step of a scan: appends the blocks of one bucket to <paramref name="blocks"/>. Returns the next cursor, 0 at the end.
    /// </summary>
    public readonly ulong Scan(ulong cursor, ref ScratchList<nint> blocks)
    {
        var next = _directory.Scan(cursor, out var bucket);
        var slot = Slot(bucket);
        for (var i = 0; i < CountOf(slot); i++) blocks.Add((nint)HashedPointer.BlockOf(EntriesOf(slot)[i]));
        return next;
    }

    /// <summary>Notes that the block of a member has moved.</summary>
    public readonly void Redirect(ulong hash, byte* from, byte* to)
    {
        var entries = EntriesOf(Slot(_directory.BucketOf(hash)));
        while (HashedPointer.BlockOf(*entries) != from) entries++;
        *entries = HashedPointer.Redirect(*entries, to);
    }

    /// <summary>
    /// Moves buckets, in the order of a scan, as far as they are to be moved. True at the end. <see cref="MoveDirectory"/> moves
    /// the directory's own blocks.
    /// </summary>
    public readonly bool MoveSome(BlockMover mover, ref MovePosition position)
    {
        do
        {
            if (mover.IsSpent) return false;
            position.Cursor = _directory.Scan(position.Cursor, out var bucket);
            var slot = Slot(bucket);
            var entries = EntriesOf(slot);
            if (CountOf(slot) == 0) mover.Spend(1);
            else if (mover.TryMove(ref entries)) SetSlot(bucket, entries, CountOf(slot));
        }
        while (position.Cursor != 0);
        return true;
    }

    public void MoveDirectory(BlockMover mover) => _directory.MoveBlocks(mover);

    /// <summary>
    /// Frees the table, but not the blocks: at most <paramref name="budget"/> buckets. True once nothing is left.
    /// </summary>
    public bool FreeSome(Arena arena, ref int budget)
    {
        while (_directory.Count > 0)
        {
            if (--budget < 0) return false;
            var slot = (ulong)_directory.TakeLast(arena);
            if (CountOf(slot) > 0) FreeBucket(arena, slot);
        }
        return true;
    }

    /// <exception cref="InvalidOperationException">An invariant does not hold.</exception>
    public readonly void Verify(HashSeed seed)
    {
        long count = 0, bytes = 0;
        _directory.Verify(Count);
        for (var bucket = 0u; bucket < _directory.Count; bucket++)
        {
            var slot = Slot(bucket);
            count += CountOf(slot);
            if (CountOf(slot) > 0) bytes += (long)Arena.SizeOf((byte*)EntriesOf(slot));
            for (var i = 0; i < CountOf(slot); i++)
            {
                var entry = EntriesOf(slot)[i];
                var hash = SipHash13.Hash(ScoredMember.TextOf(HashedPointer.BlockOf(entry)), seed);
                Invariant.Require(_directory.BucketOf(hash) == bucket, "a member is in another bucket than its hash says");
                Invariant.Require((entry & HashedPointer.FragmentMask) == HashedPointer.FragmentOf(hash), "an entry's hash bits are wrong");
            }
        }
        Invariant.Require(count == Count, "the count of members is wrong");
        Invariant.Require(bytes == _bucketBytes, "the bytes of buckets are wrong");
    }

    readonly ulong Slot(uint bucket) => (ulong)_directory[bucket];

    static int CountOf(ulong slot) => (int)(slot >> CountShift);

    static ulong* EntriesOf(ulong slot) => (ulong*)(slot & AddressMask | AddressSpace.Prefix);

    readonly void SetSlot(uint bucket, ulong* entries, int count) =>
        _directory[bucket] = count == 0 ? null : (byte*)((ulong)entries & AddressMask | (ulong)count << CountShift);

    void Append(Arena arena, uint bucket, ulong entry)
    {
        var slot = Slot(bucket);
        var count = CountOf(slot);
        var entries = EntriesOf(slot);
        if (count % 2 == 0)
        {
            var larger = (ulong*)arena.Allocate(BytesFor(count + 2));
            _bucketBytes += (long)Arena.SizeOf((byte*)larger);
            if (count > 0)
            {
                new ReadOnlySpan<ulong>(entries, count).CopyTo(new Span<ulong>(larger, count));
                FreeBucket(arena, slot);
            }
            entries = larger;
        }
        entries[count] = entry;
        SetSlot(bucket, entries, count + 1);
    }

    /// <summary>Keeps the first entries of a bucket, in a block no larger than they need if there is memory for one.</summary>
    void Shorten(Arena arena, uint bucket, int count)
    {
        var slot = Slot(bucket);
        var entries = EntriesOf(slot);
        if ((CountOf(slot) + 1) / 2 == (count + 1) / 2)
        {
            SetSlot(bucket, entries, count);
            return;
        }
        var smaller = (ulong*)null;
        if (count > 0)
        {
            smaller = (ulong*)arena.TryAllocate(BytesFor(count));
            if (smaller == null)
            {
                SetSlot(bucket, entries, count);
                return;
            }
            _bucketBytes += (long)Arena.SizeOf((byte*)smaller);
            new ReadOnlySpan<ulong>(entries, count).CopyTo(new Span<ulong>(smaller, count));
        }
        FreeBucket(arena, slot);
        SetSlot(bucket, smaller, count);
    }

    void Split(Arena arena, HashSeed seed, in BucketSplit split)
    {
        var slot = Slot(split.From);
        var entries = EntriesOf(slot);
        var kept = 0;
        for (var i = 0; i < CountOf(slot); i++)
        {
            var entry = entries[i];
            var moves = split.Bit >= HashedPointer.FragmentShift
                ? (entry >> split.Bit - HashedPointer.FragmentShift & 1) != 0
                : (SipHash13.Hash(ScoredMember.TextOf(HashedPointer.BlockOf(entry)), seed) >> split.Bit & 1) != 0;
            if (moves) Append(arena, split.To, entry);
            else entries[kept++] = entry;
        }
        Shorten(arena, split.From, kept);
    }

    void FreeBucket(Arena arena, ulong slot)
    {
        _bucketBytes -= (long)Arena.SizeOf((byte*)EntriesOf(slot));
        arena.Free((byte*)EntriesOf(slot));
    }
}
