namespace MiniRedis.Cluster.Nodes;

/// <summary>What the machine asks its surroundings in the middle of a step.</summary>
public interface IClusterHost
{
    /// <summary>How many keys of a slot this node holds.</summary>
    long CountKeysInSlot(int slot);

    /// <summary>How many keys this node holds.</summary>
    long KeyCount { get; }

    /// <summary>Of a master the offset of its stream, of a replica the offset up to which it has done its master's.</summary>
    long ReplicationOffset { get; }

    /// <summary>Whether replication is turned on: this node has been told to follow somebody.</summary>
    bool HasMaster { get; }

    /// <summary>
    /// Of a replica: milliseconds since its master was last heard from, over a link that is up; else since the link went down.
    /// </summary>
    long DataAge { get; }

    /// <summary>
    /// How far this node's news for all others have come: a number that grows with them. What had been published when a ping was sent has
    /// arrived once its pong has (<see cref="ClusterOutput.LinkUp"/>).
    /// </summary>
    long NewsPosition { get; }

    /// <summary>Bytes that wait to be sent on a link, for cluster-link-sendbuf-limit.</summary>
    long SendBufferBytes(long link);
}
