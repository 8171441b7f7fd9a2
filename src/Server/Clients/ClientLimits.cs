using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Configuration.Values;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Clients;

/// <summary>Bounds on clients: output buffers, idle time. Under the executor's lock.</summary>
sealed class ClientLimits(
    ClientRegistry clients, ClientMemory clientMemory, Admission admission, ServerStatistics statistics,
    Clock clock, NetworkSettings settings, ReplicationSettings replicationSettings, DebugSwitches switches, ServerLog log)
{
    /// <summary>
    /// Bytes of replies, beyond the first chunk, that may wait for a client that has not authenticated. It gets only errors, and
    /// a client that does not read them may be an attacker (Redis's CVE-2025-21605).
    /// </summary>
    const long UnauthenticatedBytes = 1024;

    /// <summary>Every client is checked once in this time. Its limits are counted in seconds.</summary>
    const int RoundMilliseconds = 1000;

    /// <summary>Clients to check each time, however few there are: Redis's CLIENTS_CRON_MIN_ITERATIONS.</summary>
    const int LeastLooks = 5;

    /// <summary>
    /// A query buffer with more unused room than this gives it back, after this long without input (Redis's
    /// PROTO_RESIZE_THRESHOLD and the two seconds of its clients cron).
    /// </summary>
    const int TrimBytes = 32 * 1024, TrimMilliseconds = 2000;

    long _lastLook;

    /// <summary>Closes a client whose pending output exceeds the hard limit of its class, or the soft one for too long.</summary>
    /// <param name="client">The client to check.</param>
    /// <param name="goesAtOnce">
    /// Whether the client is gone for commands from now on. False while a caller iterates over clients: then this one gets
    /// nothing more, and leaves when its loop closes the socket.
    /// </param>
    /// <param name="more">Bytes that are about to be added: they are judged before memory is taken for them.</param>
    /// <returns>Whether the client stays.</returns>
    public bool CheckOutput(Client client, bool goesAtOnce = true, int more = 0)
    {
        var pending = client.Connection.Output.PendingBytes + client.StreamBytes + more;
        if (pending <= ChunkPool.ChunkBytes)
        {
            client.SoftLimitSince = 0;
            return true;
        }
        var limit = settings.OutputBufferLimits[(int)client.Class];
        var since = client.SoftLimitSince;
        var isWithin = IsWithin(limit, HardBytes(client, limit), pending, ref since);
        client.SoftLimitSince = since;
        if (isWithin) return true;
        CutOff(client, pending, goesAtOnce);
        return false;
    }

    /// <summary>Whether so many bytes of the stream may wait for a replica without a connection.</summary>
    /// <param name="pending">The bytes.</param>
    /// <param name="softSince">When they first exceeded the soft limit (unix ms), or 0. Kept by the caller.</param>
    public bool AllowsReplica(long pending, ref long softSince)
    {
        var limit = settings.OutputBufferLimits[(int)ClientClass.Replica];
        return IsWithin(limit, HardBytesOfReplica(limit), pending, ref softSince);
    }

    bool IsWithin(in OutputBufferLimit limit, long hardBytes, long pending, ref long softSince)
    {
        var overSoft = limit.SoftBytes > 0 && pending >= limit.SoftBytes;
        if (!overSoft) softSince = 0;
        else if (softSince == 0) softSince = clock.Now;
        var softTooLong = overSoft && clock.Now - softSince > limit.SoftSeconds * 1000L;
        return pending < hardBytes && !softTooLong;
    }

    /// <summary>Closes a client that has too much output pending. Its requests that have not run yet never do.</summary>
    /// <param name="client">The client over its limit.</param>
    /// <param name="pending">Bytes of pending output, for the log.</param>
    /// <param name="goesAtOnce">See <see cref="CheckOutput"/>.</param>
    public void CutOff(Client client, long pending, bool goesAtOnce = true)
    {
        if (client.IsGone || client.Connection.Closing == CloseMode.AtOnce) return;
        NoteCutOff(client.Id, pending);
        if (goesAtOnce) admission.KillLocked(client, "output buffer limits");
        else client.Connection.CloseLocked(CloseMode.AtOnce, "output buffer limits");
    }

    /// <summary>Too much output was pending for a client, present or gone.</summary>
    public void NoteCutOff(long client, long pending)
    {
        statistics.OutputBufferLimitDisconnections++;
        log.OutputBufferLimit(client, pending);
    }

    /// <summary>
    /// The value of <see cref="ReplyWriter.Written"/> at which the client whose batch runs exceeds its hard limit. Nothing is
    /// sent before the batch ends, so this is known when it begins.
    /// </summary>
    public long MostReplies(Client client, ReplyWriter reply)
    {
        var hard = HardBytes(client, settings.OutputBufferLimits[(int)client.Class]);
        return hard == long.MaxValue ? hard : hard - client.Connection.Output.PendingBytes + reply.HandedOver;
    }

    /// <summary>
    /// Bytes of output that may be pending. As in Redis, output that fits the first chunk never closes a client.
    /// </summary>
    long HardBytes(Client client, in OutputBufferLimit limit)
    {
        if (!client.IsAuthenticated) return ChunkPool.ChunkBytes + UnauthenticatedBytes;
        if (client.Class == ClientClass.Replica) return HardBytesOfReplica(limit);
        return limit.HardBytes == 0 ? long.MaxValue : Math.Max(limit.HardBytes, ChunkPool.ChunkBytes + 1);
    }

    /// <summary>What the backlog keeps anyway costs nothing more. A lower limit would close replicas that it has just taken back.</summary>
    long HardBytesOfReplica(in OutputBufferLimit limit) =>
        limit.HardBytes == 0 ? long.MaxValue : Math.Max(limit.HardBytes, replicationSettings.ReplBacklogSize);

    /// <summary>
    /// Checks some of the clients, so that each has its turn about once a second. A thousand of them at once would be a
    /// noticeable pause for commands.
    /// </summary>
    public void LookOverSome(long now)
    {
        var share = clients.Count * Math.Min(now - _lastLook, RoundMilliseconds) / RoundMilliseconds;
        _lastLook = now;
        for (var i = Math.Min(share + LeastLooks, clients.Count); i > 0; i--)
        {
            if (clients.Visit() is { } client) LookOver(client, now);
        }
    }

    void LookOver(Client client, long now)
    {
        CheckOutput(client);
        clientMemory.Account(client);
        var idle = now - client.LastInteraction;
        if (switches.ReplyPeakMilliseconds is >= 0 and var peak && idle >= peak) client.ReplyPeak = 0;
        LookOverInput(client.Connection, idle >= TrimMilliseconds);
        // Subscribers and replicas may stay silent, and a held client has to wait.
        var timeout = settings.Timeout * 1000L;
        if (timeout == 0 || idle <= timeout || client.IsHeld) return;
        if (client.Has(ClientFlags.PubSub | ClientFlags.Monitor | ClientFlags.Replica | ClientFlags.Master)) return;
        log.Idle();
        admission.KillLocked(client, "idle");
    }

    /// <summary>
    /// An idle client gives back an empty buffer, and the unused part of one that holds half a request. A busy client keeps what
    /// it has needed since the last check.
    /// </summary>
    static void LookOverInput(Connection connection, bool idle)
    {
        var input = connection.Input;
        if (input.OwnCapacity == 0) return;
        var isUnused = input.OwnLength == 0 && (idle || !input.WasOwnUsed && input.OwnCapacity > TrimBytes);
        if (isUnused || idle && input.OwnCapacity > input.OwnLength + TrimBytes) connection.TrimInputLocked(idle);
        input.WasOwnUsed = false;
    }
}
