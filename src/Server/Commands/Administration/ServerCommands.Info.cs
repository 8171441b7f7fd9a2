using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Commands.Administration.Info;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>INFO: reads which sections are asked for. The sections are in the folder Info, one file each.</summary>
static partial class ServerCommands
{
    static readonly Command InfoSpec = new()
    {
        Name = "INFO", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Tells how the server is doing.",
        History = [("7.0.0", "Takes several sections.")],
        Arity = -1, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Sentinel, AclCategories = AclCategory.Dangerous,
        Args = [Arg.String("section").Multiple().Optional()],
        Tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        Run = Info,
    };

    static void Info(ref CommandContext c)
    {
        var wanted = c.Count == 1 ? InfoSections.Defaults : 0;
        for (var i = 1; i < c.Count; i++)
        {
            if (c.IsToken(i, "DEFAULT"u8)) wanted |= InfoSections.Defaults;
            else if (c.IsToken(i, "ALL"u8) || c.IsToken(i, "EVERYTHING"u8)) wanted |= InfoSections.Everything;
            else wanted |= InfoSections.Named(c.Arg(i));
        }
        if (c.Server.Sentinel is not null)
            wanted = ((wanted & InfoSections.Defaults) == InfoSections.Defaults ? InfoSections.OfSentinel : wanted) & InfoSections.OfSentinel;
        c.Reply.Verbatim("txt", Encoding.UTF8.GetBytes(InfoSections.Text(c.Server, wanted)));
    }
}
