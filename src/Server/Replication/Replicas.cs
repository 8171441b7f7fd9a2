using System.Diagnostics;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Replication;

/// <summary>
/// The replicas of this server, and what each of them is given. Under the executor's lock.
/// <para>
/// The stream is written by commands, and handed on once a turn of the loop: each replica's connection gets what lies between its
/// position and the end, but never more than <see cref="WindowBytes"/> ahead of what its socket has taken. The rest stays in the blocks
/// that all share, and follows when the connection has sent what it had.
/// </para>
/// </summary>
sealed class Replicas(
    ReplicationStream stream, ReplicationHistory history, AwaitedChannels awaited, ClientLimits limits, Admission admission,
    ServerStatistics statistics, Clock clock, ReplicationSettings settings, ServerLog log)
    : IMemoryHolder
{
    /// <summary>
    /// Most bytes that a connection holds of the stream, beside what the kernel holds. Copies of each replica's own are bounded by it.
    /// </summary>
    const int WindowBytes = 256 * 1024;

    readonly List<Replica> _all = [];

    // Up to where the stream has been handed on.
    long _handedOn;
    bool _wantsAcks;
    long _withoutSince = clock.Now;
    int _seconds;

    /// <summary>A replica is gone, or no longer waits for a file.</summary>
    public event Action<Replica, RdbTransfer?>? Left;

    /// <summary>Replicas have acknowledged more.</summary>
    public event Action? Acknowledged;

    public IReadOnlyList<Replica> All => _all;

    public int Count => _all.Count;

    /// <summary>Replicas that have acknowledged something within min-replicas-max-lag.</summary>
    public int GoodCount { get; private set; }

    /// <summary>The offset at which the batch that runs began. What a client has written in it lies behind.</summary>
    public long OffsetBeforeBatch { get; set; }

    /// <summary>Whether <see cref="Flush"/> has something to do. Any thread.</summary>
    public bool HasUnsent => (_all.Count > 0 || awaited.Count > 0) && (_handedOn != history.Offset || _wantsAcks);

    /// <summary>Whether a write is to be refused since too few replicas would have it (min-replicas-to-write).</summary>
    public bool AreTooFew =>
        settings.MinReplicasToWrite > 0 && settings.MinReplicasMaxLag > 0 && !history.IsReplica && GoodCount < settings.MinReplicasToWrite;

    /// <summary>The offset after a client's last write, also in the batch that runs.</summary>
    public long OffsetOf(Client client) => history.Offset != OffsetBeforeBatch ? history.Offset : client.WriteOffset;

    /// <summary>Bytes of their connections.</summary>
    public long OwnBytes
    {
        get
        {
            long bytes = 0;
            foreach (var replica in _all) bytes += replica.Client.AccountedBytes;
            return bytes;
        }
    }

    // Replicas would not be served better if keys went for them: the deletions are more to send.
    long IMemoryHolder.MemoryBytes => OwnBytes;

    /// <summary>Bytes of their connections, and of the stream beyond the backlog.</summary>
    public long ClientBytes => OwnBytes + StreamBytes;

    /// <summary>Bytes of the stream that are kept for replicas beyond repl-backlog-size.</summary>
    public long StreamBytes => _all.Count == 0 && awaited.Count == 0 ? 0 : Math.Max(0, stream.MemoryBytes - settings.ReplBacklogSize);

    /// <summary>The client becomes a replica, in the state that its <see cref="Client.Replica"/> says.</summary>
    public void Add(Replica replica)
    {
        var client = replica.Client;
        client.Flags |= ClientFlags.Replica;
        // Whatever it sends, the stream is all that it gets.
        client.ReplyMode = ReplyMode.Off;
        client.Connection.IsFed = true;
        replica.AckedAt = replica.AskedAt = clock.Now;
        _all.Add(replica);
        if (replica.State == ReplicaState.Online) CountGood();
    }

    /// <summary>A client leaves, whether it is a replica or not.</summary>
    public void Remove(Client client)
    {
        if (client.Replica is not { } replica || !_all.Remove(replica)) return;
        if (replica.IsRdbChannel) log.RdbChannelLost(replica.Name);
        else log.ReplicaLost(replica.Name);
        awaited.NoteGone(replica);
        if (_all.Count == 0) _withoutSince = clock.Now;
        CountGood();
        Left?.Invoke(replica, replica.Transfer);
        TrimStream();
    }

    /// <summary>Closes every replica: what they have is not this server's history any more, or its master's.</summary>
    public void DropAll(string reason)
    {
        awaited.Clear();
        foreach (var replica in _all.ToArray()) admission.KillLocked(replica.Client, reason);
    }

    /// <summary>Hands the stream on. Called at the end of each turn of the loop.</summary>
    public void Flush()
    {
        if (_wantsAcks)
        {
            _wantsAcks = false;
            // A replica passes its master's stream on, and adds nothing of its own.
            if (!history.IsReplica) stream.Write("*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n"u8);
        }
        _handedOn = history.Offset;
        for (var i = _all.Count - 1; i >= 0; i--) Feed(_all[i]);
        awaited.CheckLimits();
        TrimStream();
    }

    /// <summary>A replica's connection has sent what it had.</summary>
    public void FeedMore(Client client)
    {
        if (client is not { Replica: { } replica, IsGone: false }) return;
        Feed(replica);
        TrimStream();
    }

    /// <summary>Gives a replica's connection what it takes, of its file or of the stream.</summary>
    public void Feed(Replica replica)
    {
        var client = replica.Client;
        // While its own command runs, a writer is in the middle of its output.
        if (client.IsAnswered || client.IsGone) return;
        if (replica.Transfer is { } transfer) FeedFile(replica, transfer);
        if (!replica.KeepsStream) return;
        if (!replica.IsStreaming)
        {
            CheckLimit(replica);
            return;
        }
        var output = client.Connection.Output;
        var before = replica.Position;
        while (replica.Position < stream.End && output.PendingBytes < WindowBytes)
        {
            var bytes = stream.From(replica.Position);
            output.Push(bytes);
            replica.Position += bytes.Length;
        }
        if (replica.Position == before)
        {
            CheckLimit(replica);
            return;
        }
        CountSent(client, replica.Position - before);
        client.Connection.RequestAttentionLocked();
        CheckLimit(replica);
    }

    void CheckLimit(Replica replica)
    {
        replica.Client.StreamBytes = stream.End - replica.Position;
        limits.CheckOutput(replica.Client);
    }

    void FeedFile(Replica replica, RdbTransfer transfer)
    {
        var client = replica.Client;
        var output = client.Connection.Output;
        var before = replica.TransferPosition;
        while (replica.TransferPosition < transfer.Bytes.End && output.PendingBytes < WindowBytes)
        {
            var bytes = transfer.Bytes.From(replica.TransferPosition);
            output.Push(bytes);
            replica.TransferPosition += bytes.Length;
        }
        if (replica.TransferPosition != before)
        {
            replica.TransferMovedAt = clock.Now;
            CountSent(client, replica.TransferPosition - before);
            client.Connection.RequestAttentionLocked();
            Trim(transfer);
        }
        if (transfer.IsComplete && replica.TransferPosition == transfer.Bytes.End) EndTransfer(replica, transfer);
    }

    void CountSent(Client client, long bytes)
    {
        client.BytesSent += bytes;
        statistics.NetReplicationOutputBytes += bytes;
    }

    /// <summary>Gives back of a file what all have been given who still want it.</summary>
    public void Trim(RdbTransfer transfer)
    {
        var slowest = long.MaxValue;
        foreach (var replica in _all)
        {
            if (replica.Transfer == transfer) slowest = Math.Min(slowest, replica.TransferPosition);
        }
        transfer.TrimTo(slowest);
    }

    void EndTransfer(Replica replica, RdbTransfer transfer)
    {
        replica.Transfer = null;
        if (replica.WantsNoStream)
        {
            log.RdbOnlyTransferEnded(replica.Name);
            replica.State = ReplicaState.Introduced;
            replica.Client.CloseAfterReply("rdb only replica");
        }
        else
        {
            replica.State = ReplicaState.Online;
            replica.StartsOnAck = transfer.EndsWithMark && !replica.HasAckedFile;
            replica.AckedAt = clock.Now;
            if (transfer.EndsWithMark) log.StreamedTransferEnded(replica.Name);
            log.ReplicaSynchronized(replica.Name);
            CountGood();
        }
        Left?.Invoke(replica, transfer);
    }

    /// <summary>A replica has applied the stream up to an offset.</summary>
    /// <param name="replica">The replica.</param>
    /// <param name="applied">The offset.</param>
    /// <param name="synced">The offset up to which its append-only file is synced; -1 if it does not say.</param>
    public void NoteAck(Replica replica, long applied, long synced)
    {
        replica.AckOffset = Math.Max(replica.AckOffset, applied);
        replica.AofOffset = Math.Max(replica.AofOffset, synced);
        replica.AckedAt = clock.Now;
        if (replica.Transfer is not null) replica.HasAckedFile = true;
        if (replica is { State: ReplicaState.Online, StartsOnAck: true })
        {
            replica.StartsOnAck = false;
            // Fed at the end of the turn: its own command is running.
            _handedOn = -1;
        }
        if (replica.State == ReplicaState.LoadsBeside)
        {
            replica.State = ReplicaState.Online;
            log.ReplicaSynchronized(replica.Name);
            CountGood();
        }
        Acknowledged?.Invoke();
    }

    /// <summary>Has the replicas asked for acknowledgements at the end of the turn.</summary>
    public void RequestAcks() => _wantsAcks = _all.Count > 0;

    /// <summary>Replicas that have applied the stream up to an offset.</summary>
    public int CountAcks(long offset) => _all.Count(replica => replica.State == ReplicaState.Online && replica.AckOffset >= offset);

    /// <summary>Replicas whose append-only file has the stream up to an offset.</summary>
    public int CountAofAcks(long offset) => _all.Count(replica => replica.State == ReplicaState.Online && replica.AofOffset >= offset);

    /// <summary>The replica at this address, as it has announced itself; null if there is none.</summary>
    public Replica? Find(string host, int port) =>
        _all.Find(replica => !replica.IsRdbChannel && replica.ListeningPort == port && replica.Host.Equals(host, StringComparison.OrdinalIgnoreCase));

    /// <summary>Pings, timeouts, and the end of a backlog that nobody needs. Called once a second.</summary>
    /// <param name="mayWrite">Whether the stream may get longer: not while a failover waits for a replica to catch up.</param>
    public void RunEachSecond(bool mayWrite)
    {
        if (_seconds++ % settings.ReplPingReplicaPeriod == 0 && _all.Count > 0 && !history.IsReplica && mayWrite)
            stream.Write("*1\r\n$4\r\nPING\r\n"u8);
        var oldest = clock.Now - settings.ReplTimeout * 1000L;
        foreach (var replica in _all.ToArray())
        {
            // A blank line keeps up the hope of one that waits. It has no place in the stream.
            if (replica.State is ReplicaState.WaitsForStart || replica is { State: ReplicaState.WaitsForSnapshot, Transfer: null })
            {
                replica.Client.Connection.Output.Push("\n"u8);
                replica.Client.Connection.RequestAttentionLocked();
            }
            else if (replica is { State: ReplicaState.Online, IsBeforePsync: false } && replica.AckedAt < oldest)
            {
                log.ReplicaTimedOut(replica.Name);
                admission.KillLocked(replica.Client, "replication timeout");
            }
            else if (replica is { State: ReplicaState.WaitsForSnapshot, Transfer: { } transfer } && replica.TransferMovedAt < oldest
                && replica.TransferPosition < transfer.Bytes.End)
            {
                log.ReplicaTimedOutInFullSync(replica.Name);
                admission.KillLocked(replica.Client, "replication timeout");
            }
        }
        awaited.GiveUpOld();
        // Without a replica no turn drops what was kept.
        TrimStream();
        CountGood();
        CloseUnusedStream();
    }

    void CloseUnusedStream()
    {
        if (_all.Count > 0 || awaited.Count > 0 || settings.ReplBacklogTtl == 0 || !stream.HasBacklog || history.IsReplica) return;
        if (clock.Now - _withoutSince <= settings.ReplBacklogTtl * 1000) return;
        // Changes are not counted from now on, so the name must not stand for them.
        history.Begin();
        stream.Close();
        log.BacklogFreed(settings.ReplBacklogTtl);
    }

    /// <summary>Counts those that keep up. Call it when what that means has changed.</summary>
    public void CountGood()
    {
        var oldest = clock.Now - settings.MinReplicasMaxLag * 1000L;
        GoodCount = _all.Count(replica => replica.State == ReplicaState.Online && replica.AckedAt / 1000 >= oldest / 1000);
    }

    /// <summary>Drops bytes of the stream that no replica needs any more.</summary>
    public void TrimStream()
    {
        if (!stream.IsOverSize) return;
        var slowest = awaited.Slowest;
        foreach (var replica in _all)
        {
            if (replica.KeepsStream) slowest = Math.Min(slowest, replica.Position);
        }
        Debug.Assert(slowest >= stream.Start);
        stream.Trim(slowest);
    }
}
