using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>
/// Random choice, and samples of keys for eviction. Keys lie in the order of a keyed hash. So neighbours are as random a sample
/// as keys drawn one by one, and several of them cost one cache miss.
/// </summary>
sealed unsafe partial class KeyIndex
{
    /// <summary>
    /// Longest chain that is drawn from with exact fairness. At a load of 6, one chain in two thousand is longer.
    /// </summary>
    const int FairChain = 2 * EntriesPerBucket;

    /// <summary>
    /// A random key. A bucket is drawn, then one of 14 places of its chain; if that place is empty, both are drawn again. So a
    /// key of a long chain is as likely as a key that is alone in its bucket.
    /// </summary>
    public bool TryGetRandom(Random random, out Record record)
    {
        record = default;
        if (Count == 0) return false;
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var line = (ulong*)_buckets[(uint)random.NextInt64(BucketCount)];
            var place = random.Next(FairChain);
            if (place >= EntriesPerBucket)
            {
                if (Link(line) == 0) continue;
                line = (ulong*)_overflow[Link(line) - 1];
                place -= EntriesPerBucket;
            }
            if (line[place] == 0) continue;
            record = RecordOf(line[place]);
            return true;
        }
        // The table is nearly empty, or the draws had bad luck: take the first key from a random place on.
        Span<Record> one = stackalloc Record[1];
        Sample(random, one);
        record = one[0];
        return true;
    }

    /// <summary>Keys that follow each other from a random place on. Fewer than asked for only if the index holds fewer.</summary>
    public int Sample(Random random, Span<Record> records)
    {
        if (Count == 0) return 0;
        var first = (uint)random.NextInt64(BucketCount);
        var skipped = SkippedOf(first, random);
        var taken = TakeChain(first, skipped, int.MaxValue, records);
        var bucket = first;
        for (var left = BucketCount - 1; left > 0 && taken < records.Length; left--)
        {
            if (++bucket == BucketCount) bucket = 0;
            taken += TakeChain(bucket, 0, int.MaxValue, records[taken..]);
        }
        return taken + TakeChain(first, 0, skipped, records[taken..]);
    }

    /// <summary>
    /// How many entries of its first bucket a sample leaves out. If it always began with the first entry, it would never see the
    /// last entries of full buckets: those are the newest keys.
    /// </summary>
    int SkippedOf(uint bucket, Random random) => random.Next(Link((ulong*)_buckets[bucket]) == 0 ? EntriesPerBucket : FairChain);

    /// <summary>The records at some places of a bucket's chain.</summary>
    int TakeChain(uint bucket, int from, int to, Span<Record> records)
    {
        var taken = 0;
        var place = 0;
        for (var line = (ulong*)_buckets[bucket]; ; line = (ulong*)_overflow[Link(line) - 1])
        {
            for (var i = 0; i < EntriesPerBucket; i++, place++)
            {
                if (taken == records.Length) return taken;
                if (line[i] != 0 && place >= from && place < to) records[taken++] = RecordOf(line[i]);
            }
            if (Link(line) == 0) return taken;
        }
    }

    /// <summary>
    /// As <see cref="Sample"/>, for keys with a deadline, however few there are: bounds tell which buckets have none. It may
    /// return fewer than asked for, although there are more, if the search takes too long.
    /// </summary>
    public int SampleExpiring(Random random, Span<Record> records)
    {
        if (Expiring == 0) return 0;
        var from = (uint)random.NextInt64(BucketCount);
        var skipped = SkippedOf(from, random);
        uint? first = null;
        var taken = 0;
        for (var looked = 0; looked < SearchBudget && taken < records.Length; looked++)
        {
            if (!TryFindBound(from, out var bucket) && !TryFindBound(0, out bucket)) break;
            if (bucket == first) break;
            if (TakeExpiring(bucket, skipped, records, ref taken)) first ??= bucket;
            skipped = 0;
            from = bucket + 1;
        }
        return taken;
    }

    /// <summary>
    /// The key with the earliest deadline, to the tick. Returns <see cref="DueSearch.FieldsDue"/> if a field of a hash is earlier
    /// than any key, and <see cref="DueSearch.BudgetUsed"/> if this has to be called again.
    /// </summary>
    public DueSearch FindEarliest(out Record earliest)
    {
        earliest = default;
        return Expiring == 0 ? DueSearch.NoneDue : FindEarliestBound(out earliest);
    }

    /// <summary>As <see cref="FindEarliest"/>, also where only fields of hashes have deadlines, or none is left.</summary>
    public DueSearch FindEarliestBound(out Record earliest)
    {
        earliest = default;
        for (var looked = 0; looked < SearchBudget; looked++)
        {
            if (!_bounds.TryFindGroup(ExpiryClock.Far, out var group)) return DueSearch.NoneDue;
            var bound = _bounds.BoundOf(group);
            if (EarliestOf(group, out var bucket) == bound)
            {
                var tick = EarliestIn(bucket, out earliest);
                if (tick == bound) return earliest.IsNull || KeyTickOf(earliest) != tick ? DueSearch.FieldsDue : DueSearch.Found;
                Bound((ulong*)_buckets[bucket]) = tick;
            }
            _bounds.Raise(group, EarliestOf(group, out _));
        }
        return DueSearch.BudgetUsed;
    }

    /// <summary>
    /// A key of a hash. It does not tell two keys with the same 64 bits apart: for choices that need not be certain.
    /// </summary>
    public KeyLookup FindAny(ulong hash)
    {
        if (Count == 0) return KeyLookup.Nothing(hash);
        for (var line = (ulong*)_buckets[BucketOf(hash)]; ; line = (ulong*)_overflow[Link(line) - 1])
        {
            for (var matches = Match(line, HashedPointer.FragmentOf(hash)); matches != 0; matches &= matches - 1)
            {
                var entry = line + System.Numerics.BitOperations.TrailingZeroCount(matches);
                if (*entry != 0 && RecordOf(*entry) is var record && HashOf(record.Key) == hash) return new(hash, record, entry);
            }
            if (Link(line) == 0) return KeyLookup.Nothing(hash);
        }
    }

    /// <summary>
    /// The first bucket at or behind <paramref name="from"/> that has a bound. Raises the stale bounds of groups on the way.
    /// </summary>
    bool TryFindBound(uint from, out uint bucket)
    {
        while (from < BucketCount)
        {
            var group = from / GroupSize;
            var end = Math.Min((group + 1UL) * GroupSize, BucketCount);
            for (bucket = from; bucket < end; bucket++)
            {
                if (Bound((ulong*)_buckets[bucket]) != ExpiryClock.None) return true;
            }
            if (from % GroupSize == 0) _bounds.Raise(group, ExpiryClock.None);
            if (!_bounds.TryFindBound(group + 1, out group)) break;
            from = group * GroupSize;
        }
        bucket = 0;
        return false;
    }

    /// <summary>
    /// Takes the keys with a deadline of one bucket, all but the first entries. If there are none, corrects the bound and returns
    /// false.
    /// </summary>
    bool TakeExpiring(uint bucket, int skipped, Span<Record> records, ref int taken)
    {
        var before = taken;
        for (var line = (ulong*)_buckets[bucket]; ; line = (ulong*)_overflow[Link(line) - 1])
        {
            for (var i = 0; i < EntriesPerBucket && taken < records.Length; i++)
            {
                if (skipped-- <= 0 && line[i] != 0 && RecordOf(line[i]) is { HasExpiry: true } record) records[taken++] = record;
            }
            if (Link(line) == 0) break;
        }
        if (taken > before) return true;
        var tick = EarliestIn(bucket, out _);
        Bound((ulong*)_buckets[bucket]) = tick;
        _bounds.Raise(bucket / GroupSize, EarliestOf(bucket / GroupSize, out _));
        return false;
    }

    /// <summary>What the bound of a bucket should be, and the bucket's key with the earliest deadline, if there is one.</summary>
    uint EarliestIn(uint bucket, out Record earliest)
    {
        var tick = ExpiryClock.None;
        earliest = default;
        for (var line = (ulong*)_buckets[bucket]; ; line = (ulong*)_overflow[Link(line) - 1])
        {
            for (var i = 0; i < EntriesPerBucket; i++)
            {
                if (line[i] == 0) continue;
                var record = RecordOf(line[i]);
                tick = Math.Min(tick, TickOf(record));
                if (record.HasExpiry && (earliest.IsNull || record.ExpireAt < earliest.ExpireAt)) earliest = record;
            }
            if (Link(line) == 0) return tick;
        }
    }
}
