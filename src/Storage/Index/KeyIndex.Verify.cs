using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Index;

/// <summary>The invariants of the index, checked one by one: for tests.</summary>
sealed unsafe partial class KeyIndex
{
    /// <exception cref="InvalidOperationException">An invariant does not hold; the message says which.</exception>
    public void Verify()
    {
        long count = 0, expiring = 0, fieldExpiring = 0;
        var chained = 0u;
        for (var bucket = 0u; bucket < _buckets.Count; bucket++)
        {
            var bound = Bound((ulong*)_buckets[bucket]);
            for (var line = (ulong*)_buckets[bucket]; ; line = (ulong*)_overflow[Link(line) - 1])
            {
                var free = FreeEntries(line);
                Invariant.Require(Link(line) == 0 || free == 0, "a bucket with free entries has a successor");
                for (var i = 0; i < EntriesPerBucket; i++)
                {
                    if (line[i] == 0) continue;
                    var record = RecordOf(line[i]);
                    var hash = HashOf(record.Key);
                    Invariant.Require(BucketOf(hash) == bucket, "an entry lies in another bucket than its hash says");
                    Invariant.Require(HashedPointer.Of(record.Block, hash) == line[i], "an entry's fragment is not its key's");
                    count++;
                    if (record.HasExpiry) expiring++;
                    if (FieldDeadlines.Any(record)) fieldExpiring++;
                    Invariant.Require(bound <= TickOf(record), "a bucket's bound is above a deadline");
                }
                if (Link(line) == 0) break;
                chained++;
                var next = (ulong*)_overflow[Link(line) - 1];
                Invariant.Require(Bound(next) == bucket, "an overflow bucket names another home");
                Invariant.Require(FreeEntries(next) != AllEntries, "an overflow bucket is empty");
            }
            if (_bounds.Active) Invariant.Require(_bounds.BoundOf(bucket / GroupSize) <= bound, "a group's bound is above its bucket's");
        }
        Invariant.Require(count == Count, "the count is wrong");
        Invariant.Require(expiring == Expiring, "the count of deadlines is wrong");
        Invariant.Require(fieldExpiring == FieldExpiring, "the count of hashes with deadlines is wrong");
        Invariant.Require(chained == _overflow.Count, "an overflow bucket is in no chain");
        Invariant.Require(_buckets.Count == (Count == 0 ? 0 : BucketCount), "the number of buckets is wrong");
        _bounds.Verify();
    }
}
