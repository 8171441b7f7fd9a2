using System.Globalization;
using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Replication;

/// <summary>
/// Gives replicas the whole data set: a snapshot of one instant, sent as it is taken (diskless) or by way of the RDB file, and after it
/// the stream of changes from that instant on. Replicas that wait at the same time share one snapshot. Under the executor's lock.
/// <code>
///   SYNC ─► WaitsForStart ─► WaitsForSnapshot ───────────── diskless ──────────► Online, after its first ACK
///                                     └─► ReceivesFile ─────────────────────────► Online
/// </code>
/// A replica that takes the file by a connection of its own has another one for the stream: see <see cref="AwaitedChannels"/>.
/// </summary>
sealed class FullSyncs
{
    readonly Replicas _replicas;
    readonly ReplicationStream _stream;
    readonly ReplicationHistory _history;
    readonly AwaitedChannels _awaited;
    readonly Snapshots _snapshots;
    readonly BackgroundSaving _backgroundSaving;
    readonly RdbSaving _saving;
    readonly AccessFields _accessFields;
    readonly StopInFullSync _stop;
    readonly PersistenceSettings _persistence;
    readonly ReplicationSettings _settings;
    readonly Clock _clock;
    readonly CronSignal _cronSignal;
    readonly ServerLog _log;

    // Files on their way. The one that is being made from a snapshot is also _streaming.
    readonly List<RdbTransfer> _transfers = [];
    RdbTransfer? _streaming;

    // Whether the save that runs is for replicas, which wait for its end.
    bool _savesForReplicas;
    bool _isRequested;

    // Whether dbfilename holds a file that was made for replicas.
    bool _hasMadeFile;

    public FullSyncs(
        Replicas replicas, ReplicationStream stream, ReplicationHistory history, AwaitedChannels awaited, Snapshots snapshots,
        BackgroundSaving backgroundSaving, RdbSaving saving, AccessFields accessFields, StopInFullSync stop, PersistenceSettings persistence,
        ReplicationSettings settings, Clock clock, CronSignal cronSignal, ServerLog log)
    {
        (_replicas, _stream, _history, _awaited) = (replicas, stream, history, awaited);
        (_snapshots, _backgroundSaving, _stop) = (snapshots, backgroundSaving, stop);
        (_saving, _accessFields, _persistence, _settings) = (saving, accessFields, persistence, settings);
        (_clock, _cronSignal, _log) = (clock, cronSignal, log);
        replicas.Left += Leave;
        backgroundSaving.Over += EndSave;
    }

    /// <summary>Whether a snapshot is being sent as it is taken.</summary>
    public bool IsStreaming => _streaming is not null;

    /// <summary>Whether a replica has asked since <see cref="StartIfDue"/> was called. Any thread.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Bytes of files on their way.</summary>
    public long BufferBytes => _transfers.Sum(transfer => transfer.Bytes.MemoryBytes);

    /// <summary>A replica needs the whole data set. It is served from the end of the turn on, when its own command is over.</summary>
    public void Request(Replica replica)
    {
        replica.State = ReplicaState.WaitsForStart;
        _replicas.Add(replica);
        _isRequested = true;
        if (_savesForReplicas) LogSharing(FindPeer(replica) is not null);
        else if (IsStreaming) _log.FullSyncWaitsForSockets();
        else if (Delays(replica)) _log.FullSyncDelayed();
        else if (_snapshots.IsActive) _log.FullSyncWaitsForOther();
    }

    void LogSharing(bool shares)
    {
        if (shares) _log.FullSyncShared();
        else _log.FullSyncNotShared();
    }

    /// <summary>Whether replicas like this one wait for others to come.</summary>
    bool Delays(Replica replica) =>
        _settings is { ReplDisklessSync: true, ReplDisklessSyncDelay: > 0 } && (replica.Capabilities & ReplicaCapabilities.Eof) != 0;

    /// <summary>Gives those that wait a part in the save that runs, or begins a snapshot for them.</summary>
    public void StartIfDue()
    {
        _isRequested = false;
        if (_savesForReplicas) Share();
        if (!_backgroundSaving.CanStart) return;
        if (FirstWaiting() is not { } first) return;
        var group = _replicas.All.Where(replica => replica.State == ReplicaState.WaitsForStart && WantsSame(replica, first)).ToList();
        if (IsDue(group)) Start(group, first);
    }

    static bool WantsSame(Replica one, Replica other) => one.Exclusions == other.Exclusions && one.IsRdbChannel == other.IsRdbChannel;

    Replica? FirstWaiting() => _replicas.All.FirstOrDefault(replica => replica.State == ReplicaState.WaitsForStart);

