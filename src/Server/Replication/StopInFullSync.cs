using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Files;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Replication;

/// <summary>
/// DEBUG PAUSE-AFTER-FORK on a master: its process stops (SIGSTOP) when replicas have their file and it has heard of nothing since. In Valkey
/// the process stops at once and a child sends the file. Here the same process sends it, so requests are held until it is sent.
/// </summary>
sealed class StopInFullSync(ClientPause pause, DebugSwitches switches, ServerLog log)
{
    bool _isPending;

    /// <summary>A snapshot for replicas has begun, to be streamed.</summary>
    public void NoteStarted()
    {
        if (!switches.StopsInFullSync || _isPending) return;
        _isPending = true;
        pause.Start(long.MaxValue, writesOnly: false);
    }

    /// <summary>Stops the process if everything is sent. Called by the cron, under the executor's lock.</summary>
    public void RunLocked(Replicas replicas)
    {
        if (!_isPending || replicas.All.Any(IsBeingSent)) return;
        _isPending = false;
        log.ProcessStops();
        Signals.StopProcess();
        log.ProcessGoesOn();
        pause.End();
    }

    static bool IsBeingSent(Replica replica) => replica.Transfer is not null || replica.Client.Connection.Output.PendingBytes > 0;
}
