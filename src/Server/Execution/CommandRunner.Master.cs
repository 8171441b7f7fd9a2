using MiniRedis.Resp;
using MiniRedis.Server.Clients;

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
        var context = new CommandContext(parts, client, command, reply, request, keyHash) { MayBlock = false };
        Call(ref context);
        if (blocked.HasReady && !script.IsRunning) blocked.Serve();
        return true;
    }
}
