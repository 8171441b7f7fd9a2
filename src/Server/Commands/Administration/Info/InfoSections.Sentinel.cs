using MiniRedis.Cluster.Sentinel;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    /// <summary>The sections that a Sentinel has.</summary>
    public static int OfSentinel { get; } = Bits(s => s.Name is "server" or "clients" or "stats" or "cpu" or "sentinel");

    static void Sentinel(InfoText text, ServerParts server)
    {
        if (server.Sentinel is not { } sentinel) return;
        var machine = sentinel.Machine;
        text.Section("Sentinel");
        text.Field("sentinel_masters", machine.Masters.Count);
        text.Field("sentinel_tilt", machine.IsTilt);
        text.Field("sentinel_tilt_since_seconds", machine.IsTilt ? (sentinel.Now - machine.TiltSince) / 1000 : -1);
        text.Field("sentinel_running_scripts", machine.Scripts.Running);
        text.Field("sentinel_scripts_queue_length", machine.Scripts.Jobs.Count);
        text.Field("sentinel_simulate_failure_flags", (long)machine.Simulated);
        for (var i = 0; i < machine.Masters.Count; i++)
        {
            var master = machine.Masters[i];
            var status = master.Is(InstanceFlags.ObjectivelyDown) ? "odown" : master.Is(InstanceFlags.SubjectivelyDown) ? "sdown" : "ok";
            text.Line($"master{i}:name={master.Name},status={status},address={machine.Announced(master.Address)}:{master.Address.Port},"
                + $"slaves={master.Replicas.Count},sentinels={master.Sentinels.Count + 1}");
        }
    }
}