    bool IsDue(List<Replica> group)
    {
        if (!group.TrueForAll(Delays)) return true;
        if (_settings.ReplDisklessSyncMaxReplicas is > 0 and var most && group.Count >= most) return true;
        return group.Exists(replica => _clock.Now - replica.AskedAt >= _settings.ReplDisklessSyncDelay * 1000L);
    }

    void Start(List<Replica> group, Replica first)
    {
        var toSockets = (_settings.ReplDisklessSync || first.NeedsStreaming)
            && group.TrueForAll(replica => (replica.Capabilities & ReplicaCapabilities.Eof) != 0);
        _log.FullSyncStarts(toSockets ? "replicas sockets" : "disk", first.IsRdbChannel ? "dual-channel" : "normal sync");
        // Whoever begins here has no database selected.
        _stream.SelectAgain();
        if (!(toSockets ? TryStream(group, first.Exclusions) : TrySave()))
        {
            foreach (var replica in group) Refuse(replica);
            return;
        }
        foreach (var replica in group) Begin(replica, _history.Offset);
        if (toSockets) _stop.NoteStarted();
    }

    bool TrySave()
    {
        if (!_backgroundSaving.TryStart()) return false;
        _savesForReplicas = true;
        return true;
    }

    bool TryStream(List<Replica> group, RdbExclusions exclusions)
    {
        var mark = ServerIds.NewId();
        var aside = new SpillFile(
            _persistence.PathOf($"temp-{Environment.ProcessId}-{mark}.rdb"), failure => _log.CannotPutAside(DiskException.Describe(failure)));
        var transfer = new RdbTransfer(_cronSignal.Request, aside) { EndsWithMark = true };
        try
        {
            _snapshots.Start(new RdbStreamJob(
                transfer, exclusions, _saving, _persistence, _accessFields, mark, failure => EndStreaming(transfer, failure)));
        }
        catch (Exception failure) when (failure is IOException or OutOfMemoryException)
        {
            _log.FullSyncCannotStart(DiskException.Describe(failure));
            return false;
        }
        _streaming = transfer;
        _transfers.Add(transfer);
        foreach (var replica in group) (replica.Transfer, replica.TransferPosition, replica.TransferMovedAt) = (transfer, 0, _clock.Now);
        return true;
    }

    /// <summary>The snapshot's instant, or the instant of the one that it shares, is where the replica begins.</summary>
    void Begin(Replica replica, long offset)
    {
        replica.State = ReplicaState.WaitsForSnapshot;
        replica.Position = offset;
        var id = replica.Client.Id;
        if (replica.IsRdbChannel)
        {
            _awaited.Add(replica);
            _log.EndOffsetSent(replica.Name, offset, id);
            Tell(replica, string.Create(CultureInfo.InvariantCulture, $"$ENDOFF:{offset} {_history.Id} {_history.StreamDatabase} {id}\r\n"));
        }
        else if (!replica.IsBeforePsync)
        {
            Tell(replica, string.Create(CultureInfo.InvariantCulture, $"+FULLRESYNC {_history.Id} {offset}\r\n"));
        }
    }

    static void Tell(Replica replica, string line)
    {
        replica.Client.Connection.Output.Push(Encoding.ASCII.GetBytes(line));
        replica.Client.Connection.RequestAttentionLocked();
    }

    void Refuse(Replica replica)
    {
        replica.Client.Connection.Output.Push("-ERR BGSAVE failed, replication can't continue\r\n"u8);
        replica.Client.CloseAfterReply("no snapshot");
        replica.State = ReplicaState.Introduced;
    }

    void Share()
    {
        foreach (var replica in _replicas.All)
        {
            if (replica.State == ReplicaState.WaitsForStart && FindPeer(replica) is { } peer) Begin(replica, peer.Position);
        }
    }

    /// <summary>A replica that waits for the same file, and for which the stream is kept if this one needs it.</summary>
    Replica? FindPeer(Replica replica) => _replicas.All.FirstOrDefault(peer =>
        peer is { State: ReplicaState.WaitsForSnapshot, Transfer: null } && WantsSame(peer, replica)
        && (!peer.IsRdbOnly || replica.IsRdbOnly) && (replica.Capabilities & peer.Capabilities) == peer.Capabilities);

