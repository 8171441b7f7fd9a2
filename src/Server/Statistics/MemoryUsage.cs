namespace MiniRedis.Server.Statistics;

/// <summary>
/// Counts used_memory: records, values and indexes, which the arena knows exactly; the table of tracked keys; bytes of the AOF
/// that are not written yet; and the memory of connections. Reading it costs some additions, whatever the number of clients. The
/// collected heap is not included and has figures of its own (INFO's gc_ fields). Under the executor's lock.
/// </summary>
/// <param name="keyspace">Its bytes are data, which maxmemory bounds.</param>
/// <param name="clients">The memory of connections. maxmemory bounds it, though evicting keys does not reduce it.</param>
/// <param name="tracked">The table of tracked keys. Its entries go with the keys.</param>
/// <param name="receiveBuffers">Bytes of the buffers into which loops receive: a server has them without any client.</param>
sealed class MemoryUsage(Keyspace keyspace, IMemoryHolder clients, IMemoryHolder tracked, long receiveBuffers = 0)
{
    /// <summary>
    /// Memory that waits to be written. maxmemory does not bound it, since evicting keys for it would make it grow. Added when
    /// the server is put together.
    /// </summary>
    readonly List<IMemoryHolder> _backlogs = [];

    /// <summary>Bytes of an empty server, which INFO's dataset fields leave out.</summary>
    public long Startup { get; } = keyspace.UsedBytes + receiveBuffers;

    /// <summary>Bytes of the process when it had no data: see <see cref="ProcessMemory"/>.</summary>
    public long OwnAtStart { get; } = Environment.WorkingSet;

    /// <summary>The part of the memory of connections that maxmemory does not bound; null if it bounds all of it. Set by the root.</summary>
    public IMemoryHolder? Unbounded { get; set; }

    long UnboundedBytes => Unbounded?.MemoryBytes ?? 0;

    /// <summary>Adds memory that waits for a disk or for another server.</summary>
    public void AddBacklog(IMemoryHolder backlog) => _backlogs.Add(backlog);

    public long Total => receiveBuffers + keyspace.UsedBytes + clients.MemoryBytes + tracked.MemoryBytes + BacklogBytes;

    /// <summary>
    /// Bytes of keys and of their entries in the table of tracked keys, which eviction reduces. Values that only a snapshot still
    /// reads are left out: they go when it has read them, and a server that forks would evict no key for them.
    /// </summary>
    public long CountedData => keyspace.UsedBytes + tracked.MemoryBytes - OrphanedBytes;

    /// <summary>Bytes that maxmemory bounds.</summary>
    public long CountedForEviction => receiveBuffers + CountedData + clients.MemoryBytes - UnboundedBytes;

    /// <summary>Bytes of used_memory that maxmemory does not bound.</summary>
    public long NotCountedForEviction => OrphanedBytes + BacklogBytes + UnboundedBytes;

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
    /// Bytes that are not data: indexes, connections, the table of tracked keys, bytes that wait for the disk, and those of an
    /// empty server.
    /// </summary>
    public long Overhead => Startup + keyspace.IndexBytes + clients.MemoryBytes + tracked.MemoryBytes + BacklogBytes;

    public long Dataset => Math.Max(0, Total - Overhead);

    /// <summary>The largest value seen at the end of a batch or by the cron.</summary>
    public long Peak { get; private set; }

    /// <summary>Unix milliseconds of the peak.</summary>
    public long PeakAt { get; private set; }

    public void NotePeak(long now)
    {
        if (Total <= Peak) return;
        Peak = Total;
        PeakAt = now;
    }
}
