using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>Offers eviction keys to choose from, and finds the key that it chose.</summary>
public sealed unsafe partial class Database
{
    /// <summary>
    /// Fills <paramref name="records"/> with different keys that lie together in the index, from a random place on. That is
    /// cheaper than independent choices. Keys lie in the order of a keyed hash, so it is random enough for eviction. Returns how
    /// many there are.
    /// </summary>
    public int Sample(Span<Record> records, Random random) =>
        _slots is null ? _index.Sample(random, records) : _slots.Sample(random, records);

    /// <summary>
    /// As <see cref="Sample"/>, for keys with a deadline. It takes no longer if these are few among many. Because its work is
    /// bounded, it may return fewer than there are, even none.
    /// </summary>
    public int SampleExpiring(Span<Record> records, Random random) =>
        _slots is null ? _index.SampleExpiring(random, records) : _slots.SampleExpiring(random, records);

    /// <summary>
    /// The key with the earliest deadline, to <see cref="ExpiryClock.UnitMs"/> milliseconds. Does a bounded amount of work.
    /// </summary>
    /// <returns>
    /// <see cref="DueSearch.NoneDue"/> if no key has a deadline; <see cref="DueSearch.FieldsDue"/> if fields of a hash have
    /// earlier deadlines than any key, so that the key is not known; <see cref="DueSearch.BudgetUsed"/> if it is to be called
    /// again.
    /// </returns>
    public DueSearch FindEarliest(out Record earliest) =>
        _slots is null ? _index.FindEarliest(out earliest) : _slots.FindEarliest(out earliest);

    /// <summary>
    /// The key whose <see cref="HashOf"/> is <paramref name="hash"/>. Two keys with the same 64 bits, which is all but
    /// impossible, are not told apart.
    /// </summary>
    public KeyLookup LookupAny(ulong hash) => IndexOf(hash).FindAny(hash);
}
