using System.Diagnostics.CodeAnalysis;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Execution;

/// <summary>Runs commands from a file rather than a client: they are neither checked nor counted.</summary>
sealed partial class CommandRunner
{
    /// <summary>Runs a command of the AOF. Those of a transaction run with its EXEC, or not at all.</summary>
    /// <param name="client">The client that replays the file.</param>
    /// <param name="request">The command.</param>
    /// <param name="command">The command that its first word names; null if there is none.</param>
    /// <param name="keyHash">The hash of its first key, if it is known.</param>
    /// <param name="reply">Muted.</param>
    /// <param name="failure">Why there is no such command.</param>
    /// <returns>False if there is no such command.</returns>
    public bool TryReplay(
        Client client, in Request request, Command? command, ulong? keyHash, ReplyWriter reply, [NotNullWhen(false)] out string? failure)
    {
        failure = null;
        if (command is { IsContainer: true } && request.Count > 1) command = (Command?)command.FindSubcommand(request[1]) ?? command;
        if (command?.Run is null || !command.AcceptsCount(request.Count))
        {
            failure = System.Text.Encoding.Latin1.GetString(request[0]);
            return false;
        }
        if (client.Has(ClientFlags.Multi) && command.InMulti == InMulti.Queued)
        {
            Enqueue(client, command, request, keyHash, reply);
            return true;
        }
        var context = new CommandContext(parts, client, command, reply, request, keyHash) { MayBlock = false };
        var outer = running.Enter(command, client);
        try
        {
            command.Run(ref context);
        }
        finally
        {
            running.Leave(outer);
        }
        effects.EndUnit();
        return true;
    }
}
