namespace MiniRedis.Cluster.Sentinel;

/// <summary>What a reply that is still to come is for.</summary>
enum AwaitedReply
{
    /// <summary>Nobody looks at it: its effect shows in the next INFO.</summary>
    Ignored,
    Ping,
    Info,
    Publish,
    MasterDown,
}

/// <summary>One connection: its number, and the replies that are still to come, in their order.</summary>
sealed class LinkConnection(long id, InstanceLink link, bool isPubSub)
{
    public long Id { get; } = id;
    public InstanceLink Link { get; } = link;
    public bool IsPubSub { get; } = isPubSub;

    /// <summary>Our end's address; null until the connection is open.</summary>
    public string? LocalIp { get; set; }

    public Queue<(SentinelInstance Instance, AwaitedReply Reply)> Awaited { get; } = new();
}

/// <summary>
/// The way to an instance: a connection for commands, one for the hello channel unless it leads to a Sentinel, and what is known
/// of its being reachable. Masters and replicas have one each. Sentinels that watch several masters in common share one, so that
/// five of them with a hundred masters keep five connections and send five PINGs a second.
/// </summary>
public sealed class InstanceLink
{
    internal InstanceLink(long now) => Restart(now);

    /// <summary>How many instances use it.</summary>
    public int References { get; internal set; } = 1;

    /// <summary>Whether a connection is missing.</summary>
    public bool IsDisconnected { get; internal set; } = true;

    internal LinkConnection? Commands { get; set; }
    internal LinkConnection? PubSub { get; set; }
    internal long CommandsSince { get; set; } = SentinelMachine.Never;
    internal long PubSubSince { get; set; } = SentinelMachine.Never;
    internal long PubSubActivityAt { get; set; } = SentinelMachine.Never;
    internal long LastReconnectAt { get; set; } = SentinelMachine.Never;

    /// <summary>Replies that are still to come on the connection for commands.</summary>
    public int PendingCommands => Commands?.Awaited.Count ?? 0;

    /// <summary>
    /// When the oldest PING without an answer was sent; <see cref="SentinelMachine.Never"/> if the last one was answered.
    /// </summary>
    public long UnansweredPingAt { get; internal set; }
    internal long LastPingAt { get; set; }

    /// <summary>When it last answered as something that works does.</summary>
    public long LastAvailableAt { get; internal set; }

    /// <summary>When it last answered a PING at all.</summary>
    public long LastPongAt { get; internal set; }

    /// <summary>
    /// A link counts as pinged from its beginning, so that an instance to which no connection ever comes about is found down as
    /// well.
    /// </summary>
    internal void Restart(long now)
    {
        UnansweredPingAt = now;
        LastPingAt = SentinelMachine.Never;
        LastAvailableAt = now;
        LastPongAt = now;
    }
}
