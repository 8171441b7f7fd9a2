using System.Numerics;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Clients;

// The idea (Redis's): the memory of clients is bounded as that of keys is. When normal clients and subscribers together hold more
// than maxmemory-clients, the largest are closed first. Their order is not strictly by size but by classes, powers of two from 32
// KB to 4 GB, since small differences do not matter.
//
// Redis keeps its clients in lists by class all the time. Ours looks at all clients only when the bound is passed: the sum that
// tells so is kept anyway (ClientMemory), and after one look there is room again. A client with CLIENT NO-EVICT ON counts but
// stays. If only such clients are left, the next look is the cron's.

/// <summary>Closes clients while all of them together hold more than maxmemory-clients.</summary>
/// <remarks>Under the executor's lock, between batches.</remarks>
sealed class ClientEviction(
    ClientRegistry clients, ClientMemory clientMemory, Admission admission,
    ServerStatistics statistics, MemorySettings settings, ServerLog log)
{
    /// <summary>
    /// The smallest class holds all clients below 32 KB, the largest those of 4 GB and more (CLIENT_MEM_USAGE_BUCKET_*).
    /// </summary>
    const int SmallestClass = 15, LargestClass = 33;

    readonly List<Client> _candidates = [];
    bool _isInVain;

    /// <summary>
    /// Whether clients are to be closed. After a look that found none to close, false until the cron looks again.
    /// </summary>
    public bool IsDue => settings.MaxMemoryClientsBytes is > 0 and var limit && clientMemory.MemoryBytes > limit && !_isInVain;

    /// <summary>Called by the cron: looks again even if the last look was in vain.</summary>
    public void RunFromCron()
    {
        _isInVain = false;
        if (IsDue) Run();
    }

    /// <summary>Closes the largest clients until the others are within the bound.</summary>
    public void Run()
    {
        var limit = settings.MaxMemoryClientsBytes;
        long sum = 0;
        foreach (var client in clients.All)
        {
            if (client.Has(ClientFlags.Replica | ClientFlags.Master)) continue;
            clientMemory.Account(client);
            sum += client.AccountedBytes;
            if (!client.Has(ClientFlags.NoEvict)) _candidates.Add(client);
        }
        if (sum > limit)
        {
            _candidates.Sort(static (one, other) =>
                ClassOf(other) - ClassOf(one) is var order and not 0 ? order : one.Id.CompareTo(other.Id));
        }
        foreach (var client in _candidates)
        {
            if (sum <= limit) break;
            sum -= client.AccountedBytes;
            Evict(client, client.AccountedBytes);
        }
        _candidates.Clear();
        _isInVain = sum > limit;
    }

    /// <summary>
    /// The value of <see cref="ReplyWriter.Written"/> at which the client whose batch runs takes as much alone as all clients may. It will
    /// be closed, so the memory for more is not taken.
    /// </summary>
    public long MostReplies(Client client, ReplyWriter reply)
    {
        var limit = settings.MaxMemoryClientsBytes;
        if (limit <= 0 || client.Has(ClientFlags.NoEvict | ClientFlags.Replica | ClientFlags.Master)) return long.MaxValue;
        return limit - client.Connection.Output.PendingBytes + reply.HandedOver;
    }

    /// <summary>Closes a client.</summary>
    /// <param name="client">The client.</param>
    /// <param name="bytes">Its memory, for the log.</param>
    public void Evict(Client client, long bytes)
    {
        if (client.IsGone) return;
        statistics.EvictedClients++;
        log.EvictedClient(client.Id, bytes);
        admission.KillLocked(client, "evicted");
    }

    static int ClassOf(Client client) => Math.Clamp(BitOperations.Log2((ulong)client.AccountedBytes), SmallestClass, LargestClass);
}
