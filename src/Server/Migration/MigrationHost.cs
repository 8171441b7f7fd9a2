using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Migrations;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Following;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Links;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Migration;

/// <summary>
/// Runs <see cref="SlotMigrations"/>: brings it what happens, and does what it wants done. At the source a migration is an <see
/// cref="ExportLink"/> with a snapshot of the slots and a part of the stream of effects; at the target it is a client
/// (<see cref="Client.ImportedSlots"/>) whose commands run like those of a master. The design is in docs/design/slot-migration.md.
/// </summary>
/// <remarks>Under the executor's lock, but for the methods Enter..., which take it.</remarks>
sealed partial class MigrationHost : IMigrationHost, IMemoryHolder, IDisposable
{
    readonly ClusterHost _cluster;
    readonly ClientPause _pause;
    readonly ClientRegistry _clients;
    readonly Admission _admission;
    readonly RunningCall _running;
    readonly EffectStream _effects;
    readonly Snapshots _snapshots;
    readonly BackgroundSaving _backgroundSaving;
    readonly Replicas _replicas;
    readonly Loading _loading;
    readonly LinkConnector _connector;
    readonly ServerExit _exit;
    readonly ServerConfig _config;
    readonly CronSignal _cronSignal;
    readonly Clock _clock;
    readonly ServerLog _log;

    readonly Dictionary<SlotMigration, Export> _exports = [];
    readonly Dictionary<SlotMigration, Client> _imports = [];

    // Imports of which the replicas have been told.
    readonly HashSet<SlotMigration> _told = [];
    bool _isPerforming, _listens;

    public MigrationHost(
        ClusterHost cluster, ClientPause pause, ClientRegistry clients, Admission admission, RunningCall running, EffectStream effects,
        Snapshots snapshots, BackgroundSaving backgroundSaving, Replicas replicas, Follower follower, Loading loading, RdbSaving saving,
        LinkConnector connector, ServerExit exit, ServerConfig config, CronSignal cronSignal, Clock clock, Random random, ServerLog log)
    {
        (_cluster, _pause, _clients, _admission, _running, _effects) = (cluster, pause, clients, admission, running, effects);
        (_snapshots, _backgroundSaving, _replicas, _loading) = (snapshots, backgroundSaving, replicas, loading);
        (_connector, _exit, _config, _cronSignal, _clock, _log) = (connector, exit, config, cronSignal, clock, log);
        Machine = new SlotMigrations(cluster.Machine, new MigrationSettings(), this, random);
        Sink = new ExportFeed(this);
        saving.SlotImports = DescribeImports;
        cluster.SlotsChanged += _ => Step(() => Machine.OwnersChanged(Now));
        cluster.Ticked += () => Step(() => Machine.Tick(Now));
        cluster.Begun += TakeImports;
        follower.Synchronized += TakeImports;
        admission.Leaving += Leave;
    }

    public SlotMigrations Machine { get; }

    public ExportFeed Sink { get; }

    // Not the date: when it is set, writes must not be held for longer, nor a grant be good for longer.
    long Now => _cluster.Now;

    /// <summary>INFO's memory of what waits to be sent.</summary>
    public long MemoryBytes => _exports.Values.Sum(export => export.Link.Queue.Unsent);

    bool IMigrationHost.CanSnapshot => _backgroundSaving.CanStart;

    long IMigrationHost.UnsentBytes(SlotMigration job) => _exports.TryGetValue(job, out var export) ? export.Link.Queue.Unsent : 0;

    long IMigrationHost.HeardAt(SlotMigration job) =>
        _imports.TryGetValue(job, out var client) ? Now - (_clock.Now - client.LastInteraction) : job.AckAt;

    /// <summary>A step of the machine, and what comes of it.</summary>
    void Step(Action step)
    {
        var settings = Machine.Settings;
        settings.MaxFailoverReplBytes = _config.Cluster.SlotMigrationMaxFailoverReplBytes;
        settings.LogMaxLen = _config.Cluster.ClusterSlotMigrationLogMaxLen;
        settings.Timeout = _config.Replication.ReplTimeout * 1000L;
        settings.MostPause = 2 * _config.Cluster.ClusterManualFailoverTimeout;
        step();
        Perform();
    }

