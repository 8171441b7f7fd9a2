using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Routing;

namespace MiniRedis.Server.Execution;

/// <summary>
/// Runs commands of a master. It has run them itself, so no gate is asked: neither memory nor rights nor a disk can refuse what has happened
/// there. They count and are shown like commands of clients.
/// </summary>
sealed partial class CommandRunner
{
    /// <summary>Runs a command of the master.</summary>
    /// <param name="client">The client that the master is.</param>
    /// <param name="request">The command.</param>
    /// <param name="command">The command that its first word names; null if there is none.</param>
    /// <param name="keyHash">The hash of its first key, if it is known.</param>
    /// <param name="reply">Muted, and notes errors.</param>
    /// <returns>False if it has to wait: for the end of a pause, or for the disk.</returns>
    public bool ExecuteOfMaster(Client client, in Request request, ref Command? command, ulong? keyHash, ReplyWriter reply)
    {
        if (pause.IsActive && pause.Holds(client, command, request) || aof.HoldsWrites && aof.Holds(client, command))
        {
            client.Flags |= ClientFlags.Paused;
            return false;
        }
        if (!gates.TryResolve(client, request, reply, ref command)) return true;
        if (client.LastCommand != command) client.LastCommand = command;
        if (client.Has(ClientFlags.Multi) && command.InMulti == InMulti.Queued)
        {
            Enqueue(client, command, request, keyHash, reply);
            return true;
        }
        if ((command.Flags & CommandFlags.Write) != 0 && gates.CannotWriteToDisk && !MayGoOnWithoutDisk()) return true;
        if (SlotStatistics is { IsOn: true } slots) slots.Current = SlotRouter.SlotOf(command, request);
        var context = new CommandContext(parts, client, command, reply, request, keyHash) { MayBlock = false };
        refusedMemory.IsRepeating = true;
        try
        {
            Call(ref context);
        }
        finally
        {
            refusedMemory.IsRepeating = false;
        }
        if (blocked.HasReady && !script.IsRunning) blocked.Serve();
        return true;
    }

    // When the log told last that the disk does not take what the master sends; unix milliseconds.
    long _toldOfDisk;

    /// <summary>
    /// The disk does not take a change of the master. A client would be refused; the master cannot be. Going on makes a copy that a restart
    /// does not have, so as in Redis this server ends unless replica-ignore-disk-write-errors says otherwise.
    /// </summary>
    bool MayGoOnWithoutDisk()
    {
        if (!parts.Config.Replication.ReplicaIgnoreDiskWriteErrors)
        {
            log.ReplicaEndsForDisk();
            parts.Exit.Panic();
            return false;
        }
        if (clock.Now - _toldOfDisk >= 10_000)
        {
            _toldOfDisk = clock.Now;
            log.ReplicaCannotWriteToDisk();
        }
        return true;
    }
}
