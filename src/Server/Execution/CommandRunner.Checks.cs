using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>Debug builds assert of every command that it did what its declaration says.</summary>
partial class CommandRunner
{
    [Conditional("DEBUG")]
    void CheckDeclaration(in CommandContext context, long dirtyBefore, in ReplyMark before)
    {
        var command = context.Command;
        // PFCOUNT reads but caches its count in the value: it is declared as a command that may replicate.
        Debug.Assert(
            effects.Dirty == dirtyBefore
            || (command.Flags & (CommandFlags.ReadOnly | CommandFlags.MayReplicate)) != CommandFlags.ReadOnly,
            $"{command.FullName} is declared read-only and changed the keyspace");

        // A client that is closing may lack its reply. A held or muted client gets it later or never.
        var client = context.Client;
        // MONITOR from a client that already monitors is not answered.
        if (client.Has(ClientFlags.Monitor)) return;
        // A handler may stop once its reply is cut.
        if (context.Reply.IsCut || command.MayStaySilent) return;
        if (client.IsHeld || client.ReplyMode != ReplyMode.On || client.Connection.Closing != CloseMode.Open) return;
        Debug.Assert(context.Reply.AnsweredOnceSince(before), $"{command.FullName} did not answer exactly once: {before}, {context.Reply.Mark}");
    }
}
