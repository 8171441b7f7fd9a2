using MiniRedis.Resp;
using MiniRedis.Server.Following;

namespace MiniRedis.Server.Execution.Gates;

/// <summary>Decides what clients of a replica may do. Commands of its master do not come here.</summary>
sealed partial class CommandGates
{
    /// <summary>Why a replica refuses a command; empty if it does not.</summary>
    /// <param name="flags">Those of the command, and for EXEC of what it runs.</param>
    ReadOnlySpan<byte> WhyNotOnReplica(CommandFlags flags)
    {
        if ((flags & CommandFlags.Write) != 0 && replicationSettings.ReplicaReadOnly) return Errors.ReadOnly;
        return (flags & CommandFlags.Stale) == 0 && IsStale ? Errors.MasterDown : default;
    }

    bool IsReplica => history.IsReplica;

    /// <summary>Whether a write would be refused to a client because the disk takes none.</summary>
    public bool CannotWriteToDisk => backgroundSaving.StopsWrites || aof.Error is not null;

    /// <summary>The data are out of date, and replica-serve-stale-data forbids to show them.</summary>
    bool IsStale => !replicationSettings.ReplicaServeStaleData && follower.State != MasterLinkState.Connected;
}
