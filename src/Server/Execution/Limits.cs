using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>Bounds on clients: output buffers, idle time. Under the executor's lock.</summary>
sealed class Limits(MiniRedisServer server)
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

    /// <summary>After so long without requests the peak of a client's replies is forgotten (Redis's reply-buffer-peak-reset-time).</summary>
    const int PeakMilliseconds = 5000;

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
        // As in Redis, what fits the first chunk does not count.
        var pending = client.Connection.Output.PendingBytes - ChunkPool.ChunkBytes;
        if (pending <= 0)
        {
            client.SoftLimitSince = 0;
            return;
        }
        var limit = server.Config.OutputBufferLimits[(int)client.Class];
        var overHard = limit.HardBytes > 0 && pending >= limit.HardBytes || !client.IsAuthenticated && pending >= UnauthenticatedBytes;
        var overSoft = limit.SoftBytes > 0 && pending >= limit.SoftBytes;
        if (!overSoft) client.SoftLimitSince = 0;
        else if (client.SoftLimitSince == 0) client.SoftLimitSince = server.Clock.Now;
        var softTooLong = overSoft && server.Clock.Now - client.SoftLimitSince > limit.SoftSeconds * 1000L;
        if (!overHard && !softTooLong) return;
        if (client.IsGone || client.Connection.Closing == CloseMode.AtOnce) return;
        server.Statistics.OutputBufferLimitDisconnections++;
        server.Log.OutputBufferLimit(client.Id, pending);
        if (goesAtOnce) server.Admission.KillLocked(client, "output buffer limits");
        else client.Connection.CloseLocked(CloseMode.AtOnce, "output buffer limits");
    }

    /// <summary>
    /// Looks a part of the clients over, so that each has its turn about once a second: a thousand of them in one go would
    /// be a pause that commands feel.
    /// </summary>
    public void LookOverSome(long now)
    {
        var share = server.Clients.Count * Math.Min(now - _lastLook, RoundMilliseconds) / RoundMilliseconds;
        _lastLook = now;
        for (var i = Math.Min(share + LeastLooks, server.Clients.Count); i > 0; i--)
        {
            if (server.Clients.Visit() is { } client) LookOver(client, now);
        }
    }

    void LookOver(Client client, long now)
    {
        CheckOutput(client);
        server.Memory.Account(client);
        var idle = now - client.LastInteraction;
        if (idle >= PeakMilliseconds) client.ReplyPeak = 0;
        LookOverInput(client.Connection, idle >= TrimMilliseconds);
        // Subscribers and replicas may listen in silence, and who waits has been told to.
        var timeout = server.Config.Timeout * 1000L;
        if (timeout == 0 || idle <= timeout || client.IsHeld) return;
        if (client.Has(ClientFlags.PubSub | ClientFlags.Monitor | ClientFlags.Replica | ClientFlags.Master)) return;
        server.Log.Idle();
        server.Admission.KillLocked(client, "idle");
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
