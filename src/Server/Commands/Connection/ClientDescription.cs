using System.Buffers;
using System.Globalization;
using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>One client as a line of CLIENT LIST: the fields of Redis 8.0 and Valkey 8, in their order.</summary>
static class ClientDescription
{
    /// <summary>Appends the line, with its line end.</summary>
    /// <param name="running">The request of the client that asks.</param>
    /// <param name="isCaller">Whether <paramref name="client"/> is that client.</param>
    /// <param name="showsName">Whether its name and its user's are shown.</param>
    public static void Append(StringBuilder text, Client client, ServerParts server, in Request running, bool isCaller = true,
        bool showsName = true)
    {
        var connection = client.Connection;
        var (input, output) = (connection.Input, connection.Output);
        var ownInput = input.OwnCapacity;
        // Bytes in the shared buffer cost this client nothing: they belong to the batch that runs.
        var waiting = input.OwnLength;
        // Of an unfinished request, complete arguments (here with their headers) count as arguments, the rest as query buffer.
        var argumentBytes = isCaller ? running.ArgumentBytes : Math.Min(client.Parser.Parsed, waiting);
        var pendingInput = isCaller ? waiting : waiting - argumentBytes;
        var memory = client.MemoryBytes + (isCaller ? argumentBytes : 0);
        var pendingBehind = output.PendingBehindFirst;
        var now = server.Clock.Now;
        var own = client.Subscriptions;
        text.Append(CultureInfo.InvariantCulture, $"id={client.Id} addr={connection.Remote} laddr={connection.Local}")
            .Append(CultureInfo.InvariantCulture, $" fd={connection.Descriptor} name={(showsName ? Ascii(client.Name) : "*redacted*")}")
            .Append(CultureInfo.InvariantCulture, $" age={now / 1000 - client.CreatedAt / 1000} idle={now / 1000 - client.LastInteraction / 1000}")
            .Append(" flags=");
        AppendFlags(text, client);
        // A field of Valkey 8.1, shown only if it is set: Redis and older Valkeys do not have it.
        if (client.Has(ClientFlags.CanRedirect)) text.Append(" capa=r");
        text.Append(CultureInfo.InvariantCulture, $" db={client.Database.Number}")
            .Append(CultureInfo.InvariantCulture, $" sub={own?.Count(ChannelKind.Channel) ?? 0} psub={own?.Count(ChannelKind.Pattern) ?? 0}")
            .Append(CultureInfo.InvariantCulture, $" ssub={own?.Count(ChannelKind.Shard) ?? 0}")
            .Append(CultureInfo.InvariantCulture, $" multi={(client.Has(ClientFlags.Multi) ? client.Transaction!.Queue.Count : -1)}")
            .Append(CultureInfo.InvariantCulture, $" watch={client.Transaction?.WatchCount ?? 0}")
            .Append(CultureInfo.InvariantCulture, $" qbuf={pendingInput} qbuf-free={ownInput - waiting} argv-mem={argumentBytes}")
            .Append(CultureInfo.InvariantCulture, $" multi-mem={client.Transaction?.Queue.QueuedBytes ?? 0}")
            .Append(CultureInfo.InvariantCulture, $" rbs={output.FirstChunkBytes} rbp={client.ReplyPeak}")
            .Append(CultureInfo.InvariantCulture, $" obl={output.PendingBytes - pendingBehind.Bytes} oll={pendingBehind.Chunks}")
            .Append(CultureInfo.InvariantCulture, $" omem={pendingBehind.Memory} tot-mem={memory}")
            .Append(connection.WatchesWritable ? " events=rw" : " events=r")
            .Append(CultureInfo.InvariantCulture, $" cmd={client.LastCommand?.FullName ?? "NULL"}")
            .Append(CultureInfo.InvariantCulture, $" user={(showsName ? Encoding.UTF8.GetString(client.User.Name) : "*redacted*")}")
            .Append(CultureInfo.InvariantCulture, $" redir={client.TrackingRedirect} resp={client.Protocol}")
            .Append(CultureInfo.InvariantCulture, $" lib-name={Ascii(client.LibraryName)} lib-ver={Ascii(client.LibraryVersion)}")
            .Append(CultureInfo.InvariantCulture, $" io-thread={connection.IoThread}")
            .Append(CultureInfo.InvariantCulture, $" tot-net-in={client.BytesReceived} tot-net-out={client.BytesSent}")
            .Append(CultureInfo.InvariantCulture, $" tot-cmds={client.CommandsRun}\n");
    }

    /// <summary>Lines for the log: without names of clients and users if hide-user-data-from-log says so.</summary>
    public static string ForReport(IEnumerable<Client> clients, ServerParts server)
    {
        var text = new StringBuilder();
        foreach (var client in clients) Append(text, client, server, default, isCaller: false, !server.Config.Logging.HideUserDataFromLog);
        return text.ToString();
    }

    /// <summary>The line without its end.</summary>
    public static byte[] LineOf(Client client, ServerParts server, in Request running)
    {
        var text = new StringBuilder();
        Append(text, client, server, running);
        return Encoding.UTF8.GetBytes(text.ToString(0, text.Length - 1));
    }

    static string Ascii(byte[] text) => text.Length == 0 ? "" : Encoding.ASCII.GetString(text);

    /// <summary>
    /// The letters of the flags. 'u' (about to be unblocked) and 'E' (exports slots: a connection that is no client here) are valid, but no
    /// client ever has them.
    /// </summary>
    public static SearchValues<byte> AllFlags { get; } = SearchValues.Create("OSMPxbtRBdcuAUreTIiEN"u8);

    public static void AppendFlags(StringBuilder text, Client client)
    {
        var start = text.Length;
        if (client.Has(ClientFlags.Monitor)) text.Append('O');
        else if (client.Has(ClientFlags.Replica)) text.Append('S');
        if (client.Has(ClientFlags.Master)) text.Append('M');
        if (client.Has(ClientFlags.PubSub)) text.Append('P');
        if (client.Has(ClientFlags.Multi)) text.Append('x');
        if (client.IsHeld) text.Append('b');
        if (client.Tracking is { } tracking)
        {
            if (tracking.IsOn) text.Append('t');
            if (tracking.Has(TrackingModes.Broken)) text.Append('R');
            if (tracking.Has(TrackingModes.Broadcast)) text.Append('B');
        }
        if (client.Has(ClientFlags.DirtyCas)) text.Append('d');
        if (client.Connection.Closing == CloseMode.AfterOutput) text.Append('c');
        if (client.Connection.Closing == CloseMode.AtOnce) text.Append('A');
        if (client.Connection.IsUnixSocket) text.Append('U');
        if (client.Has(ClientFlags.ReadOnlyReplica)) text.Append('r');
        if (client.Has(ClientFlags.NoEvict)) text.Append('e');
        if (client.Has(ClientFlags.NoTouch)) text.Append('T');
        if (client.Has(ClientFlags.ImportSource)) text.Append('I');
        if (client.ImportedSlots is not null) text.Append('i');
        if (text.Length == start) text.Append('N');
    }
}
