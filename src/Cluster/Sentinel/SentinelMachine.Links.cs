namespace MiniRedis.Cluster.Sentinel;

/// <summary>Connections to instances: opening them, what is sent on them and when, and what their replies mean.</summary>
public sealed partial class SentinelMachine
{
    /// <summary>A link on which so many replies are outstanding gets no more of what can wait.</summary>
    const int MostPendingCommands = 100;

    readonly Dictionary<long, LinkConnection> _connections = [];
    long _lastConnection;

    /// <summary>
    /// A connection is open. <paramref name="localIp"/> is the address of this end, by which others reach this Sentinel.
    /// </summary>
    public void Connected(long connection, string localIp, long now)
    {
        _now = now;
        if (_connections.TryGetValue(connection, out var found)) found.LocalIp = localIp;
    }

    /// <summary>A connection could not be opened, or has ended.</summary>
    public void Lost(long connection, long now)
    {
        _now = now;
        if (_connections.TryGetValue(connection, out var found)) Forget(found);
    }

    /// <summary>A reply, or a pushed message, has come.</summary>
    public void Received(long connection, LinkReply reply, long now)
    {
        _now = now;
        if (!_connections.TryGetValue(connection, out var found)) return;
        if (found.IsPubSub && reply is { Kind: ReplyKind.Array, Items: { Count: >= 1 } items })
        {
            found.Link.PubSubActivityAt = now;
            if (items is [{ Text: "message" }, _, var message]) ReceiveHello(message.Text);
        }
        else if (found.Awaited.TryDequeue(out var awaited))
        {
            if (!awaited.Instance.IsRemoved) Handle(found, awaited.Instance, awaited.Reply, reply);
        }
        else if (reply.Kind == ReplyKind.Error)
        {
            // SUBSCRIBE is refused, for want of a password mostly: the link shows as disconnected until it is taken.
            Close(found);
        }
    }

    void Handle(LinkConnection connection, SentinelInstance instance, AwaitedReply awaited, LinkReply reply)
    {
        switch (awaited)
        {
            case AwaitedReply.Ping: ReceivePong(connection, instance, reply); break;
            case AwaitedReply.Info when reply.Kind == ReplyKind.Bulk: ReceiveInfo(instance, reply.Text); break;
            // Only a hello that was taken counts: else it is sent again at the next tick.
            case AwaitedReply.Publish when reply.Kind != ReplyKind.Error: instance.LastPublishAt = _now; break;
            case AwaitedReply.MasterDown: ReceiveMasterDown(instance, reply); break;
            default: break;
        }
    }

    void ReceivePong(LinkConnection connection, SentinelInstance instance, LinkReply reply)
    {
        var link = connection.Link;
        link.LastPongAt = _now;
        if (reply.Kind is not (ReplyKind.Status or ReplyKind.Error)) return;
        var isPong = reply.Text.StartsWith("PONG", StringComparison.Ordinal);
        if (isPong || reply.Text.StartsWith("LOADING", StringComparison.Ordinal)
            || reply.Text.StartsWith("MASTERDOWN", StringComparison.Ordinal))
        {
            link.LastAvailableAt = _now;
            link.UnansweredPingAt = Never;
            if (isPong) instance.Clear(InstanceFlags.MasterReboot);
        }
        else if (reply.Text.StartsWith("BUSY", StringComparison.Ordinal) && instance.Is(InstanceFlags.SubjectivelyDown)
            && !instance.Is(InstanceFlags.ScriptKillSent))
        {
            Send(connection, instance, AwaitedReply.Ignored, "SCRIPT", "KILL");
            instance.Set(InstanceFlags.ScriptKillSent);
        }
    }

