using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>
/// What used_memory counts: records, values and indexes, which the arena knows exactly, what is remembered of keys that clients
/// track, what the disk has not taken of the AOF yet, and what connections hold, which is kept as a running sum: each client's
/// share is looked at when its batch ends and by the cron, so asking costs some additions, whatever the number of clients. The
/// collected heap is not in it: it has figures of its own (INFO's gc_ fields). Under the executor's lock.
/// </summary>
sealed class MemoryUsage(MiniRedisServer server)
{
    readonly Keyspace _keyspace = server.Keyspace;
    readonly Tracking _tracking = server.Tracking;

    // Clients whose share has output in it. Who leaves is taken out: nobody may come by to look anew for as long as the server runs.
    readonly List<Client> _withOutput = [];

    /// <summary>Of an empty server: what INFO's dataset fields leave out.</summary>
    public long Startup { get; } = server.Keyspace.UsedBytes;

    /// <summary>Connections: objects, unread input, unsent output.</summary>
    public long Clients { get; private set; }

    /// <summary>How many of them had output when they were last looked at.</summary>
    public int ClientsWithOutput => _withOutput.Count;

    public long Total => _keyspace.UsedBytes + Clients + _tracking.MemoryBytes + server.Aof.BufferBytes;

    /// <summary>
    /// What keys take, with what is remembered of them: what eviction makes smaller. Values that only a snapshot still reads are left
    /// out; they go when it has read them, and no key would have to go for them in a server that forks.
    /// </summary>
    public long CountedData => _keyspace.UsedBytes + _tracking.MemoryBytes - OrphanedBytes;

    /// <summary>What maxmemory bounds.</summary>
    public long CountedForEviction => CountedData + Clients;

    /// <summary>Bytes of used_memory that maxmemory does not bound. To evict keys for what waits for the disk would make more wait.</summary>
    public long NotCountedForEviction => OrphanedBytes + server.Aof.BufferBytes;

    long OrphanedBytes => _keyspace.Snapshot is { } snapshot ? snapshot.OrphanedBytes : 0;

    /// <summary>
    /// What is not data: the indexes, the connections, what is remembered for their caches, what waits for the disk, and what the server
    /// started with.
    /// </summary>
    public long Overhead => Startup + _keyspace.IndexBytes + Clients + _tracking.MemoryBytes + server.Aof.BufferBytes;

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

    /// <summary>Brings a client's share up to date.</summary>
    /// <param name="client">Whose.</param>
    /// <param name="batchEnds">
    /// Its replies are about to be sent. If they fit one chunk, that will be free in a moment and is not counted: idle clients
    /// would look as if each held one.
    /// </param>
    public void Account(Client client, bool batchEnds = false)
    {
        if (client.IsGone) return;
        var output = client.Connection.Output;
        var bytes = client.MemoryBytes;
        if (batchEnds && output.PendingBytes <= ChunkPool.ChunkBytes) bytes -= output.MemoryBytes;
        else if (output.MemoryBytes > 0 && client.OutputPlace < 0)
        {
            client.OutputPlace = _withOutput.Count;
            _withOutput.Add(client);
        }
        Clients += bytes - client.AccountedBytes;
        client.AccountedBytes = bytes;
    }

    /// <summary>
    /// Looks anew at the clients that had output to be sent: most of it has been by now, and no key should be evicted for it. (Redis
    /// reads used_memory from its allocator, so that what was sent is free at once.)
    /// </summary>
    public void Refresh()
    {
        for (var i = _withOutput.Count - 1; i >= 0; i--)
        {
            var client = _withOutput[i];
            Account(client);
            if (client.Connection.Output.MemoryBytes == 0) LeaveOutput(client);
        }
    }

    void LeaveOutput(Client client)
    {
        var last = _withOutput[^1];
        _withOutput[client.OutputPlace] = last;
        last.OutputPlace = client.OutputPlace;
        _withOutput.RemoveAt(_withOutput.Count - 1);
        client.OutputPlace = -1;
    }

    public void Remove(Client client)
    {
        if (client.OutputPlace >= 0) LeaveOutput(client);
        Clients -= client.AccountedBytes;
        client.AccountedBytes = 0;
    }
}
