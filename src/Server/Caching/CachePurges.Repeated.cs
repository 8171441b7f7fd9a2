using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Caching;

/// <summary>
/// Purges that are made once more a little later (AGAIN): a reader that missed may have computed its value from a replica of the
/// database that had not heard of the change yet.
/// </summary>
/// <remarks>They are not saved, and a server that becomes a replica forgets them: its master makes its own.</remarks>
sealed partial class CachePurges
{
    /// <summary>The latest that a purge is repeated, in milliseconds: a replica that lags for longer is out of order.</summary>
    public const int LatestRepetition = 60_000;

    /// <summary>The most names that wait. As many as the log of purges remembers: with the longest names they take 16 MB.</summary>
    const int MostWaiting = PurgeLog.DefaultCapacity;

    /// <summary>Purges carried out at a time: some hundred microseconds.</summary>
    const int RepeatedAtOnce = 256;

    /// <summary>Bytes of one that waits, beside its name: its place in the queue, and an array's head.</summary>
    const int RepetitionBytes = 56;

    readonly record struct Repetition(int Database, PurgeScope Scope, bool IsSoft, bool IsLocal, byte[] Name)
    {
        public long MemoryBytes => RepetitionBytes + Name.Length;
    }

    long _repetitionBytes;

    readonly PriorityQueue<Repetition, long> _repetitions = new();

    /// <summary>Whether so many more names may wait.</summary>
    public bool MayRepeat(int names) => _repetitions.Count + names <= MostWaiting;

    /// <summary>Has a purge made once more.</summary>
    /// <param name="database">Its number.</param>
    /// <param name="scope">What it overtakes.</param>
    /// <param name="isSoft">Whether it makes stale what has a stale window.</param>
    /// <param name="name">Empty where all are purged.</param>
    /// <param name="isLocal">Whether the other nodes of a cluster are left alone.</param>
    /// <param name="at">When, in unix milliseconds.</param>
    public void Repeat(int database, PurgeScope scope, bool isSoft, ReadOnlySpan<byte> name, bool isLocal, long at)
    {
        var repetition = new Repetition(database, scope, isSoft, isLocal, name.ToArray());
        _repetitions.Enqueue(repetition, at);
        _repetitionBytes += repetition.MemoryBytes;
        cronSignal.RequestBefore(at);
    }

    void Forget()
    {
        _repetitions.Clear();
        _repetitionBytes = 0;
    }

    /// <summary>Makes the purges that are due. Returns the milliseconds until the next is.</summary>
    public int RunRepeated()
    {
        if (history.IsReplica) Forget();
        for (var i = 0; _repetitions.TryPeek(out var next, out var at); i++)
        {
            if (pause.IsActive) return LatestRepetition;
            if (at > clock.Now) return (int)(at - clock.Now);
            if (i == RepeatedAtOnce) return 0;
            _repetitions.Dequeue();
            _repetitionBytes -= next.MemoryBytes;
            CarryOut(next.Database, next.Scope, next.IsSoft, next.Name, toNodes: !next.IsLocal);
        }
        return LatestRepetition;
    }
}
