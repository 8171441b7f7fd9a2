namespace MiniRedis.Server.Statistics;

/// <summary>
/// What used_memory counts: records, values and indexes, which the arena knows exactly, what is remembered of keys that clients
/// track, what the disk has not taken of the AOF yet, and what connections hold. To ask costs some additions, whatever the number of
/// clients. The collected heap is not in it: it has figures of its own (INFO's gc_ fields). Under the executor's lock.
/// </summary>
/// <param name="keyspace">Its bytes are data, and so bounded by maxmemory.</param>
/// <param name="clients">What connections hold: bounded by maxmemory, though no key that is evicted makes it smaller.</param>
/// <param name="tracked">What is remembered of keys: it goes with the keys.</param>
sealed class MemoryUsage(Keyspace keyspace, IMemoryHolder clients, IMemoryHolder tracked)
{
    /// <summary>
    /// What waits to be written somewhere: no part of what maxmemory bounds, since to evict keys for it would make more wait. Added when the
    /// server is put together.
    /// </summary>
    readonly List<IMemoryHolder> _backlogs = [];

    /// <summary>Of an empty server: what INFO's dataset fields leave out.</summary>
    public long Startup { get; } = keyspace.UsedBytes;

    /// <summary>Counts what waits for a disk or for another server.</summary>
    public void AddBacklog(IMemoryHolder backlog) => _backlogs.Add(backlog);

    public long Total => keyspace.UsedBytes + clients.MemoryBytes + tracked.MemoryBytes + BacklogBytes;

    /// <summary>
    /// What keys take, with what is remembered of them: what eviction makes smaller. Values that only a snapshot still reads are left
    /// out; they go when it has read them, and no key would have to go for them in a server that forks.
    /// </summary>
    public long CountedData => keyspace.UsedBytes + tracked.MemoryBytes - OrphanedBytes;

    /// <summary>What maxmemory bounds.</summary>
    public long CountedForEviction => CountedData + clients.MemoryBytes;

    /// <summary>Bytes of used_memory that maxmemory does not bound.</summary>
    public long NotCountedForEviction => OrphanedBytes + BacklogBytes;

    long OrphanedBytes => keyspace.Snapshot is { } snapshot ? snapshot.OrphanedBytes : 0;

    long BacklogBytes
    {
        get
        {
            long bytes = 0;
            foreach (var backlog in _backlogs) bytes += backlog.MemoryBytes;
            return bytes;
        }
    }

    /// <summary>
    /// What is not data: the indexes, the connections, what is remembered for their caches, what waits for the disk, and what the server
    /// started with.
    /// </summary>
    public long Overhead => Startup + keyspace.IndexBytes + clients.MemoryBytes + tracked.MemoryBytes + BacklogBytes;

    public long Dataset => Math.Max(0, Total - Overhead);

    /// <summary>The most that was seen at a batch's end or by the cron.</summary>
    public long Peak { get; private set; }

    /// <summary>Unix milliseconds.</summary>
    public long PeakAt { get; private set; }

    public void NotePeak(long now)
    {
        if (Total <= Peak) return;
        Peak = Total;
        PeakAt = now;
    }
}
