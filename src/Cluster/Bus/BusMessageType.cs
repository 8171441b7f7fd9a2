namespace MiniRedis.Cluster.Bus;

/// <summary>What a packet is. The numbers travel.</summary>
public enum BusMessageType
{
    Ping = 0,

    /// <summary>The answer to a ping, and news without having been asked.</summary>
    Pong = 1,

    /// <summary>A ping that has the receiver take the sender into its table.</summary>
    Meet = 2,

    /// <summary>A node is failing: a majority has said so.</summary>
    Fail = 3,
    Publish = 4,

    /// <summary>A replica asks for a vote.</summary>
    AuthRequest = 5,

    /// <summary>A vote.</summary>
    AuthAck = 6,

    /// <summary>The slots of a node other than the sender.</summary>
    Update = 7,

    /// <summary>A replica asks its master to stop writes: a manual failover begins.</summary>
    ManualFailoverStart = 8,
    Module = 9,
    PublishShard = 10,
}

/// <summary>The names of message types in CLUSTER INFO.</summary>
public static class BusMessageTypes
{
    /// <summary>How many there are.</summary>
    public const int Count = 11;

    /// <summary>As in <c>cluster_stats_messages_ping_sent</c>.</summary>
    public static string Name(BusMessageType type) => type switch
    {
        BusMessageType.Ping => "ping",
        BusMessageType.Pong => "pong",
        BusMessageType.Meet => "meet",
        BusMessageType.Fail => "fail",
        BusMessageType.Publish => "publish",
        BusMessageType.AuthRequest => "auth-req",
        BusMessageType.AuthAck => "auth-ack",
        BusMessageType.Update => "update",
        BusMessageType.ManualFailoverStart => "mfstart",
        BusMessageType.Module => "module",
        BusMessageType.PublishShard => "publishshard",
        _ => "unknown",
    };
}
