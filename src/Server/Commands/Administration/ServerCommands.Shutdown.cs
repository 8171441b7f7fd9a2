using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>SHUTDOWN: ends the server.</summary>
static partial class ServerCommands
{
    static readonly Command ShutdownSpec = new()
    {
        Name = "SHUTDOWN", Group = CommandGroup.Server, Since = "1.0.0",
        Complexity = "O(N) when saving, where N is the number of keys of all databases, otherwise O(1)",
        Summary = "Ends the server, saving the data if it is configured to.",
        History = [("7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers.")],
        Arity = -1, Flags = Administrative | CommandFlags.NoMulti | CommandFlags.AllowBusy | CommandFlags.Sentinel,
        Args =
        [
            Arg.OneOf("save-selector", Arg.Token("NOSAVE"), Arg.Token("SAVE")).Optional(),
            Arg.Token("NOW").AddedIn("7.0.0").Optional(), Arg.Token("FORCE").AddedIn("7.0.0").Optional(),
            Arg.Token("ABORT").AddedIn("7.0.0").Optional(),
        ],
        Run = Shutdown,
    };

    static void Shutdown(ref CommandContext c)
    {
        if (!TryParseShutdown(ref c, out var flags, out var abort)) return;
        if (abort)
        {
            // One that waits for replicas, or that a signal asked for and the cron has not begun.
            if (c.Server.Shutdown.TryAbort()) c.Reply.Ok();
            else c.Fail(Errors.NoShutdown);
            return;
        }
        if (c.Server.RunningScript.IsRunning && (flags & ShutdownFlags.NoSave) == 0)
        {
            // Half of its changes are made. Without saving, the end takes nothing that was promised.
            c.Fail(c.Server.RunningScript.BusyError);
            return;
        }
        if (c.Client.Waiting is not null)
        {
            // It has waited for replicas, and the server goes on.
            c.Fail(Errors.ShutdownFailed);
            return;
        }
        if (!c.MayBlock && (flags & ShutdownFlags.Now) == 0)
        {
            c.Fail(Errors.ShutdownMayNotBlock);
            return;
        }
        if (c.Server.ReplicasBeforeShutdown.Waits(flags))
        {
            c.Server.Shutdown.Request(flags);
            c.Server.ReplicasBeforeShutdown.Add(
                c.Server.Blocking.Block(c.Client, c.Command, c.Request, first: 1, last: 0, default, deadline: 0, onNoKey: false));
            return;
        }
        if (!c.Server.Shutdown.TryBegin(flags))
        {
            c.Fail(Errors.ShutdownFailed);
            return;
        }
        // There is no reply: the connection is closed. Requests that the client sent after this one do not run.
        c.Client.Flags |= ClientFlags.Blocked;
    }

    static bool TryParseShutdown(ref CommandContext c, out ShutdownFlags flags, out bool abort)
    {
        flags = ShutdownFlags.Default;
        abort = false;
        for (var i = 1; i < c.Count; i++)
        {
            if (c.IsToken(i, "NOSAVE"u8)) flags |= ShutdownFlags.NoSave;
            else if (c.IsToken(i, "SAVE"u8)) flags |= ShutdownFlags.Save;
            else if (c.IsToken(i, "NOW"u8)) flags |= ShutdownFlags.Now;
            else if (c.IsToken(i, "FORCE"u8)) flags |= ShutdownFlags.Force;
            else if (c.IsToken(i, "ABORT"u8)) abort = true;
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        const ShutdownFlags Both = ShutdownFlags.Save | ShutdownFlags.NoSave;
        if ((!abort || flags == ShutdownFlags.Default) && (flags & Both) != Both) return true;
        c.Fail(Errors.Syntax);
        return false;
    }
}
