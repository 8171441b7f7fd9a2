using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Persistence;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>SAVE, BGSAVE and LASTSAVE: the data set on disk.</summary>
static partial class ServerCommands
{
    static readonly Command SaveSpec = new()
    {
        Name = "SAVE", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(N) where N is the number of keys of all databases",
        Summary = "Saves the data set to disk, while everybody waits.",
        Arity = 1, Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.NoAsyncLoading | CommandFlags.NoMulti,
        Run = Save,
    };

    static readonly Command BackgroundSaveSpec = new()
    {
        Name = "BGSAVE", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Saves the data set to disk as it is now, while commands go on.",
        History = [("3.2.2", "Added the `SCHEDULE` option."), ("8.1.0", "Added the `CANCEL` option.")],
        Arity = -1, Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.NoAsyncLoading,
        Args = [Arg.OneOf("operation", Arg.Token("SCHEDULE").AddedIn("3.2.2"), Arg.Token("CANCEL").AddedIn("8.1.0")).Optional()],
        Run = BackgroundSave,
    };

    static readonly Command RewriteSpec = new()
    {
        Name = "BGREWRITEAOF", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Rewrites the append-only file, while commands go on.",
        Arity = 1, Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.NoAsyncLoading,
        Run = Rewrite,
    };

    static readonly Command LastSaveSpec = new()
    {
        Name = "LASTSAVE", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Tells the Unix time of the last successful save.",
        Arity = 1, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast,
        AclCategories = AclCategory.Admin | AclCategory.Dangerous,
        Tips = ["nondeterministic_output"],
        // As in Redis, the last save of a server that has not saved yet is its start.
        Run = static (ref CommandContext c) => c.Reply.Integer(c.Server.Saving.LastSave / 1000),
    };

    static void BackgroundSave(ref CommandContext c)
    {
        var saving = c.Server.BackgroundSaving;
        var schedules = c.Count == 2 && c.IsToken(1, "SCHEDULE"u8);
        var cancels = c.Count == 2 && c.IsToken(1, "CANCEL"u8);
        if (c.Count > 1 && !schedules && !cancels)
        {
            c.Fail(Errors.Syntax);
        }
        else if (cancels)
        {
            CancelSave(ref c, saving);
        }
        else if (saving.IsRunning)
        {
            c.Fail(Errors.SaveInProgress);
        }
        else if (c.Server.Snapshots.IsActive || c.Client.Transaction is { IsRunning: true })
        {
            // A file must not show the data in the middle of a transaction.
            if (!schedules && c.Client.Transaction is not { IsRunning: true })
            {
                c.Fail(Errors.OtherSnapshot);
                return;
            }
            saving.Schedule();
            c.Reply.SimpleString("Background saving scheduled"u8);
        }
        else
        {
            if (saving.TryStart()) c.Reply.SimpleString("Background saving started"u8);
            else c.Fail(Errors.SaveFailed);
        }
    }

    static void Rewrite(ref CommandContext c)
    {
        var rewriting = c.Server.AofRewriting;
        if (rewriting.IsRunning)
        {
            c.Fail(Errors.AofRewriteInProgress);
        }
        else if (c.Server.Snapshots.IsActive || c.Client.Transaction is { IsRunning: true })
        {
            rewriting.Schedule();
            c.Reply.SimpleString("Background append only file rewriting scheduled"u8);
        }
        else if (rewriting.TryStart())
        {
            c.Reply.SimpleString("Background append only file rewriting started"u8);
        }
        else
        {
            c.Fail(Errors.RewriteFailed);
        }
    }

    static void CancelSave(ref CommandContext c, BackgroundSaving saving)
    {
        if (!saving.IsRunning && !saving.IsScheduled)
        {
            c.Fail(Errors.NoSaveToCancel);
            return;
        }
        var running = saving.IsRunning;
        saving.Cancel();
        c.Reply.SimpleString(running ? "Background saving cancelled"u8 : "Scheduled background saving cancelled"u8);
    }

    static void Save(ref CommandContext c)
    {
        if (c.Server.BackgroundSaving.IsRunning)
        {
            c.Fail(Errors.SaveInProgress);
            return;
        }
        c.Server.Statistics.RdbSaves++;
        if (c.Server.Saving.TrySave()) c.Reply.Ok();
        else c.Fail(Errors.SaveFailed);
    }
}
