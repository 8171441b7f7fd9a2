using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Nodes;

/// <summary>
/// A failover that an operator wants, without loss. The replica asks its master to stop writes; the master does, and from then on
/// marks its pings. The offset in them stands still, and when the replica has reached it, it asks for votes at once.
/// </summary>
public sealed partial class ClusterMachine
{
    /// <summary>The master holds writes for so many times the manual failover's timeout.</summary>
    const int PauseFactor = 2;

    /// <summary>0: none is under way.</summary>
    long _manualEndsAt;

    /// <summary>Of a master: the replica that takes over.</summary>
    ClusterNode? _manualReplica;

    /// <summary>Of a replica: where the master has stopped; -1: it has not said so yet.</summary>
    long _masterStoppedAt = -1;

    /// <summary>Of a replica: it has all, or it needs not have all.</summary>
    bool _manualMayStart;

    /// <summary>
    /// Whether a failover waits for the replica to get as far as its master. The host then calls <see cref="OffsetMoved"/> after
    /// each part of the stream, so that the wait ends at once, and not with the next tick.
    /// </summary>
    public bool IsWaitingForOffset => _manualEndsAt != 0 && !_manualMayStart && _masterStoppedAt >= 0 && Myself.IsReplica;

    /// <summary>This replica has done more of its master's stream.</summary>
    public void OffsetMoved(long now)
    {
        Begin(now);
        _pending |= Pending.ManualFailover;
        Settle();
    }

    void NoteOffsetOfPausedMaster(ClusterNode sender, BusPacket packet)
    {
        if (_manualEndsAt == 0 || !Myself.IsReplica || Myself.Master != sender || _masterStoppedAt >= 0) return;
        if ((packet.MessageFlags & BusMessageFlags.Paused) == 0) return;
        _masterStoppedAt = packet.Offset;
        Notice($"Received replication offset for paused master manual failover: {_masterStoppedAt}");
        _pending |= Pending.ManualFailover;
    }

    void AdvanceManualFailover()
    {
        if (_manualEndsAt == 0 || _manualMayStart || _masterStoppedAt != _host.ReplicationOffset) return;
        _manualMayStart = true;
        _pending |= Pending.Failover;
        Notice("All master replication stream processed, manual failover can start.");
    }

    /// <summary>A replica of this master wants to take over.</summary>
    void StartManualFailoverFor(ClusterNode sender, ClusterLink link)
    {
        if (sender.Master != Myself) return;
        ResetManualFailover();
        _manualEndsAt = _now + Settings.ManualFailoverTimeout;
        _manualReplica = sender;
        _outputs.Add(new ClusterOutput.PauseWrites(Settings.ManualFailoverTimeout * PauseFactor));
        Notice($"Manual failover requested by replica {sender.Named}.");
        // With the pause the offset is final: the replica is told at once.
        SendPing(link, BusMessageType.Ping);
    }

    void CheckManualFailoverTimeout()
    {
        if (_manualEndsAt == 0 || _now <= _manualEndsAt) return;
        Log(ClusterLogLevel.Warning, "Manual failover timed out.");
        ResetManualFailover();
    }

    void ResetManualFailover()
    {
        if (_manualReplica is not null) _outputs.Add(ClusterOutput.ResumeWrites.Instance);
        _manualEndsAt = 0;
        _manualReplica = null;
        _masterStoppedAt = -1;
        _manualMayStart = false;
    }
}
