using MiniRedis.Server.Statistics;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Clients;

/// <summary>
/// Memory of connections: objects, unread input, unsent output. It is a running sum: each client's share is measured when its
/// batch ends and by the cron. Under the executor's lock.
/// </summary>
sealed class ClientMemory : IMemoryHolder
{
    // Clients whose share includes output. A client that leaves is removed at once: Refresh may not run again for as long as the
    // server lives.
    readonly List<Client> _withOutput = [];

    public long MemoryBytes { get; private set; }

    /// <summary>Brings a client's share up to date.</summary>
    /// <param name="client">The client to measure.</param>
    /// <param name="batchEnds">
    /// Whether its replies are about to be sent. Replies that fit one chunk are not counted, since the chunk is free in a moment:
    /// otherwise every idle client would seem to hold one.
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
        MemoryBytes += bytes - client.AccountedBytes;
        client.AccountedBytes = bytes;
    }

    /// <summary>
    /// Measures the clients that had output again: most of it has been sent by now, and no key should be evicted for it. (Redis
    /// reads used_memory from its allocator, so memory of sent output is free at once.)
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
        MemoryBytes -= client.AccountedBytes;
        client.AccountedBytes = 0;
    }
}
