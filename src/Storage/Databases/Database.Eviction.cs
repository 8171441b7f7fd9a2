using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>What eviction chooses among, and finds what it chose.</summary>
public sealed unsafe partial class Database
{
    /// <summary>
    /// Fills <paramref name="records"/> with different keys that lie together in the index from a random place on: cheaper than
    /// independent choices and, since keys lie there in the order of a keyed hash, random enough for eviction. Returns how many.
    /// </summary>
    public int Sample(Span<Record> records, Random random) => _index.Sample(random, records);

    /// <summary>
    /// As <see cref="Sample"/>, of the keys that have a deadline; it does not take longer where they are few among many. Doing a bounded
    /// amount of work, it may return fewer than there are, even none.
    /// </summary>
    public int SampleExpiring(Span<Record> records, Random random) => _index.SampleExpiring(random, records);

    /// <summary>
    /// The key with the earliest deadline, to <see cref="ExpiryClock.UnitMs"/> milliseconds, after a bounded amount of work.
    /// </summary>
    /// <returns>
    /// <see cref="DueSearch.NoneDue"/> if no key has a deadline; <see cref="DueSearch.FieldsDue"/> if fields of a hash have earlier ones than
    /// any key, which then cannot be told; <see cref="DueSearch.BudgetUsed"/> if it is to be called again.
    /// </returns>
    public DueSearch FindEarliest(out Record earliest) => _index.FindEarliest(out earliest);

    /// <summary>The key whose <see cref="HashOf"/> is <paramref name="hash"/>, or, once in many ages of the world, another of that hash.</summary>
    public KeyLookup LookupAny(ulong hash) => _index.FindAny(hash);
}
