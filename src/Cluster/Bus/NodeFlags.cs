namespace MiniRedis.Cluster.Bus;

/// <summary>What a node is, and what is known of its state: the bits that travel in packets.</summary>
[Flags]
public enum NodeFlags : ushort
{
    None = 0,
    Master = 1 << 0,
    Replica = 1 << 1,

    /// <summary>The node that holds this table cannot reach it ("fail?").</summary>
    PossiblyFailing = 1 << 2,

    /// <summary>A majority of the masters cannot reach it.</summary>
    Failing = 1 << 3,
    Myself = 1 << 4,

    /// <summary>An address that was met; who answers there is not known yet. The id is made up.</summary>
    Handshake = 1 << 5,

    /// <summary>Nobody knows where it is.</summary>
    NoAddress = 1 << 6,

    /// <summary>It is sent MEET instead of PING until it answers.</summary>
    Meet = 1 << 7,

    /// <summary>A master that has, had or took over replicas: one that has none left may get one of another master's.</summary>
    MigrateTo = 1 << 8,

    /// <summary>A replica that stands for no election.</summary>
    NoFailover = 1 << 9,

    /// <summary>It sent extensions (Redis 7.2, Valkey).</summary>
    Extensions = 1 << 10,

    /// <summary>It reads messages with the light header (Valkey 8).</summary>
    LightHeader = 1 << 11,
}
