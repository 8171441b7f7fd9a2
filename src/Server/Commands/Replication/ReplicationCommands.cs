using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Replication;

/// <summary>What replicas and their masters say to each other, and what clients ask about it.</summary>
static partial class ReplicationCommands
{
    public static IEnumerable<Command> All =>
    [
        // ReplicationCommands.Sync.cs
        SyncSpec, PsyncSpec,
        // ReplicationCommands.Replconf.cs
        ReplconfSpec,
        // ReplicationCommands.Failover.cs
        FailoverSpec,
        // ReplicationCommands.Wait.cs
        WaitSpec, WaitAofSpec,
    ];
}