    /// <summary>Opens what is missing of a link, once a period at most.</summary>
    void Reconnect(SentinelInstance instance)
    {
        var link = instance.Link;
        // Port 0 is that of a node that listens to TLS only, or to nothing: there is no way to it.
        if (!link.IsDisconnected || instance.Address.Port == 0 || _now - link.LastReconnectAt < Periods.Ping) return;
        link.LastReconnectAt = _now;
        if (link.Commands is null)
        {
            // The name may stand for another address by now.
            if (Settings.ResolveHostnames && MakeAddress(instance.Address.Host, instance.Address.Port, false, out _) is { } address)
                instance.Address = address;
            if (instance.Address.Ip.Length == 0) return;
            link.Commands = Open(instance, isPubSub: false);
            link.CommandsSince = _now;
            Introduce(link.Commands, instance, "cmd");
            SendPing(instance);
        }
        if (!instance.IsSentinel && link.PubSub is null)
        {
            link.PubSub = Open(instance, isPubSub: true);
            link.PubSubSince = _now;
            Introduce(link.PubSub, instance, "pubsub");
            SendOnly(link.PubSub.Id, Renamed(instance, "SUBSCRIBE"), HelloMessage.Channel);
        }
        link.IsDisconnected = false;
    }

    LinkConnection Open(SentinelInstance instance, bool isPubSub)
    {
        var connection = new LinkConnection(++_lastConnection, instance.Link, isPubSub);
        _connections.Add(connection.Id, connection);
        _outputs.Add(new SentinelOutput.Connect(connection.Id, instance.Address, isPubSub));
        return connection;
    }

    /// <summary>
    /// A replica is given the password of its master. A Sentinel asks of its fellows what it asks of its own clients.
    /// </summary>
    void Introduce(LinkConnection connection, SentinelInstance instance, string purpose)
    {
        var (user, password) = instance.IsSentinel
            ? Settings.SentinelPass is { } own ? (Settings.SentinelUser, own) : (null, Settings.OwnPassword)
            : ((instance.Master ?? instance).AuthUser, (instance.Master ?? instance).AuthPass);
        if (password is not null && user is not null) Send(connection, instance, AwaitedReply.Ignored, "AUTH", user, password);
        else if (password is not null) Send(connection, instance, AwaitedReply.Ignored, "AUTH", password);
        Send(connection, instance, AwaitedReply.Ignored, "CLIENT", "SETNAME", $"sentinel-{Settings.MyId[..8]}-{purpose}");
    }

    void Close(LinkConnection? connection)
    {
        if (connection is null) return;
        Forget(connection);
        _outputs.Add(new SentinelOutput.Close(connection.Id));
    }

    void Forget(LinkConnection connection)
    {
        _connections.Remove(connection.Id);
        var link = connection.Link;
        if (link.Commands == connection) link.Commands = null;
        if (link.PubSub == connection) link.PubSub = null;
        link.IsDisconnected = true;
    }

    void CloseBoth(InstanceLink link)
    {
        Close(link.Commands);
        Close(link.PubSub);
    }

    /// <summary>An instance leaves the tables. Its link is closed unless others use it.</summary>
    void Release(SentinelInstance instance)
    {
        instance.IsRemoved = true;
        foreach (var replica in instance.Replicas) Release(replica);
        foreach (var sentinel in instance.Sentinels) Release(sentinel);
        if (--instance.Link.References == 0) CloseBoth(instance.Link);
        if (instance.Is(InstanceFlags.Promoted) && instance.Master is { } master) master.PromotedReplica = null;
    }

    /// <summary>Has the instance of a Sentinel use the link that another master's instance of the same Sentinel has.</summary>
    void ShareLink(SentinelInstance sentinel)
    {
        if (sentinel.RunId is not { } runId || sentinel.Link.References > 1) return;
        foreach (var master in Masters)
        {
            if (master == sentinel.Master || master.Sentinels.WithRunId(runId) is not { } same) continue;
            CloseBoth(sentinel.Link);
            sentinel.Link = same.Link;
            same.Link.References++;
            return;
        }
    }

