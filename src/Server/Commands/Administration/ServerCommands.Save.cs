using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

/// <summary>SAVE and LASTSAVE: the data set on disk.</summary>
static partial class ServerCommands
{
    static readonly Command SaveSpec = new()
    {
        Name = "SAVE", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(N) where N is the number of keys of all databases",
        Summary = "Saves the data set to disk, while everybody waits.",
        Arity = 1, Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.NoAsyncLoading | CommandFlags.NoMulti,
        Run = Save,
    };

    static readonly Command LastSaveSpec = new()
    {
        Name = "LASTSAVE", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Tells the Unix time of the last successful save.",
        Arity = 1, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast,
        AclCategories = AclCategory.Admin | AclCategory.Dangerous,
        Tips = ["nondeterministic_output"],
        // A server that has not saved counts from its start, as Redis does.
        Run = static (ref CommandContext c) => c.Reply.Integer(c.Server.Saving.LastSave / 1000),
    };

    static void Save(ref CommandContext c)
    {
        if (c.Server.Saving.TrySave()) c.Reply.Ok();
        else c.Fail(Errors.SaveFailed);
    }
}
