using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

/// <summary>What part the server plays, and when it last saved.</summary>
static partial class ServerCommands
{
    static readonly Command RoleSpec = new()
    {
        Name = "ROLE", Group = CommandGroup.Server, Since = "2.8.12", Complexity = "O(1)",
        Summary = "Tells the part the server plays in replication.",
        Arity = 1,
        Flags = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast | CommandFlags.Sentinel,
        AclCategories = AclCategory.Admin | AclCategory.Dangerous,
        Run = Role,
    };

    static readonly Command LastSaveSpec = new()
    {
        Name = "LASTSAVE", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Tells the Unix time of the last successful save.",
        Arity = 1, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast,
        AclCategories = AclCategory.Admin | AclCategory.Dangerous,
        Tips = ["nondeterministic_output"],
        // A server that has not saved counts from its start, as Redis does.
        Run = static (ref CommandContext c) => c.Reply.Integer(c.Server.Clock.StartedAt / 1000),
    };

    static void Role(ref CommandContext c)
    {
        c.Reply.Array(3);
        c.Reply.Bulk("master"u8);
        c.Reply.Integer(0);
        c.Reply.EmptyArray();
    }
}
