using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>What Debug builds assert of every command that ran: that it did what its declaration says.</summary>
partial class CommandRunner
{
    [Conditional("DEBUG")]
    void CheckDeclaration(in CommandContext context, long dirtyBefore, in ReplyMark before)
    {
        var command = context.Command;
        // PFCOUNT reads, and caches what it counted in the value: it is declared as one that may replicate.
        Debug.Assert(
            effects.Dirty == dirtyBefore
            || (command.Flags & (CommandFlags.ReadOnly | CommandFlags.MayReplicate)) != CommandFlags.ReadOnly,
            $"{command.FullName} is declared read-only and changed the keyspace");

        // Who is being closed may have been owed an answer; who was held or muted gets it later or never.
        var client = context.Client;
        // MONITOR by one who is shown commands already is not answered.
        if (client.Has(ClientFlags.Monitor)) return;
        // A handler may stop where its reply is cut.
        if (context.Reply.IsCut) return;
        if (client.IsHeld || client.ReplyMode != ReplyMode.On || client.Connection.Closing != CloseMode.Open) return;
        Debug.Assert(context.Reply.AnsweredOnceSince(before), $"{command.FullName} did not answer exactly once: {before}, {context.Reply.Mark}");
    }
}
