using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Following;

/// <summary>How far a failover is. INFO's master_failover_state names them.</summary>
enum FailoverState : byte
{
    None,

    /// <summary>Writes are held until a replica has everything.</summary>
    WaitsForSync,

    /// <summary>This server follows the replica already, and asks it to be the master.</summary>
    InProgress,
}

/// <summary>
/// FAILOVER: this master and one of its replicas change parts, and no write is lost. Writes are held, the replica catches up, this server
/// becomes its replica and tells it so (PSYNC with FAILOVER), and held clients are answered that they are at a replica now. If the other
/// side refuses, this server is a master again. Under the executor's lock.
/// </summary>
sealed class Failover(Follower follower, Replicas replicas, ReplicationHistory history, ClientPause pause, Clock clock, ServerLog log)
{
    MasterAddress? _target;
    long _deadline;
    bool _isForced;

    public FailoverState State { get; private set; }

    /// <summary>As INFO names the state.</summary>
    public string StateName => State switch
    {
        FailoverState.WaitsForSync => "waiting-for-sync",
        FailoverState.InProgress => "failover-in-progress",
        _ => "no-failover",
    };

    /// <summary>Begins. Nothing may be under way.</summary>
    /// <param name="target">The replica; null for the first that has everything.</param>
    /// <param name="milliseconds">How long writes are held at most; 0 without end.</param>
    /// <param name="isForced">Whether the target becomes the master when the time is over, whatever it lacks.</param>
    public void Start(MasterAddress? target, long milliseconds, bool isForced)
    {
        (_target, _isForced, _deadline) = (target, isForced, milliseconds > 0 ? clock.Now + milliseconds : 0);
        State = FailoverState.WaitsForSync;
        pause.HoldWrites(PauseReason.Failover);
        if (target is null) log.FailoverRequested();
        else log.FailoverRequestedTo(target.Host, target.Port);
    }

    /// <summary>Goes on if the replica has caught up or the time is over. Called by the cron.</summary>
    public void Run()
    {
        if (State != FailoverState.WaitsForSync) return;
        if (_deadline != 0 && clock.Now >= _deadline)
        {
            if (!_isForced)
            {
                Abort("Replica never caught up before timeout");
                return;
            }
            log.FailoverForced(_target!.Host, _target.Port);
            Follow(_target);
            return;
        }
        var replica = _target is { } target
            ? replicas.Find(target.Host, target.Port)
            : replicas.All.FirstOrDefault(replica => replica.State == ReplicaState.Online && replica.AckOffset == history.Offset);
        if (replica is null || replica.AckOffset != history.Offset) return;
        log.FailoverTargetSynced(replica.Host, replica.ListeningPort);
        Follow(new MasterAddress(replica.Host, replica.ListeningPort));
    }

    void Follow(MasterAddress target)
    {
        _target = target;
        State = FailoverState.InProgress;
        follower.Follow(target);
    }

    /// <summary>The target is the master, and this server its replica.</summary>
    public void NoteAccepted()
    {
        if (State == FailoverState.InProgress) Clear();
    }

    /// <summary>The target does not want to be the master.</summary>
    public void NoteRefused()
    {
        if (State == FailoverState.InProgress) Abort("Failover target rejected psync request");
    }

    /// <summary>Gives up: this server is, or stays, a master.</summary>
    public void Abort(string reason)
    {
        log.FailoverAborted(_target is { } target ? $" to {target.Host}:{target.Port}" : "", StateName, reason);
        var follows = State == FailoverState.InProgress;
        Clear();
        if (follows) follower.StopFollowing();
    }

    void Clear()
    {
        (State, _target, _deadline, _isForced) = (FailoverState.None, null, 0, false);
        pause.ReleaseWrites(PauseReason.Failover);
    }
}