    void Send(LinkConnection connection, SentinelInstance instance, AwaitedReply awaited, string command, params ReadOnlySpan<string> arguments)
    {
        connection.Awaited.Enqueue((instance, awaited));
        SendOnly(connection.Id, Renamed(instance, command), arguments);
    }

    void SendOnly(long connection, string command, params ReadOnlySpan<string> arguments)
    {
        Save();
        _outputs.Add(new SentinelOutput.Send(connection, [command, .. arguments]));
    }

    /// <summary>Sends on the connection for commands; false if there is none.</summary>
    bool TrySend(SentinelInstance instance, AwaitedReply awaited, string command, params ReadOnlySpan<string> arguments)
    {
        if (instance.Link.Commands is not { } connection) return false;
        Send(connection, instance, awaited, command, arguments);
        return true;
    }

    static string Renamed(SentinelInstance instance, string command) =>
        (instance.Master ?? instance).RenamedCommands.GetValueOrDefault(command, command);

    void SendPing(SentinelInstance instance)
    {
        if (!TrySend(instance, AwaitedReply.Ping, "PING")) return;
        var link = instance.Link;
        link.LastPingAt = _now;
        if (link.UnansweredPingAt == Never) link.UnansweredPingAt = _now;
    }

    void SendInfo(SentinelInstance instance) => TrySend(instance, AwaitedReply.Info, "INFO");

    /// <summary>
    /// The same in a failover, which waits for the effect, and asks for INFO in the same breath. Redis waits for the next period,
    /// up to a second: half of a second of each failover, on average. (Elsewhere an instance that refuses would be asked again at
    /// once, for ever.)
    /// </summary>
    bool SendReplicaOfAndInfo(SentinelInstance instance, InstanceAddress? master)
    {
        if (!SendReplicaOf(instance, master)) return false;
        SendInfo(instance);
        return true;
    }

    void SendPeriodicCommands(SentinelInstance instance)
    {
        var link = instance.Link;
        if (link.IsDisconnected || link.PendingCommands >= MostPendingCommands * link.References) return;
        if (!instance.IsSentinel && _now - instance.InfoAt > InfoPeriod(instance)) SendInfo(instance);
        var pingPeriod = Math.Min(instance.DownAfter, Periods.Ping);
        if (_now - link.LastPongAt > pingPeriod && _now - link.LastPingAt > pingPeriod / 2) SendPing(instance);
        if (_now - instance.LastPublishAt > Periods.Publish) SendHello(instance);
    }

    /// <summary>
    /// Replicas of a master that is down or fails over are asked each second, since one of them may become master by another's
    /// hand; and so are replicas without their master, whose time without it must be fresh when one is to be chosen.
    /// </summary>
    long InfoPeriod(SentinelInstance instance) =>
        instance.Master is { } master
        && (master.Is(InstanceFlags.ObjectivelyDown | InstanceFlags.FailoverInProgress) || instance.MasterLinkDownTime != 0)
            ? 1000
            : Periods.Info;

    /// <summary>
    /// Has an instance follow another, or nobody: in one transaction with writing that into its file and dropping its clients,
    /// who then ask a Sentinel for the master. Nobody looks at the replies: INFO shows the effect.
    /// </summary>
    bool SendReplicaOf(SentinelInstance instance, InstanceAddress? master)
    {
        if (instance.Link.Commands is not { } connection) return false;
        var (host, port) = master is null ? ("NO", "ONE") : (Announced(master), Text(master.Port));
        Send(connection, instance, AwaitedReply.Ignored, "MULTI");
        Send(connection, instance, AwaitedReply.Ignored, "SLAVEOF", host, port);
        Send(connection, instance, AwaitedReply.Ignored, "CONFIG", "REWRITE");
        Send(connection, instance, AwaitedReply.Ignored, "CLIENT", "KILL", "TYPE", "normal");
        Send(connection, instance, AwaitedReply.Ignored, "CLIENT", "KILL", "TYPE", "pubsub");
        Send(connection, instance, AwaitedReply.Ignored, "EXEC");
        return true;
    }
}