    void EndSave(Exception? failure)
    {
        if (!_savesForReplicas) return;
        _savesForReplicas = false;
        var waiting = _replicas.All.Where(replica => replica is { State: ReplicaState.WaitsForSnapshot, Transfer: null }).ToList();
        if (failure is not null)
        {
            foreach (var replica in waiting) Drop(replica, failure);
            return;
        }
        _hasMadeFile = true;
        if (waiting.Count == 0) return;
        var transfer = new RdbTransfer(_cronSignal.Request);
        FileStream? file = null;
        try
        {
            file = Disk.OpenRead(_saving.Path);
            var opened = file;
            PersistenceThread.Run("rdb-to-replicas", () => Read(opened, transfer));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            _log.FullSyncFileLost(DiskException.Describe(refused));
            foreach (var replica in waiting) Drop(replica, refused);
            return;
        }
        _transfers.Add(transfer);
        foreach (var replica in waiting)
        {
            replica.State = ReplicaState.ReceivesFile;
            (replica.Transfer, replica.TransferPosition, replica.TransferMovedAt) = (transfer, 0, _clock.Now);
        }
    }

    /// <summary>Reads a file into a transfer. On a thread of its own.</summary>
    static void Read(FileStream file, RdbTransfer transfer)
    {
        BackgroundThread.GiveWay();
        try
        {
            using (file)
            {
                transfer.Add(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"${file.Length}\r\n")));
                for (var left = file.Length; left > 0;)
                {
                    var block = transfer.Rent();
                    var read = file.Read(block.GetSpan()[..(int)Math.Min(block.Capacity, left)]);
                    if (read == 0) throw new EndOfStreamException("Read error sending DB to replica: premature EOF");
                    left -= read;
                    if (!transfer.Add(block, read)) return;
                }
            }
            transfer.End(null);
        }
        catch (Exception refused) when (refused is IOException or OutOfMemoryException)
        {
            transfer.End(refused);
        }
        finally
        {
            transfer.StopProducing();
        }
    }

    void EndStreaming(RdbTransfer transfer, Exception? failure)
    {
        _streaming = null;
        if (failure is not null)
        {
            transfer.End(failure);
            _log.TransferFailed(DiskException.Describe(failure));
        }
        _log.DisklessTransferDone(_replicas.All.Count(replica => replica.Transfer == transfer));
        _isRequested = true;
    }

    /// <summary>Hands on what has been produced. Called by the cron.</summary>
    public void Run()
    {
        if (_isRequested || FirstWaiting() is not null) StartIfDue();
        for (var i = _transfers.Count - 1; i >= 0; i--)
        {
            var transfer = _transfers[i];
            if (!transfer.Take(out var failure)) continue;
            foreach (var replica in _replicas.All.Where(replica => replica.Transfer == transfer).ToList())
            {
                if (failure is null) _replicas.Feed(replica);
                else Drop(replica, failure);
            }
        }
        RemoveFile();
        _stop.RunLocked(_replicas);
    }

    void Drop(Replica replica, Exception failure)
    {
        _log.FullSyncFailed(DiskException.Describe(failure));
        replica.Client.Connection.CloseLocked(CloseMode.AtOnce, "full synchronization failed");
    }

    /// <summary>A replica is gone, or has its file.</summary>
    void Leave(Replica replica, RdbTransfer? transfer)
    {
        replica.Transfer = null;
        if (transfer is null)
        {
            if (replica.State == ReplicaState.WaitsForSnapshot) LeaveSave();
            return;
        }
        if (_replicas.All.Any(other => other.Transfer == transfer))
        {
            // It may have been the slowest, for which the file was held up.
            _replicas.Trim(transfer);
            return;
        }
        _transfers.Remove(transfer);
        if (transfer == _streaming && !transfer.IsComplete)
        {
            _log.DisklessTransferAlone();
            _snapshots.Abandon();
        }
        transfer.Cancel();
    }

    /// <summary>A save that only replicas wanted is given up when the last of them has gone.</summary>
    void LeaveSave()
    {
        if (!_savesForReplicas || _persistence.SavePoints.Length > 0) return;
        if (!_replicas.All.Any(other => other.State == ReplicaState.WaitsForSnapshot)) _backgroundSaving.Cancel();
    }

    /// <summary>Without any persistence, a file that was made for replicas goes when they have it (rdb-del-sync-files).</summary>
    void RemoveFile()
    {
        if (!_persistence.RdbDelSyncFiles) _hasMadeFile = false;
        if (!_hasMadeFile || _persistence.AppendOnly || _persistence.SavePoints.Length > 0) return;
        if (_replicas.All.Any(replica => replica.State is > ReplicaState.Introduced and < ReplicaState.Online)) return;
        _hasMadeFile = false;
        try
        {
            Disk.Delete(_saving.Path);
            _log.SyncFileRemoved();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.FileFailed("Removing the RDB file used to feed replicas", DiskException.Describe(failure));
        }
    }
}
