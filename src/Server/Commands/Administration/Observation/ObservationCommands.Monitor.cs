using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Monitoring;

namespace MiniRedis.Server.Commands.Administration.Observation;

/// <summary>MONITOR; see <see cref="Monitors"/>.</summary>
static partial class ObservationCommands
{
    static readonly Command MonitorSpec = new()
    {
        Name = "MONITOR", Group = CommandGroup.Server, Since = "1.0.0",
        Summary = "Shows every command that the server runs from now on.",
        Arity = 1, Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale,
        Run = Monitor,
    };

    static void Monitor(ref CommandContext c)
    {
        if (!c.MayBlock)
        {
            c.Fail(Errors.MonitorDenied);
            return;
        }
        // As in Redis, a client that monitors already gets no second reply.
        if (c.Client.Has(ClientFlags.Monitor)) return;
        c.Server.Monitors.Add(c.Client);
        c.Reply.Ok();
    }
}
