using MiniRedis.Resp;
using MiniRedis.Server.Commands.Administration.Debugging;
using MiniRedis.Server.Commands.Administration.Introspection;
using MiniRedis.Server.Commands.Administration.Observation;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>Commands about the server: Redis's group "server".</summary>
static partial class ServerCommands
{
    public static IEnumerable<Command> All =>
    [
        DbSizeSpec,
        // ServerCommands.Flush.cs
        FlushAllSpec, FlushDbSpec, SwapDbSpec,
        // ServerCommands.Time.cs
        TimeSpec,
        // ServerCommands.Lolwut.cs
        LolwutSpec,
        // ServerCommands.Config.cs
        ConfigSpec,
        // ServerCommands.Info.cs
        InfoSpec,
        // ServerCommands.Shutdown.cs
        ShutdownSpec,
        // ServerCommands.Role.cs
        RoleSpec,
        // ServerCommands.ReplicaOf.cs
        ReplicaOfSpec, SlaveOfSpec,
        // ServerCommands.Save.cs
        SaveSpec, BackgroundSaveSpec, RewriteSpec, LastSaveSpec,
        // ServerCommands.Module.cs
        ModuleSpec,
        .. CommandCommands.All, .. ObservationCommands.All, .. DebugCommands.All,
    ];

    static readonly Command DbSizeSpec = new()
    {
        Name = "DBSIZE", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Counts the keys of the database.",
        Arity = 1, Flags = CommandFlags.ReadOnly | CommandFlags.Fast, AclCategories = AclCategory.Keyspace,
        InGroupCategory = false,
        Tips = ["request_policy:all_shards", "response_policy:agg_sum"],
        Run = static (ref CommandContext c) => c.Reply.Integer(c.Database.Count),
    };
}
