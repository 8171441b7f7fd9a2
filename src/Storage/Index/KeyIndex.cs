using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Index.Slots;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>
/// The hash index of a database: from a key to its record.
/// <para>
/// The idea: buckets of one cache line. Each entry has some hash bits, which tell keys apart before a record is touched (F14,
/// Swiss tables; Valkey 8.1's hashtable in this field). The table grows one bucket at a time (Litwin's linear hashing, 1980). A
/// hit costs two cache misses, for bucket and record; a miss costs one.
/// </para>
/// <code>
///   bucket   | entry 0 | entry 1 | ... | entry 6 | link     | bound    |     64 bytes, 64-byte aligned
///              8 bytes                             4 bytes    4 bytes
///   entry    | record address / 8 (44 bits) | hash bits 12 to 31 (20 bits) |     0: free; see HashedPointer
///   link     0, or 1 + number of the overflow bucket that continues the chain
///   bound    the earliest expiry tick of the chain's keys, or lower; in an overflow bucket: the number of its home bucket
/// </code>
/// <para>
/// It differs from Valkey's table in that entries carry 20 hash bits, in the bits of an address that x86-64 and arm64 leave
/// unused. So buckets need no tag array: a line has 7 entries, and a wrong record is touched about once in 100,000 look-ups. From
/// 4096 buckets on, the same bits say where an entry goes when its bucket splits, so growth touches no record. And there is no
/// second table, as in a table that is rehashed into one twice as large: see KeyIndex.Resize.cs.
/// </para>
/// </summary>
/// <remarks>
/// Used by one thread at a time. Invariants: an entry lies in the chain of the bucket that its hash names. Only the last bucket
/// of a chain has free entries. No overflow bucket is empty, and their array has no holes. A bucket's bound is no later than the
/// deadline of any of its keys. Addresses of entries are valid until the next change.
/// </remarks>
sealed unsafe partial class KeyIndex : IKeyTable
{
    internal const int EntriesPerBucket = 7;

    /// <summary>An index that is not empty has no fewer: 256 bytes.</summary>
    const int MinBuckets = 4;

    readonly IndexSurroundings _shared;
    readonly int _slot;

    LineArray _buckets;
    LineArray _overflow;
    BucketBounds _bounds = new();

    /// <summary>The index does not prepare for more keys than this: 100 million, a gigabyte of buckets.</summary>
    const long MostExpected = 100_000_000;

    // The number that Expect was told, until the first key is added.
    long _expected;

    // Number of buckets: mask + 1 + split. Those below split have been split already; one more hash bit tells them apart.
    uint _mask;
    uint _split;

    /// <summary>Keys that have a deadline. The database keeps the count.</summary>
    public long Expiring;

    /// <summary>Keys that hold a hash with deadlines of fields. The database keeps the count.</summary>
    public long FieldExpiring;

    /// <param name="shared">What it has in common with the other indexes of its keyspace.</param>
    /// <param name="slot">The slot of all its keys, if it is one of a <see cref="SlotIndex"/>.</param>
    public KeyIndex(IndexSurroundings shared, int slot = -1)
    {
        this._shared = shared;
        this._slot = slot;
    }

    public IndexSurroundings Shared => _shared;

    public Arena Arena => _shared.Arena;

    public ExpiryClock Clock => _shared.Clock;

    public HashSeed Seed => _shared.Seed;

    public long Count { get; private set; }

    public long Slots => Bytes == 0 ? 0 : (_mask + 1L + _split) * EntriesPerBucket;

    public long Bytes => _buckets.Bytes + _overflow.Bytes + _bounds.Bytes;

    public ulong HashOf(ReadOnlySpan<byte> key) =>
        _slot < 0 ? SipHash13.Hash(key, Seed) : SlotIndex.HashOf(key, _slot, Seed);

    long IKeyTable.Expiring => Expiring;

    /// <summary>The earliest bound of all; no deadline is earlier.</summary>
    public uint Earliest => _bounds.Earliest;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Record RecordOf(ulong entry) => new(HashedPointer.BlockOf(entry));

