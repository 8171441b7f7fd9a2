using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Linux;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Clients;

/// <summary>Lets connections in and out: maxclients, protected mode, keepalive, the registry. Under the executor's lock.</summary>
sealed class Admission(
    Keyspace keyspace, Users users, ClientRegistry clients, ClientMemory clientMemory, ServerStatistics statistics,
    Clock clock, NetworkSettings networkSettings, TlsSettings tlsSettings, ServerLog log)
{
    /// <summary>The least that the process has beside its clients' descriptors: Redis's CONFIG_MIN_RESERVED_FDS.</summary>
    const long LeastReserved = 32;

    /// <summary>
    /// Descriptors that no client gets: a save, a rewrite of the append-only file and a log that is opened again take some each,
    /// and so does a client that is told that it is one too many.
    /// </summary>
    const long ForFiles = 16;

    /// <summary>
    /// Descriptors that the process needs beside its clients': what it has at the start, and the files that come later. The
    /// runtime with its just-in-time compiler has a hundred, a native executable a dozen.
    /// </summary>
    public long ReservedDescriptors { get; private set; } = LeastReserved;

    /// <summary>A client leaves: parts that keep something for it let go of it.</summary>
    public event Action<Client>? Leaving;

    /// <summary>A client's certificate names nobody who may log in. With the first name in it, or an empty one.</summary>
    public event Action<Client, string>? CertificateDenied;

    /// <summary>
    /// Reserves descriptors for maxclients connections, before the first of them. If the system gives fewer, maxclients is
    /// reduced: otherwise the append-only file might lack a descriptor.
    /// </summary>
    /// <param name="others">Connections that are no clients: handshakes, and who reads metrics.</param>
    /// <returns>False if the system gives too few for even one client. The reason is logged.</returns>
    public bool ReserveDescriptors(long others)
    {
        ReservedDescriptors = Math.Max(LeastReserved, OpenFiles.InUse + ForFiles) + others;
        var wanted = networkSettings.MaxClients + ReservedDescriptors;
        var before = OpenFiles.Limit;
        var limit = OpenFiles.Raise(wanted, out var error);
        if (limit >= wanted)
        {
            if (limit > before) log.RaisedOpenFiles(limit, before);
            return true;
        }
        if (limit <= ReservedDescriptors)
        {
            log.NotEnoughOpenFiles(limit, ReservedDescriptors + 1);
            return false;
        }
        log.TooFewOpenFiles(networkSettings.MaxClients, wanted);
        log.CannotRaiseOpenFiles(wanted, error ?? "");
        networkSettings.MaxClients = limit - ReservedDescriptors;
        log.ReducedMaxClients(limit, networkSettings.MaxClients);
        return true;
    }

    // The system gives the lowest number that is free. One near the limit tells that nearly all are taken, by whatever it is,
    // and the limit may have been lowered meanwhile.
    static bool IsOneOfTheLast(int descriptor) => descriptor >= OpenFiles.Limit - ForFiles;

    /// <summary>Whether there are as many clients as may be. Counts the one who is turned away.</summary>
    public bool TurnsAwayLocked()
    {
        if (clients.Count < networkSettings.MaxClients) return false;
        statistics.RejectedConnections++;
        return true;
    }

    public void AcceptLocked(Connection connection)
    {
        clock.Advance();
        if (clients.Count >= networkSettings.MaxClients || IsOneOfTheLast(connection.Descriptor) || connection.IsOnSpareDescriptor)
        {
            statistics.RejectedConnections++;
            Refuse(connection, Errors.MaxClients);
            return;
        }
        if (networkSettings.ProtectedMode && users.Default.Rules.NoPass && !connection.IsLocal)
        {
            statistics.RejectedConnections++;
            Refuse(connection, Errors.ProtectedMode);
            return;
        }
        statistics.ConnectionsReceived++;
        var client = new Client(clients.NextId(), connection, keyspace.Databases[0], users.Default, clock.Now);
        connection.State = client;
        connection.SetKeepAlive(networkSettings.TcpKeepAlive);
        clients.Add(client);
        clientMemory.Account(client);
        log.Accepted(connection.Remote);
        if (tlsSettings.TlsAuthClientsUser != TlsClientUser.Off && connection.PeerCertificate is { } certificate) LogIn(client, certificate);
    }

    /// <summary>
    /// Logs a client in as the user that its certificate names (tls-auth-clients-user). If there is none, or it is off, the client stays the
    /// default user, as in Valkey: where that one needs a password, nothing is open to it.
    /// </summary>
    void LogIn(Client client, byte[] certificate)
    {
        var names = tlsSettings.TlsAuthClientsUser == TlsClientUser.Uri
            ? CertificateNames.Uris(certificate)
            : CertificateNames.CommonName(certificate) is { } name ? [name] : [];
        foreach (var found in names)
        {
            if (users.Find(Encoding.UTF8.GetBytes(found)) is not { Rules.IsOn: true } user) continue;
            client.LogIn(user);
            return;
        }
        CertificateDenied?.Invoke(client, names is [var first, ..] ? first : "");
    }

    /// <summary>
    /// Closes another client's connection. For commands it is gone at once: it is no longer listed or counted, and its pending
    /// requests do not run. Its own loop closes the socket soon after.
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
        client.CountForUser();
        Leaving?.Invoke(client);
        log.Closed(client.Id, connection.CloseReason ?? "closed by the client");
        clients.Remove(client);
        clientMemory.Remove(client);
    }

    static void Refuse(Connection connection, ReadOnlySpan<byte> error)
    {
        var push = LoopWriters.Current.Push;
        push.Attach(connection.Output, 2);
        push.Error(error);
        push.Complete();
        connection.CloseLocked(CloseMode.AfterOutput, "refused");
    }
}
