using MiniRedis.Server.Blocking;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Replication;

/// <summary>
/// Lets replicas catch up before the server ends, for shutdown-timeout at most: otherwise the one that is promoted would lack writes that
/// were acknowledged. Writes are held meanwhile. Under the executor's lock.
/// </summary>
sealed class ReplicasBeforeShutdown(
    Replicas replicas, ReplicationHistory history, ClientPause pause, BlockedClients blocked, ProcessSettings settings, Clock clock, ServerLog log)
{
    readonly List<BlockingCall> _waiting = [];
    long _until;

    /// <summary>Milliseconds until the server ends whatever its replicas have; null if it does not wait.</summary>
    public long? Left => _until == 0 ? null : Math.Max(0, _until - clock.Now);

    /// <summary>Whether a shutdown has to wait. Asked again and again until it need not.</summary>
    public bool Waits(ShutdownFlags flags)
    {
        var isReady = (flags & ShutdownFlags.Now) != 0 || settings.ShutdownTimeout == 0 || replicas.Count == 0 || history.IsReplica
            || replicas.All.All(replica => replica.AckOffset == history.Offset);
        if (_until == 0)
        {
            if (isReady) return false;
            _until = clock.Now + settings.ShutdownTimeout * 1000L;
            log.WaitingForReplicas();
            pause.HoldWrites(PauseReason.Shutdown);
            replicas.RequestAcks();
            return true;
        }
        if (!isReady && clock.Now < _until) return true;
        LogLagging();
        return false;
    }

    /// <summary>A client waits for the end of the server, or for the news that it goes on.</summary>
    public void Add(BlockingCall call)
    {
        call.Awaited = this;
        _waiting.Add(call);
    }

    /// <summary>The server goes on: the shutdown was aborted, or has failed.</summary>
    public void GiveUp()
    {
        if (_until != 0) pause.ReleaseWrites(PauseReason.Shutdown);
        _until = 0;
        foreach (var call in _waiting) blocked.Wake(call);
        _waiting.Clear();
    }

    void LogLagging()
    {
        var inSync = 0;
        foreach (var replica in replicas.All)
        {
            if (replica.AckOffset == history.Offset) inSync++;
            else
            {
                log.ReplicaLags(replica.Name, history.Offset - replica.AckOffset, replica.Lag(clock.Now), replica.StateName ?? "");
            }
        }
        log.ReplicasInSync(inSync, replicas.Count);
    }
}