    public KeyLookup Find(ReadOnlySpan<byte> key, ulong hash)
    {
        if (Count == 0) return new(hash, default, null);

        var line = (ulong*)_buckets[BucketOf(hash)];
        var fragment = HashedPointer.FragmentOf(hash);
        while (true)
        {
            for (var matches = Match(line, fragment); matches != 0; matches &= matches - 1)
            {
                var entry = line + BitOperations.TrailingZeroCount(matches);
                // A free entry looks like an entry whose fragment is zero.
                if (*entry == 0) continue;
                var record = RecordOf(*entry);
                if (HasKey(record.Block, key)) return new(hash, record, entry);
            }
            var link = Link(line);
            if (link == 0) return new(hash, default, null);
            line = (ulong*)_overflow[link - 1];
        }
    }

    /// <summary>Starts loading the bucket of a hash.</summary>
    public void PrefetchBucket(ulong hash)
    {
        if (Count > 0 && Sse.IsSupported) Sse.Prefetch0(_buckets[BucketOf(hash)]);
    }

    /// <summary>Starts loading the record that a hash most likely leads to. By now the bucket should be loaded.</summary>
    public void PrefetchRecord(ulong hash)
    {
        if (Count == 0 || !Sse.IsSupported) return;
        var line = (ulong*)_buckets[BucketOf(hash)];
        var matches = Match(line, HashedPointer.FragmentOf(hash));
        if (matches == 0) return;
        var record = RecordOf(line[BitOperations.TrailingZeroCount(matches)]).Block;
        // Two lines: a record of 88 bytes starts anywhere within the first. A prefetch of address 0 is harmless.
        Sse.Prefetch0(record);
        Sse.Prefetch0(record + LineArray.LineSize);
    }

    /// <summary>Adds a record whose key is not in the index.</summary>
    public void Insert(ulong hash, byte* block)
    {
        if (Count == 0) Start();
        Append(BucketOf(hash), HashedPointer.Of(block, hash));
        Count++;
        if (Count > _growAt || _direction == Direction.Growing) Grow();
    }

    /// <summary>Removes an entry. The record stays with the caller.</summary>
    public void Remove(ulong hash, ulong* entry)
    {
        RemoveFrom(BucketOf(hash), entry);
        if (--Count == 0) Free();
        else if (Count < _shrinkAt || _direction == Direction.Shrinking) Shrink();
    }

    /// <summary>Gives the index's memory back. It is then as new.</summary>
    public void Free()
    {
        _buckets.Clear(Arena);
        _overflow.Clear(Arena);
        _bounds.Clear(Arena);
        _mask = _split = 0;
        _growAt = _shrinkAt = 0;
        _direction = Direction.Steady;
    }

    /// <summary>Removes one bucket and returns its records, at most 7, in no order: only to empty the index.</summary>
    public int TakeLine(Span<Record> records)
    {
        ref var lines = ref _overflow.Count > 0 ? ref _overflow : ref _buckets;
        var line = (ulong*)lines[lines.Count - 1];
        var taken = 0;
        for (var i = 0; i < EntriesPerBucket; i++)
        {
            if (line[i] != 0) records[taken++] = RecordOf(line[i]);
        }
        lines.RemoveLast(Arena);
        Count -= taken;
        return taken;
    }

    /// <summary>Has an empty index begin with buckets for so many keys instead of doubling step by step.</summary>
    public void Expect(long keys)
    {
        if (Count == 0) _expected = Math.Clamp(keys, 0, MostExpected);
    }

