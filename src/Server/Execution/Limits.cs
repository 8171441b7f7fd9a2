using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>Bounds on memory and on clients: maxmemory, output buffers, idle time. Under the executor's lock.</summary>
sealed class Limits(MiniRedisServer server)
{
    /// <summary>Whether a command that may need more memory is to be refused.</summary>
    public bool IsOutOfMemory() => server.Config.MaxMemory > 0 && server.UsedMemory > server.Config.MaxMemory;

    /// <summary>Closes a client whose pending output exceeds the hard limit of its class, or the soft one for too long.</summary>
    public void CheckOutput(Client client)
    {
        var pending = client.Connection.Output.PendingBytes;
        if (pending == 0)
        {
            client.SoftLimitSince = 0;
            return;
        }
        var limit = server.Config.OutputBufferLimits[(int)client.Class];
        var overHard = limit.HardBytes > 0 && pending >= limit.HardBytes;
        var overSoft = limit.SoftBytes > 0 && pending >= limit.SoftBytes;
        if (!overSoft) client.SoftLimitSince = 0;
        else if (client.SoftLimitSince == 0) client.SoftLimitSince = server.Clock.Now;
        var softTooLong = overSoft && server.Clock.Now - client.SoftLimitSince > limit.SoftSeconds * 1000L;
        if (!overHard && !softTooLong) return;
        server.Statistics.OutputBufferLimitDisconnections++;
        server.Log.OutputBufferLimit(client.Id, pending);
        client.Connection.CloseLocked(CloseMode.AtOnce, "output buffer limits");
    }

    /// <summary>Closes clients that have been idle longer than "timeout"; subscribers and replicas may listen in silence.</summary>
    public void CloseIdle()
    {
        var timeout = server.Config.Timeout * 1000L;
        foreach (var client in server.Clients.All)
        {
            CheckOutput(client);
            server.Memory.Account(client);
            if (timeout <= 0 || client.Has(ClientFlags.Blocked | ClientFlags.PubSub | ClientFlags.Replica | ClientFlags.Master)) continue;
            if (server.Clock.Now - client.LastInteraction > timeout) client.Connection.CloseLocked(CloseMode.AtOnce, "idle");
        }
    }
}
