using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Replication;

/// <summary>
/// Replicas that are sent their file by a connection of its own (dual-channel-replication-enabled), and whose main connection has not asked
/// for the stream yet. The stream is kept for each from its snapshot's instant on, and goes on as an ordinary replica's once PSYNC has come.
/// <code>
///   main    PSYNC ─► +DUALCHANNELSYNC                 set-rdb-client-id, PSYNC ─► LoadsBeside ──── first ACK ────► Online
///   file                 SYNC ─► WaitsForSnapshot: $ENDOFF, the file ─────────────────► its end
///   here                         └──── the stream is kept ────────┘
/// </code>
/// A small file may be loaded, and its connection gone, before the other one is heard of. So a replica is awaited some time longer.
/// </summary>
/// <remarks>Under the executor's lock, but for <see cref="Count"/>.</remarks>
sealed class AwaitedChannels(
    ReplicationStream stream, ClientLimits limits, Admission admission, DebugSwitches switches, Clock clock, ServerLog log)
{
    sealed class Awaited(Replica file, bool hasBytes)
    {
        // Of its connection too, after that has ended.
        public Replica File => file;

        public bool HasBytes = hasBytes;

        // Unix milliseconds.
        public long GoneSince, OverSoftLimitSince;
    }

    readonly List<Awaited> _all = [];

    /// <summary>How many are awaited: INFO's replicas_waiting_psync. Any thread.</summary>
    public int Count => _all.Count;

    /// <summary>The first position of the stream that is kept; the largest number if none is.</summary>
    public long Slowest => _all.Count == 0 ? long.MaxValue : _all.Min(awaited => awaited.File.Position);

    /// <summary>The stream is kept from the replica's position on, until its main connection comes.</summary>
    /// <param name="file">The connection that is about to bring it the file.</param>
    public void Add(Replica file)
    {
        var hasBytes = stream.End > stream.Start;
        log.AwaitsMainChannel(file.Name, file.Client.Id, hasBytes ? "tracking repl-backlog tail" : "no repl-backlog to track");
        _all.Add(new Awaited(file, hasBytes));
    }

    /// <summary>Whether the replica is awaited to which this client brings the file.</summary>
    public bool Has(long fileClient) => _all.Exists(awaited => awaited.File.Client.Id == fileClient);

    /// <summary>Its main connection has come, which has a position of its own.</summary>
    /// <returns>Whether it was awaited.</returns>
    public bool Release(long fileClient) => _all.RemoveAll(awaited => awaited.File.Client.Id == fileClient) > 0;

    /// <summary>Nobody is awaited any more: the stream is another one now.</summary>
    public void Clear() => _all.Clear();

    /// <summary>A connection has ended. If it was one that brings a file, its replica has some time left.</summary>
    public void NoteGone(Replica replica)
    {
        if (_all.Find(awaited => awaited.File == replica) is not { } gone) return;
        gone.GoneSince = clock.Now;
        log.AwaitsMainChannelLonger(replica.Client.Id, replica.Name, switches.RdbClientGraceSeconds);
    }

    /// <summary>Gives up those for which too much of the stream is kept. Called at the end of each turn in which it grew.</summary>
    public void CheckLimits()
    {
        for (var i = _all.Count - 1; i >= 0; i--)
        {
            var (awaited, client) = (_all[i], _all[i].File.Client);
            var pending = stream.End - awaited.File.Position;
            if (!awaited.HasBytes && pending > 0)
            {
                awaited.HasBytes = true;
                log.KeepsForMainChannel(client.Id);
            }
            if (limits.AllowsReplica(pending, ref awaited.OverSoftLimitSince)) continue;
            _all.RemoveAt(i);
            limits.NoteCutOff(client.Id, pending);
            if (!client.IsGone) admission.KillLocked(client, "output buffer limits");
        }
    }

    /// <summary>Gives up those whose connection ended too long ago. Called once a second.</summary>
    public void GiveUpOld()
    {
        for (var i = _all.Count - 1; i >= 0; i--)
        {
            if (_all[i] is not { GoneSince: > 0 and var since, File: var file }) continue;
            var seconds = clock.Now / 1000 - since / 1000;
            if (seconds <= switches.RdbClientGraceSeconds) continue;
            _all.RemoveAt(i);
            log.MainChannelNeverCame(seconds, file.Client.Id);
        }
    }
}