    void Start()
    {
        _mask = MinBuckets - 1;
        while (_mask < MostExpected && _expected > (_mask + 1) * 11L / 2) _mask = _mask * 2 + 1;
        _expected = 0;
        for (var i = 0; i <= _mask; i++) InitLine((ulong*)_buckets.Add(Arena), ExpiryClock.None);
        SetThresholds();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    uint BucketOf(ulong hash)
    {
        var bucket = (uint)hash & _mask;
        return bucket < _split ? (uint)hash & (_mask * 2 + 1) : bucket;
    }

    void Append(uint bucket, ulong entry)
    {
        var line = Tail(bucket, out _);
        var free = FreeEntries(line);
        if (free == 0)
        {
            _overflow.Add(Arena);
            // Adding may have moved the lines.
            line = Tail(bucket, out _);
            Link(line) = _overflow.Count;
            line = (ulong*)_overflow[_overflow.Count - 1];
            InitLine(line, bucket);
            free = 1;
        }
        line[BitOperations.TrailingZeroCount(free)] = entry;
    }

    void RemoveFrom(uint bucket, ulong* entry)
    {
        var tail = Tail(bucket, out var before);
        if (entry < tail || entry >= tail + EntriesPerBucket)
        {
            // The chain's last bucket gives one of its entries to this one, so that all others stay full.
            var last = BitOperations.TrailingZeroCount(~FreeEntries(tail));
            *entry = tail[last];
            entry = tail + last;
        }
        *entry = 0;
        if (before != null && FreeEntries(tail) == AllEntries) DropTail(before);
    }

    /// <summary>
    /// Frees the overflow bucket that <paramref name="before"/> links to. The last bucket of the array takes its place.
    /// </summary>
    void DropTail(ulong* before)
    {
        var hole = Link(before) - 1;
        Debug.Assert(Link((ulong*)_overflow[hole]) == 0);
        Link(before) = 0;
        var last = _overflow.Count - 1;
        if (hole != last)
        {
            var moving = (ulong*)_overflow[last];
            var line = (ulong*)_buckets[Bound(moving)];
            while (Link(line) != last + 1) line = (ulong*)_overflow[Link(line) - 1];
            Link(line) = hole + 1;
            Buffer.MemoryCopy(moving, _overflow[hole], LineArray.LineSize, LineArray.LineSize);
        }
        _overflow.RemoveLast(Arena);
    }

    /// <summary>The last bucket of a chain, and the one before it, if there is one.</summary>
    ulong* Tail(uint bucket, out ulong* before)
    {
        before = null;
        var line = (ulong*)_buckets[bucket];
        while (Link(line) != 0)
        {
            before = line;
            line = (ulong*)_overflow[Link(line) - 1];
        }
        return line;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref uint Link(ulong* line) => ref *(uint*)(line + EntriesPerBucket);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ref uint Bound(ulong* line) => ref *((uint*)(line + EntriesPerBucket) + 1);

    static void InitLine(ulong* line, uint bound)
    {
        new Span<ulong>(line, EntriesPerBucket + 1).Clear();
        Bound(line) = bound;
    }

    const uint AllEntries = (1 << EntriesPerBucket) - 1;

    /// <summary>A bit for each entry whose fragment is <paramref name="fragment"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Match(ulong* line, ulong fragment)
    {
        // A fragment lies in the lower half of its entry.
        var wanted = Vector128.Create((uint)fragment);
        var bits = Vector128.Create((uint)HashedPointer.FragmentMask);
        var low = Vector128.Equals(Vector128.Narrow(Vector128.Load(line), Vector128.Load(line + 2)) & bits, wanted);
        var high = Vector128.Equals(Vector128.Narrow(Vector128.Load(line + 4), Vector128.Load(line + 6)) & bits, wanted);
        return (low.ExtractMostSignificantBits() | high.ExtractMostSignificantBits() << 4) & AllEntries;
    }

    static uint FreeEntries(ulong* line)
    {
        var low = Vector128.Narrow(IsZero(line), IsZero(line + 2)).ExtractMostSignificantBits();
        var high = Vector128.Narrow(IsZero(line + 4), IsZero(line + 6)).ExtractMostSignificantBits();
        return (low | high << 4) & AllEntries;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> IsZero(ulong* entries) => Vector128.Equals(Vector128.Load(entries), default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool HasKey(byte* block, ReadOnlySpan<byte> key)
    {
        var header = *(ulong*)block;
        var flags = (RecordFlags)(header >> 32);
        if ((flags & RecordFlags.LongKey) != 0) return new Record(block).Key.SequenceEqual(key);
        return (byte)(header >> 40) == key.Length
            && new ReadOnlySpan<byte>(block + RecordLayout.KeyOffset(flags), key.Length).SequenceEqual(key);
    }
}

/// <summary>What all indexes of a keyspace have in common: one object, since a node of a cluster has thousands of indexes.</summary>
/// <param name="Arena">For the indexes' own blocks; the records lie there too.</param>
/// <param name="Seed">The secret of the hash.</param>
/// <param name="Clock">The clock of the bounds.</param>
sealed record IndexSurroundings(Arena Arena, HashSeed Seed, ExpiryClock Clock);
