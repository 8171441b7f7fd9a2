using MiniRedis.Resp;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Execution;

/// <summary>What became of a command of the AOF.</summary>
enum ReplayOutcome
{
    /// <summary>It ran, or was queued; it may have answered an error.</summary>
    Ran,

    /// <summary>
    /// There is no such command, or not with that number of arguments; or it is one that no server appends, as SHUTDOWN.
    /// </summary>
    Unknown,

    /// <summary>A MULTI within a transaction, which changes nothing about it.</summary>
    NestedMulti,

    /// <summary>It would have dropped what is queued, and did not run.</summary>
    EndsTransaction,
}

/// <summary>
/// Runs commands that come from a file, not from a client: no gate is asked, and nothing is counted. Handlers check what they always check.
/// </summary>
sealed partial class CommandRunner
{
    // The first command of the last transaction that answered an error.
    Command? _failedInTransaction;

    /// <summary>
    /// Runs a command of the AOF. Those of a transaction run with its EXEC, or not at all. As in Redis nothing but EXEC ends one: where a MULTI
    /// was left open, as by a server that cut a half written EXEC off, what follows was acknowledged and belongs to the queue.
    /// </summary>
    /// <param name="client">The one that replays the file.</param>
    /// <param name="request">The command.</param>
    /// <param name="command">The command that its first word names; null if there is none.</param>
    /// <param name="keyHash">The hash of its first key, if it is known.</param>
    /// <param name="reply">Muted.</param>
    /// <param name="failing">The command that the error, if there is one, is of: one of the queue where it is EXEC that ran.</param>
    public ReplayOutcome Replay(
        Client client, in Request request, Command? command, ulong? keyHash, ReplyWriter reply, out Command? failing)
    {
        if (command is { IsContainer: true } && request.Count > 1) command = (Command?)command.FindSubcommand(request[1]) ?? command;
        failing = command;
        if (command?.Run is null || !command.AcceptsCount(request.Count)) return ReplayOutcome.Unknown;
        // What governs a server changes no data: nothing in a file may end it, or change its settings.
        if ((command.Flags & (CommandFlags.Admin | CommandFlags.Write)) == CommandFlags.Admin) return ReplayOutcome.Unknown;
        // Nobody changes keys beside the file, and what the file itself changes must not keep its EXEC from running.
        if (command.Name == "WATCH") return ReplayOutcome.Ran;
        if (client.Has(ClientFlags.Multi) && command.InMulti != InMulti.RunsQueue)
        {
            if (command.InMulti != InMulti.Queued) return command.Name == "MULTI" ? ReplayOutcome.NestedMulti : ReplayOutcome.EndsTransaction;
            Enqueue(client, command, request, keyHash, reply);
            return ReplayOutcome.Ran;
        }
        _failedInTransaction = null;
        var context = new CommandContext(parts, client, command, reply, request, keyHash) { MayBlock = false };
        var outer = running.Enter(command, client);
        refusedMemory.IsRepeating = true;
        try
        {
            command.Run(ref context);
        }
        finally
        {
            refusedMemory.IsRepeating = false;
            running.Leave(outer);
        }
        effects.EndUnit();
        failing = _failedInTransaction ?? command;
        return ReplayOutcome.Ran;
    }
}
