using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>The levels of Redis's log.</summary>
public enum ClusterLogLevel
{
    Debug,
    Verbose,
    Notice,
    Warning,
}

/// <summary>
/// What the machine wants done. The host does it in the order given, all of it before the next step: <see cref="Persist"/> stands
/// before every packet that tells what is to be persisted.
/// </summary>
public abstract record ClusterOutput
{
    /// <summary>
    /// Open a link to the bus of a node. Then call <see cref="ClusterMachine.Connected"/> or <see cref="ClusterMachine.Closed"/>.
    /// Nothing is sent before.
    /// </summary>
    public sealed record Connect(long Link, string Ip, int BusPort) : ClusterOutput;

    /// <summary>
    /// Close a link, of either direction. The machine takes nothing more from it. Its waiting bytes are dropped.
    /// </summary>
    public sealed record Close(long Link) : ClusterOutput;

    /// <summary>Send a packet. Several links may share the bytes; nobody changes them.</summary>
    public sealed record Send(long Link, ReadOnlyMemory<byte> Packet) : ClusterOutput;

    /// <summary>
    /// Write <see cref="ClusterMachine.NodesFile"/> in place of the old file, whole or not at all. With <paramref name="Sync"/>
    /// the disk must have it before the next output is done. If it fails, the process ends: a node must not forget what it voted.
    /// </summary>
    public sealed record Persist(bool Sync) : ClusterOutput;

    /// <summary>Stop to replicate. The data are kept.</summary>
    public sealed record BecomeMaster : ClusterOutput
    {
        public static readonly BecomeMaster Instance = new();
    }

    /// <summary>Replicate a master. If only its address has changed, the stream is the same as before.</summary>
    /// <param name="NeedsFullSync">The history is another one: a partial resynchronization must not be tried.</param>
    public sealed record Replicate(string Ip, int Port, bool NeedsFullSync) : ClusterOutput;

    /// <summary>Hold the writes of clients for so many milliseconds: a replica takes over by agreement.</summary>
    public sealed record PauseWrites(long Milliseconds) : ClusterOutput;

    /// <summary>End what <see cref="PauseWrites"/> began.</summary>
    public sealed record ResumeWrites : ClusterOutput
    {
        public static readonly ResumeWrites Instance = new();
    }

    /// <summary>Give a message of another node to the subscribers of this one.</summary>
    public sealed record Publish(ReadOnlyMemory<byte> Channel, ReadOnlyMemory<byte> Message, bool IsSharded, NodeId Sender) : ClusterOutput;

    /// <summary>
    /// A link to a node is open. News up to <paramref name="ArrivedUpTo"/> have arrived there (<see cref="IClusterHost.NewsPosition"/>); of
    /// later ones that is not known, since the link before was lost. <see cref="ClusterMachine.PublishTo"/> sends them again.
    /// </summary>
    public sealed record LinkUp(ClusterNode Node, long ArrivedUpTo) : ClusterOutput;

    /// <summary>Delete the keys of a slot that another master serves now.</summary>
    public sealed record DeleteKeysInSlot(int Slot) : ClusterOutput;

    /// <summary>Delete all data: CLUSTER RESET made a master of a replica.</summary>
    public sealed record DeleteAllKeys : ClusterOutput
    {
        public static readonly DeleteAllKeys Instance = new();
    }

    /// <summary>
    /// The owner of these slots has changed, or the role of this node, and then these are all slots. Shard channels and blocked
    /// clients of slots that <see cref="ClusterMachine.MyMaster"/> does not own must go.
    /// </summary>
    public sealed record SlotsChanged(SlotSet Slots) : ClusterOutput;

    /// <summary><see cref="ClusterMachine.IsOk"/> has changed.</summary>
    public sealed record StateChanged(bool IsOk) : ClusterOutput;

    public sealed record Log(ClusterLogLevel Level, string Text) : ClusterOutput;
}
