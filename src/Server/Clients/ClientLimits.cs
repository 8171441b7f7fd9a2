using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Clients;

/// <summary>Bounds on clients: output buffers, idle time. Under the executor's lock.</summary>
sealed class ClientLimits(
    ClientRegistry clients, ClientMemory clientMemory, Admission admission, ServerStatistics statistics,
    Clock clock, NetworkSettings settings, DebugSwitches switches, ServerLog log)
{
    /// <summary>
    /// Bytes of replies, beyond the first chunk, that may wait for a client that has not authenticated: it is answered errors
    /// only, and one that does not read them is up to something (Redis's CVE-2025-21605).
    /// </summary>
    const long UnauthenticatedBytes = 1024;

    /// <summary>Every client is looked over once in this time; the limits it is held to are counted in seconds.</summary>
    const int RoundMilliseconds = 1000;

    /// <summary>Clients to look over each time however few there are: Redis's CLIENTS_CRON_MIN_ITERATIONS.</summary>
    const int LeastLooks = 5;

    /// <summary>
    /// Unused room of the query buffer that is given back, and after how long without bytes (Redis's PROTO_RESIZE_THRESHOLD
    /// and the two seconds of its clients cron).
    /// </summary>
    const int TrimBytes = 32 * 1024, TrimMilliseconds = 2000;

    long _lastLook;

    /// <summary>Closes a client whose pending output exceeds the hard limit of its class, or the soft one for too long.</summary>
    /// <param name="goesAtOnce">
    /// Whether for commands it is gone from now on. False while someone walks over the clients that it is among: it gets nothing more,
    /// and goes when its loop closes the socket.
    /// </param>
    public void CheckOutput(Client client, bool goesAtOnce = true)
    {
        var pending = client.Connection.Output.PendingBytes;
        if (pending <= ChunkPool.ChunkBytes)
        {
            client.SoftLimitSince = 0;
            return;
        }
        var limit = settings.OutputBufferLimits[(int)client.Class];
        var overHard = pending >= HardBytes(client, limit);
        var overSoft = limit.SoftBytes > 0 && pending >= limit.SoftBytes;
        if (!overSoft) client.SoftLimitSince = 0;
        else if (client.SoftLimitSince == 0) client.SoftLimitSince = clock.Now;
        var softTooLong = overSoft && clock.Now - client.SoftLimitSince > limit.SoftSeconds * 1000L;
        if (!overHard && !softTooLong) return;
        CutOff(client, pending, goesAtOnce);
    }

    /// <summary>Closes a client that has too much waiting for it; what it sent and is not run yet never runs.</summary>
    /// <param name="client">Whose limit is passed.</param>
    /// <param name="pending">Bytes that wait for it, for the log.</param>
    /// <param name="goesAtOnce">See <see cref="CheckOutput"/>.</param>
    public void CutOff(Client client, long pending, bool goesAtOnce = true)
    {
        if (client.IsGone || client.Connection.Closing == CloseMode.AtOnce) return;
        statistics.OutputBufferLimitDisconnections++;
        log.OutputBufferLimit(client.Id, pending);
        if (goesAtOnce) admission.KillLocked(client, "output buffer limits");
        else client.Connection.CloseLocked(CloseMode.AtOnce, "output buffer limits");
    }

    /// <summary>
    /// <see cref="ReplyWriter.Written"/> at which the client whose batch runs is over its hard limit: nothing is sent before the batch
    /// ends, so this is known before.
    /// </summary>
    public long MostReplies(Client client, ReplyWriter reply)
    {
        var hard = HardBytes(client, settings.OutputBufferLimits[(int)client.Class]);
        return hard == long.MaxValue ? hard : hard - client.Connection.Output.PendingBytes + reply.HandedOver;
    }

    /// <summary>Bytes that may wait. As in Redis, what fits the first chunk is no reason to close anybody.</summary>
    static long HardBytes(Client client, in OutputBufferLimit limit)
    {
        if (!client.IsAuthenticated) return ChunkPool.ChunkBytes + UnauthenticatedBytes;
        return limit.HardBytes == 0 ? long.MaxValue : Math.Max(limit.HardBytes, ChunkPool.ChunkBytes + 1);
    }

    /// <summary>
    /// Looks a part of the clients over, so that each has its turn about once a second: a thousand of them in one go would
    /// be a pause that commands feel.
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
        // Subscribers and replicas may listen in silence, and who waits has been told to.
        var timeout = settings.Timeout * 1000L;
        if (timeout == 0 || idle <= timeout || client.IsHeld) return;
        if (client.Has(ClientFlags.PubSub | ClientFlags.Monitor | ClientFlags.Replica | ClientFlags.Master)) return;
        log.Idle();
        admission.KillLocked(client, "idle");
    }

    /// <summary>
    /// An idle client gives back a buffer it waits for nothing in, and most of one it waits in; a busy one keeps what it has
    /// needed since the last look.
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
