namespace MiniRedis.Storage.Caching;

/// <summary>What the purges of a database have left behind: keys that nobody sees any more and whose memory is still taken.</summary>
/// <remarks>
/// A sweep is one walk over all keys in the order of SCAN. It serves all purges before its start: the caller tells of start and end,
/// deletes what is purged (<c>Database.IsPurged</c>) and settles what a soft purge has made stale (<c>Database.Settle</c>).
/// </remarks>
public sealed class PurgeCleanup
{
    long _swept, _sweeping, _sinceSweep;

    /// <summary>
    /// Purges up to this version are swept: no key is left that one of them has overtaken.
    /// </summary>
    public long SweptUpTo => _swept;

    /// <summary>The version of the latest purge that may have left something; 0 if nothing is left.</summary>
    public long Pending { get; private set; }

    /// <summary>
    /// The version of the first purge that the next sweep has to serve; 0 if there is none.
    /// </summary>
    public long First { get; private set; }

    /// <summary>Keys that are dead and not yet swept, or stale and not yet settled: an estimate, rather too high.</summary>
    public long Keys { get; private set; }

    internal void Note(long version, long keys, bool isSoft)
    {
        if (keys == 0) return;
        if (First == 0) First = version;
        Pending = version;
        Keys += keys;
        _sinceSweep += keys;
    }

    /// <summary>A sweep begins.</summary>
    public void BeginSweep()
    {
        _sweeping = Pending;
        _sinceSweep = 0;
        First = 0;
    }

    /// <summary>One of the keys is swept, or was found dead and is deleted.</summary>
    public void Swept()
    {
        if (Keys > _sinceSweep) Keys--;
    }

    /// <summary>The sweep that began last has seen all keys.</summary>
    public void EndSweep()
    {
        _swept = _sweeping;
        Keys = _sinceSweep;
        if (Keys == 0 && First == 0) Pending = 0;
    }
}
