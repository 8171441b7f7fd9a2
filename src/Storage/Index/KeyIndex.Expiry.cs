using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>
/// Expiry bounds. Whoever sets a deadline lowers them; a search corrects those that are too low (see <see cref="ExpiryTree"/>).
/// </summary>
sealed unsafe partial class KeyIndex
{
    /// <summary>Buckets and groups that one search may look into before it returns: a few microseconds.</summary>
    const int SearchBudget = 32;

    const uint GroupSize = 16;

    /// <summary>Notes that a key of this hash has a deadline.</summary>
    public void NoteExpiry(ulong hash, long expireAt) => NoteTick(hash, Clock.TickOfDeadline(expireAt));

    /// <summary>Notes that a key of this hash, or a field of its value, is due at a tick.</summary>
    public void NoteTick(ulong hash, uint tick)
    {
        var bucket = BucketOf(hash);
        if (!_bounds.Active) _bounds.Cover(Arena, BucketCount);
        ref var bound = ref Bound((ulong*)_buckets[bucket]);
        if (bound <= tick) return;
        bound = tick;
        _bounds.Lower(bucket, tick);
    }

    public DueSearch FindDue(long nowMs, out KeyLookup due)
    {
        due = default;
        if (!_bounds.Active) return DueSearch.NoneDue;
        var now = Clock.TickOfNow(nowMs);
        for (var looked = 0; looked < SearchBudget; looked++)
        {
            if (!_bounds.TryFindGroup(now, out var group)) return DueSearch.NoneDue;
            var earliest = EarliestOf(group, out var bucket);
            if (earliest <= now)
            {
                var tick = SearchBucket(bucket, now, out due);
                if (due.Found) return KeyTickOf(due.Record) <= now ? DueSearch.Found : DueSearch.FieldsDue;
                Bound((ulong*)_buckets[bucket]) = tick;
                earliest = EarliestOf(group, out _);
            }
            _bounds.Raise(group, earliest);
        }
        return DueSearch.BudgetUsed;
    }

    /// <summary>The bucket with the lowest bound of a group.</summary>
    uint EarliestOf(uint group, out uint bucket)
    {
        bucket = group * GroupSize;
        var earliest = ExpiryClock.None;
        var end = Math.Min((group + 1UL) * GroupSize, BucketCount);
        for (var i = bucket; i < end; i++)
        {
            var bound = Bound((ulong*)_buckets[i]);
            if (bound >= earliest) continue;
            earliest = bound;
            bucket = i;
        }
        return earliest;
    }

    uint KeyTickOf(Record record) => record.HasExpiry ? Clock.TickOfDeadline(record.ExpireAt) : ExpiryClock.None;

    /// <summary>The tick at which the key, or the first of its fields, is due.</summary>
    uint TickOf(Record record) => Math.Min(KeyTickOf(record), FieldDeadlines.EarliestTick(record, Clock));

    /// <summary>A due key of the bucket's chain. If none is due, returns what the bucket's bound should be.</summary>
    uint SearchBucket(uint bucket, uint now, out KeyLookup due)
    {
        var earliest = ExpiryClock.None;
        due = default;
        for (var line = (ulong*)_buckets[bucket]; ; line = (ulong*)_overflow[Link(line) - 1])
        {
            for (var i = 0; i < EntriesPerBucket; i++)
            {
                if (line[i] == 0) continue;
                var record = RecordOf(line[i]);
                var tick = TickOf(record);
                if (tick <= now)
                {
                    due = new(HashOf(record.Key), record, line + i);
                    return tick;
                }
                earliest = Math.Min(earliest, tick);
            }
            if (Link(line) == 0) return earliest;
        }
    }
}
