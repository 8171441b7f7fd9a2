using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Observation;

/// <summary>Commands that show what the server does, how long that takes, and what its memory holds.</summary>
static partial class ObservationCommands
{
    public static IEnumerable<Command> All => [SlowLogSpec, CommandLogSpec, HotKeysSpec, LatencySpec, MemorySpec, MonitorSpec];
}
