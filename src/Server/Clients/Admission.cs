using MiniRedis.Resp;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Linux;

namespace MiniRedis.Server.Clients;

/// <summary>Lets connections in and out: maxclients, protected mode, keepalive, the registry. Under the executor's lock.</summary>
sealed class Admission(MiniRedisServer server)
{
    /// <summary>Descriptors the process needs beside its clients': Redis's CONFIG_MIN_RESERVED_FDS.</summary>
    public const long ReservedDescriptors = 32;

    /// <summary>
    /// Makes room for maxclients connections, before the first of them. Where the system does not give that much, fewer
    /// clients are let in: better than to refuse the append-only file its descriptor.
    /// </summary>
    public void ReserveDescriptors()
    {
        var config = server.Config;
        var wanted = config.Network.MaxClients + ReservedDescriptors;
        var before = OpenFiles.Limit;
        var limit = OpenFiles.Raise(wanted, out var error);
        if (limit >= wanted)
        {
            if (limit > before) server.Log.RaisedOpenFiles(limit, before);
            return;
        }
        server.Log.TooFewOpenFiles(config.Network.MaxClients, wanted);
        server.Log.CannotRaiseOpenFiles(wanted, error ?? "");
        config.Network.MaxClients = Math.Max(1, limit - ReservedDescriptors);
        server.Log.ReducedMaxClients(limit, config.Network.MaxClients);
    }

    public void AcceptLocked(Connection connection)
    {
        server.Clock.Advance();
        if (server.Clients.Count >= server.Config.Network.MaxClients)
        {
            server.Statistics.RejectedConnections++;
            Refuse(connection, Errors.MaxClients);
            return;
        }
        if (server.Config.Network.ProtectedMode && server.Config.Security.RequirePass.Length == 0 && !connection.IsLocal)
        {
            server.Statistics.RejectedConnections++;
            Refuse(connection, Errors.ProtectedMode);
            return;
        }
        server.Statistics.ConnectionsReceived++;
        var client = new Client(server.Clients.NextId(), connection, server.Keyspace.Databases[0], server.Clock.Now)
        {
            IsAuthenticated = server.Config.Security.RequirePass.Length == 0,
        };
        connection.State = client;
        connection.SetKeepAlive(server.Config.Network.TcpKeepAlive);
        server.Clients.Add(client);
        server.Memory.Account(client);
        server.Log.Accepted(connection.Remote);
    }

    /// <summary>
    /// Closes another client's connection. For commands it is gone at once: it is not listed or counted any more, and runs
    /// nothing of what it has sent. Its socket is closed by its own loop, soon.
    /// </summary>
    public void KillLocked(Client client, string reason)
    {
        client.Connection.CloseLocked(CloseMode.AtOnce, reason);
        RemoveLocked(client, client.Connection);
    }

    public void RemoveLocked(Client? client, Connection connection)
    {
        if (client is null || client.IsGone) return;
        client.IsGone = true;
        if (client is { Waiting: { } waiting } && client.Has(ClientFlags.Blocked)) server.Blocking.Release(waiting);
        server.Transactions.Discard(client);
        server.Tracking.Remove(client);
        server.PubSub.Leave(client);
        server.Monitors.Remove(client);
        server.Pushes.Forget(client);
        server.Log.Closed(client.Id, connection.CloseReason ?? "closed by the client");
        server.Clients.Remove(client);
        server.Memory.Remove(client);
    }

    static void Refuse(Connection connection, ReadOnlySpan<byte> error)
    {
        var push = LoopState.Current.Push;
        push.Attach(connection.Output, 2);
        push.Error(error);
        push.Complete();
        connection.CloseLocked(CloseMode.AfterOutput, "refused");
    }
}
