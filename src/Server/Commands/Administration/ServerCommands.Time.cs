using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>The server's clock.</summary>
static partial class ServerCommands
{
    static readonly Command TimeSpec = new()
    {
        Name = "TIME", Group = CommandGroup.Server, Since = "2.6.0", Complexity = "O(1)",
        Summary = "Tells the server's time: Unix seconds, and the microseconds of the current one.",
        Arity = 1, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast,
        Tips = ["nondeterministic_output"],
        Run = Time,
    };

    static void Time(ref CommandContext c)
    {
        var now = c.Server.Clock.NowMicroseconds;
        c.Reply.Array(2);
        c.Reply.BulkInteger(now / 1_000_000);
        c.Reply.BulkInteger(now % 1_000_000);
    }
}
