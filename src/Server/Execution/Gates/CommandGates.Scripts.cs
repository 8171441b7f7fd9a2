using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Scripts;

namespace MiniRedis.Server.Execution.Gates;

/// <summary>Decides whether a script may run, and whether it may run a command.</summary>
sealed partial class CommandGates
{
    /// <summary>
    /// The flags of a command, and of a call of a script that says of itself what it does the script's: as such a command it is refused,
    /// also where a transaction queues it.
    /// </summary>
    public CommandFlags DeclaredFlags(Command command, in Request request, CommandFlags flags)
    {
        if (command.Group != CommandGroup.Scripting || declaredScripts.Of(command, request) is not { } declared
            || (declared & ScriptFlags.Undeclared) != 0)
            return flags;
        flags &= ~(CommandFlags.Stale | CommandFlags.DenyOom | CommandFlags.Write);
        if ((declared & ScriptFlags.AllowStale) != 0) flags |= CommandFlags.Stale;
        if ((declared & ScriptFlags.NoWrites) != 0) return flags;
        return flags | ((declared & ScriptFlags.AllowOom) != 0 ? CommandFlags.Write : CommandFlags.Write | CommandFlags.DenyOom);
    }

    /// <summary>Why a script may not begin; empty if it may. A script that says nothing of itself is checked command by command.</summary>
    /// <param name="caller">Who calls it.</param>
    /// <param name="flags">What the script says of itself.</param>
    /// <param name="isReadOnly">Whether the client's command is one that only reads (EVAL_RO).</param>
    /// <param name="isInTransaction">Whether EXEC calls it: alone it is refused as a command of its own, in other words.</param>
    public ReadOnlySpan<byte> WhyNotBegin(Client caller, ScriptFlags flags, bool isReadOnly, bool isInTransaction)
    {
        // What was written to a file, or runs on a master, has been allowed once.
        if (router is not null && (flags & ScriptFlags.NoCluster) != 0) return Errors.ScriptNotInCluster;
        if (dataset.IsLoading || caller.Has(ClientFlags.Master)) return default;
        if (IsReplica && IsStale && (flags & ScriptFlags.AllowStale) == 0) return Errors.MasterDown;
        if ((flags & (ScriptFlags.NoWrites | ScriptFlags.Undeclared)) != 0) return default;
        if (IsReplica && replicationSettings.ReplicaReadOnly) return isInTransaction ? Errors.ScriptOnReadOnlyReplica : Errors.ReadOnly;
        var isRefusedMemory = IsBeyondMemory && (flags & ScriptFlags.AllowOom) == 0;
        if (isRefusedMemory && !isInTransaction) return Errors.OutOfMemory;
        if (aof.Error is { } reason)
            return System.Text.Encoding.UTF8.GetBytes(isInTransaction ? Errors.ScriptAofFailed(reason) : Errors.AofFailed(reason));
        if (backgroundSaving.StopsWrites) return isInTransaction ? Errors.ScriptCannotSave : Errors.CannotSave;
        if (replicas.AreTooFew) return Errors.NotEnoughReplicas;
        if (isReadOnly) return Errors.ScriptInReadOnlyCommand;
        return isRefusedMemory ? Errors.ScriptOutOfMemory : default;
    }

    bool IsBeyondMemory => memorySettings.MaxMemory > 0 && IsOverMemory && !dataset.IsLoading;

    /// <summary>Why the running script may not call a command; empty if it may.</summary>
    public ReadOnlySpan<byte> WhyNotCall(Command command, in Request request)
    {
        var refusal = WhyNotCall(command);
        return refusal.IsEmpty ? WhyNotServed(command, request) : refusal;
    }

    ReadOnlySpan<byte> WhyNotCall(Command command)
    {
        var flags = command.Flags;
        if (script.IsReadOnly && (flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0) return Errors.ScriptIsReadOnly;
        if (IsReplica && IsStale && (flags & CommandFlags.Stale) == 0 && !script.Caller!.Has(ClientFlags.Master)) return Errors.ScriptOnStaleReplica;
        // Once a script has written it is too late to refuse: what it does is to happen whole.
        if (script.HasWritten || (flags & (CommandFlags.Write | CommandFlags.DenyOom)) == 0) return default;
        if ((flags & CommandFlags.Write) != 0 && !dataset.IsLoading && !script.Caller!.Has(ClientFlags.Master))
        {
            if (IsReplica && replicationSettings.ReplicaReadOnly) return Errors.ReadOnly;
            if (aof.Error is { } reason) return System.Text.Encoding.UTF8.GetBytes(Errors.AofFailed(reason));
            if (backgroundSaving.StopsWrites) return Errors.CannotSave;
            if (replicas.AreTooFew) return Errors.NotEnoughReplicas;
        }
        var isRefusedMemory = (flags & CommandFlags.DenyOom) != 0 && IsBeyondMemory && !script.AllowsOom && !script.Caller!.Has(ClientFlags.Master);
        return isRefusedMemory ? Errors.OutOfMemory : default;
    }
}
