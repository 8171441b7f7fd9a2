using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Maintenance;

/// <summary>
/// Counts the keys of each prefix that figures are kept of (<see cref="PrefixStatistics"/>) by a walk over all keys of all databases, a
/// minute after the one before. The number shown is that of the last walk.
/// <para>
/// Rejected: a count that each insertion and deletion changes. It would cost those, also in bulk, and be wrong from the first mistake to the
/// next restart; SWAPDB, FLUSHDB, files, full synchronizations and slots of a cluster that come and go would each be one more chance.
/// </para>
/// </summary>
/// <remarks>Under the executor's lock, between commands.</remarks>
sealed class PrefixCensus(Keyspace keyspace, ServerStatistics statistics, DatasetState dataset, Clock clock)
{
    /// <summary>
    /// Half a millisecond of every ten: a twentieth of the thread, so that a walk over ten million keys takes some twenty seconds.
    /// </summary>
    const int SliceMicroseconds = 500, SliceEveryMilliseconds = 10;

    const int WalkEveryMilliseconds = 60_000;

    /// <summary>Buckets walked between two looks at the clock.</summary>
    const int BucketsBetweenLooks = 16;

    int _generation, _database;
    ulong _cursor;
    bool _isWalking;
    long _next;

    /// <summary>Runs a slice if one is due. Returns the milliseconds until the next is.</summary>
    public int Run()
    {
        if (statistics.Prefixes is not { } prefixes)
        {
            _isWalking = false;
            return WalkEveryMilliseconds;
        }
        // Prefixes that were added have no number yet.
        if (_generation != prefixes.Generation) (_isWalking, _next) = (false, 0);
        if (clock.Now < _next) return (int)(_next - clock.Now);
        if (dataset.IsLoading) return SliceEveryMilliseconds;
        if (!_isWalking) Begin(prefixes);
        var started = clock.Advance();
        while (Step(prefixes))
        {
            if (clock.Microseconds(started, clock.Advance()) < SliceMicroseconds) continue;
            _next = clock.Now + SliceEveryMilliseconds;
            return SliceEveryMilliseconds;
        }
        foreach (var figures in prefixes.All) figures.EndCounting();
        _isWalking = false;
        _next = clock.Now + WalkEveryMilliseconds;
        return WalkEveryMilliseconds;
    }

    void Begin(PrefixStatistics prefixes)
    {
        foreach (var figures in prefixes.All) figures.BeginCounting();
        (_isWalking, _generation, _database, _cursor) = (true, prefixes.Generation, 0, 0);
    }

    /// <summary>Walks a few buckets. False after the last.</summary>
    bool Step(PrefixStatistics prefixes)
    {
        var visitor = new Counter(prefixes);
        for (var i = 0; i < BucketsBetweenLooks; i++)
        {
            if (keyspace[_database].Count > 0) _cursor = keyspace[_database].Walk(_cursor, ref visitor);
            else _cursor = 0;
            if (_cursor == 0 && ++_database == keyspace.DatabaseCount) return false;
        }
        return true;
    }

    readonly struct Counter(PrefixStatistics prefixes) : IRecordVisitor
    {
        public void Visit(Record record) => prefixes.Find(record.Key)?.CountKey();
    }
}