    void Perform()
    {
        // What is done may bring about a step, whose outputs the loop below finds.
        if (_isPerforming) return;
        _isPerforming = true;
        try
        {
            do
            {
                foreach (var output in Machine.TakeOutputs()) Do(output);
                _cluster.Perform();
            }
            while (Machine.HasOutputs && !_exit.HasBegun);
        }
        finally
        {
            _isPerforming = false;
        }
        Listen();
    }

    /// <summary>The stream of effects is read while a migration is under way.</summary>
    void Listen()
    {
        var listens = false;
        foreach (var job in Machine.Jobs) listens |= !job.IsOver;
        if (listens == _listens) return;
        _listens = listens;
        if (listens) _effects.AddSink(Sink);
        else _effects.RemoveSink(Sink);
    }

    void Do(MigrationOutput output)
    {
        switch (output)
        {
            case MigrationOutput.Log line:
                if (line.Level == ClusterLogLevel.Warning) _log.ClusterWarning(line.Text);
                else _log.ClusterNotice(line.Text);
                break;
            case MigrationOutput.Connect connect:
                Connect(connect);
                break;
            case MigrationOutput.BeginSnapshot begin:
                BeginSnapshot(begin.Job);
                break;
            case MigrationOutput.Send send:
                Send(send.Job, send.Word);
                break;
            case MigrationOutput.Close close:
                Close(close.Job);
                break;
            case MigrationOutput.HoldWrites hold:
                if (hold.Holds) _pause.HoldWrites(PauseReason.SlotMigration);
                else _pause.ReleaseWrites(PauseReason.SlotMigration);
                break;
            case MigrationOutput.Hide hide:
                // What an earlier owner's deletion has left must not be mixed with what comes.
                if (hide.Hides) _cluster.SlotKeys.Finish(hide.Slots.Contains);
                _cluster.SlotKeys.Hide(hide.Slots, hide.Hides);
                break;
            case MigrationOutput.DeleteKeys delete:
                Delete(delete.Job);
                break;
            case MigrationOutput.TellBegin tell:
                TellBegin(tell.Job);
                break;
            case MigrationOutput.TellEnd tell:
                TellEnd(tell.Job);
                break;
            default:
                throw new InvalidOperationException($"Nobody does {output.GetType().Name}.");
        }
        _cronSignal.Request();
    }

    void Send(SlotMigration job, string word)
    {
        var bytes = LinkCommand.Encode("CLUSTER", "SYNCSLOTS", word);
        if (_exports.TryGetValue(job, out var export)) Add(export, bytes);
        if (!_imports.TryGetValue(job, out var client)) return;
        client.Connection.Output.Push(bytes);
        client.Connection.RequestAttentionLocked();
    }

    void Close(SlotMigration job)
    {
        if (_exports.Remove(job, out var export))
        {
            _effects.Refresh();
            export.Link.Close();
            if (export.IsSnapshotting) _snapshots.Abandon();
        }
        if (!_imports.Remove(job, out var client)) return;
        client.ImportedSlots = null;
        // One whose command runs is closed behind it.
        if (_running.Client == client || client.IsAnswered) client.CloseAfterReply("the slot migration is over");
        else _admission.KillLocked(client, "the slot migration is over");
    }

    /// <summary>Ends the connections: their threads do nothing more.</summary>
    public void Dispose()
    {
        lock (ExecutorLock)
        {
            foreach (var export in _exports.Values) export.Link.Close();
            _exports.Clear();
        }
    }

    void Delete(SlotMigration job)
    {
        var slots = new SlotSet();
        foreach (var slot in job.Slots)
        {
            if (_cluster.Machine.Slots.Owner(slot) != _cluster.Machine.Myself) slots.Add(slot);
        }
        _cluster.SlotKeys.Delete(slots, () => Step(() => Machine.Cleaned(job, Now)));
    }
}
