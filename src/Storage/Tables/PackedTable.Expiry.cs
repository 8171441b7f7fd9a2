using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>
/// Deadlines of fields are found as those of keys are (KeyIndex, <see cref="ExpiryTree"/>), not by drawing at random. Each bucket
/// has a lower bound. The first deadline of a field creates a tree of minima above the buckets.
/// </summary>
public unsafe partial struct PackedTable
{
    const uint GroupSize = 16;

    /// <summary>Buckets and groups that one search may look into: a few microseconds.</summary>
    const int SearchBudget = 32;

    /// <summary>The tick of the earliest deadline, or an earlier one.</summary>
    internal readonly uint EarliestTick => _tree == null || Expiring == 0 ? ExpiryClock.None : _tree->Earliest;

    /// <summary>Whether a deadline may have passed. If false, none has.</summary>
    internal readonly bool MayHaveExpired(long nowMs) => EarliestTick <= _clock.TickOfDeadline(nowMs);

    readonly long ExpiryBytes => _tree == null ? 0 : (long)Arena.SizeOf((byte*)_tree) + _tree->Bytes;

    /// <summary>Looks for a field whose deadline has passed, with a bounded amount of work.</summary>
    internal DueSearch FindDue(long nowMs, out PackedSpot due)
    {
        due = default;
        if (_tree == null) return DueSearch.NoneDue;
        var now = _clock.TickOfNow(nowMs);
        for (var looked = 0; looked < SearchBudget; looked++)
        {
            if (!_tree->TryFindGroup(now, out var group)) return DueSearch.NoneDue;
            var earliest = EarliestOf(group, out var bucket);
            if (earliest <= now)
            {
                var tick = SearchBucket(bucket, now, out due);
                if (tick <= now) return DueSearch.Found;
                PackedBucket.Bound(_directory[bucket]) = tick;
                earliest = EarliestOf(group, out _);
            }
            _tree->Raise(group, earliest);
        }
        return DueSearch.BudgetUsed;
    }

    /// <summary>
    /// Walks over the fields whose deadline has passed to the millisecond. Goes from the last bucket to the first: a field that
    /// the caller deletes may merge the last bucket with an earlier one, which is still to come or has no due fields in either.
    /// </summary>
    internal readonly bool NextDue(long nowMs, ref long walk, out PackedSpot due)
    {
        var latest = _clock.TickOfDeadline(nowMs);
        for (var bucket = Math.Min(walk, _directory.Count - 1); bucket >= 0; bucket--)
        {
            walk = bucket;
            var start = _directory[(uint)bucket];
            if (start == null || PackedBucket.Bound(start) > latest) continue;
            var at = PackedBucket.Elements(start);
            for (var i = 0; i < PackedBucket.Count(start); i++)
            {
                var size = PackedBucket.Sizes(start)[i];
                if (PackedEntry.Read(at, size, _hasValues).ExpireAt is >= 0 and var expireAt && expireAt <= nowMs)
                {
                    due = new((uint)bucket, i, at);
                    return true;
                }
                at += size & ~PackedBucket.ApartFlag;
            }
        }
        due = default;
        return false;
    }

    /// <summary>The bucket with the lowest bound of a group.</summary>
    readonly uint EarliestOf(uint group, out uint bucket)
    {
        bucket = group * GroupSize;
        var earliest = ExpiryClock.None;
        var end = Math.Min((group + 1UL) * GroupSize, _directory.Count);
        for (var i = bucket; i < end; i++)
        {
            var start = _directory[i];
            if (start == null || PackedBucket.Bound(start) >= earliest) continue;
            earliest = PackedBucket.Bound(start);
            bucket = i;
        }
        return earliest;
    }

    /// <summary>A due field of the bucket. If none is due, returns what the bucket's bound should be.</summary>
    readonly uint SearchBucket(uint bucket, uint now, out PackedSpot due)
    {
        var start = _directory[bucket];
        var at = PackedBucket.Elements(start);
        var earliest = ExpiryClock.None;
        due = default;
        for (var i = 0; i < PackedBucket.Count(start); i++)
        {
            var size = PackedBucket.Sizes(start)[i];
            var expireAt = PackedEntry.Read(at, size, _hasValues).ExpireAt;
            if (expireAt >= 0)
            {
                var tick = _clock.TickOfDeadline(expireAt);
                if (tick <= now)
                {
                    due = new(bucket, i, at);
                    return tick;
                }
                earliest = Math.Min(earliest, tick);
            }
            at += size & ~PackedBucket.ApartFlag;
        }
        return earliest;
    }

    /// <summary>Notes that a deadline in a bucket was set, removed or changed; -1 stands for none.</summary>
    void NoteDeadline(Arena arena, uint bucket, long before, long now)
    {
        if (now >= 0 && _tree == null) StartTree(arena);
        if (before >= 0) Expiring--;
        if (now < 0) return;
        Expiring++;
        var tick = _clock.TickOfDeadline(now);
        ref var bound = ref PackedBucket.Bound(_directory[bucket]);
        if (bound <= tick) return;
        bound = tick;
        _tree->Lower(bucket, tick);
    }

    /// <summary>Notes that a bucket has taken over the bound, or elements, of another.</summary>
    readonly void InheritBound(uint bucket, byte* start)
    {
        if (PackedBucket.Bound(start) != ExpiryClock.None) _tree->Lower(bucket, PackedBucket.Bound(start));
    }

    void StartTree(Arena arena)
    {
        var tree = (ExpiryTree*)arena.Allocate((nuint)sizeof(ExpiryTree));
        *tree = default;
        tree->Cover(arena, _directory.Count);
        _tree = tree;
    }

    void FreeTree(Arena arena)
    {
        if (_tree == null) return;
        _tree->Clear(arena);
        arena.Free((byte*)_tree);
        _tree = null;
    }
}
