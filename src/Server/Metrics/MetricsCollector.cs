using MiniRedis.Server.Acl;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Eviction;
using MiniRedis.Server.Following;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Monitoring;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transactions;

namespace MiniRedis.Server.Metrics;

// A scrape must delay no command. So the thread that serves it never takes the executor's lock: if it lost the processor with the
// lock in hand, all commands would wait for the scheduler. It leaves a request instead, and the cron, which has the lock anyway,
// fills a snapshot on its next run.
//
//     scrape:   Take ──► request ──► wakes the loop ······································ await ──► text
//     executor:                                    cron ──► FillIfWanted ──► completed ─────┘
//
// What is in the snapshot takes a bounded time to read: counters, sums that are kept anyway, and 21 steps for each command that
// was called. INFO has some fields that need a walk through all clients or a sample of the keys. They are not here.

/// <summary>Reads the numbers of a scrape, on the executor's thread.</summary>
/// <remarks>Under the executor's lock, but for what says otherwise.</remarks>
sealed partial class MetricsCollector(
    Keyspace keyspace, ClientRegistry clients, ClientMemory clientMemory, MemoryUsage memory, ServerStatistics statistics,
    CommandStatistics[] commandStatistics, DatasetState dataset, EffectStream effects, KeyEviction eviction, ActiveDefrag defrag,
    LazyFree lazyFree, RdbSaving saving, BackgroundSaving backgroundSaving, AppendOnlyFile aof, AofRewriting aofRewriting, Loading loading,
    EvalScripts evalScripts, FunctionLibraries functions, PubSubChannels pubSub, ClientTransactions transactions, TrackedKeys tracking,
    BlockedClients blocked, CallWatch callWatch, LatencyMonitor latency, Users users, ReplicationHistory history, ReplicationStream stream,
    Replicas replicas, Follower follower, ClusterHost? cluster, ServerConfig config, Clock clock, CronSignal cronSignal)
{
    /// <summary>
    /// Most databases that are counted one by one. Redis has 16; a page of thousands would help nobody, and counting them takes time.
    /// </summary>
    public const int MostDatabases = 256;

    /// <summary>Most users that are counted one by one, likewise.</summary>
    public const int MostUsers = 256;

    Metric[]? _rows;
    MetricsSnapshot? _snapshot;
    TaskCompletionSource<MetricsSnapshot>? _wanted;

    /// <summary>The numbers of a snapshot, in order. Made when they are first asked for: a server without metrics has none. The reader's.</summary>
    public IReadOnlyList<Metric> Rows => _rows ??= MakeRows();

    /// <summary>
    /// Asks for a snapshot. If an earlier one has been asked for and not been filled, it is that one. Any thread, but one reader at a
    /// time, which has done with the snapshot when it asks for the next.
    /// </summary>
    public Task<MetricsSnapshot> Take()
    {
        _snapshot ??= new MetricsSnapshot(Rows.Count, commandStatistics.Length, Math.Min(keyspace.DatabaseCount, MostDatabases));
        var wanted = Volatile.Read(ref _wanted);
        if (wanted is not null) return wanted.Task;
        // What follows in the reader does not run on the executor's thread.
        wanted = new TaskCompletionSource<MetricsSnapshot>(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _wanted, wanted);
        cronSignal.Request();
        return wanted.Task;
    }

    /// <summary>Called by the cron: fills the snapshot if one has been asked for.</summary>
    public void FillIfWanted()
    {
        if (Volatile.Read(ref _wanted) is not { } wanted) return;
        var snapshot = _snapshot!;
        var started = clock.Time.GetTimestamp();
        Fill(snapshot);
        snapshot.Taken = clock.Time.GetElapsedTime(started);
        Volatile.Write(ref _wanted, null);
        wanted.SetResult(snapshot);
    }

    void Fill(MetricsSnapshot snapshot)
    {
        memory.NotePeak(clock.Now);
        (_threadUser, _threadSystem) = ThreadCpu.TryRead(out var user, out var system) ? (user, system) : default;
        snapshot.UsedMemory = memory.Total;
        for (var i = 0; i < snapshot.Values.Length; i++) snapshot.Values[i] = _rows![i].Read();
        for (var i = 0; i < snapshot.Databases.Length; i++)
            snapshot.Databases[i] = (keyspace[i].Count, keyspace[i].ExpiringCount);
        for (var i = 0; i < commandStatistics.Length; i++) FillCommand(snapshot, i, commandStatistics[i]);
        snapshot.Users.Clear();
        for (var i = 0; i < Math.Min(users.All.Count, MostUsers); i++)
            snapshot.Users.Add((users.All[i].Name, users.All[i].Figures.Commands, users.All[i].Figures.Denials));
        FillPrefixes(snapshot);
        FillReplication(snapshot);
        snapshot.Errors.Clear();
        foreach (var (code, count) in statistics.Errors) snapshot.Errors.Add((code, count));
        snapshot.Spikes.Clear();
        foreach (var (name, found) in latency.Events) snapshot.Spikes.Add((name, found.Last.Time, found.Last.Milliseconds));
    }

    void FillReplication(MetricsSnapshot snapshot)
    {
        snapshot.Replicas.Clear();
        foreach (var replica in replicas.All)
        {
            if (replica.StateName is { } state)
                snapshot.Replicas.Add((replica.Host, replica.ListeningPort, state, replica.AckOffset, replica.Lag(clock.Now)));
        }
        snapshot.Master = follower.Master is not { } master ? null : new(
            master.Host, master.Port, follower.State == MasterLinkState.Connected,
            follower.Heard == 0 ? -1 : (clock.Now - follower.Heard) / 1000, follower.State == MasterLinkState.Sync,
            Math.Max(0, follower.KnownOffset), config.Replication.ReplicaReadOnly);
    }

    void FillCommand(MetricsSnapshot snapshot, int ordinal, CommandStatistics command)
    {
        ref var figures = ref snapshot.Commands[ordinal];
        (figures.Calls, figures.RejectedCalls, figures.FailedCalls) = (command.Calls, command.RejectedCalls, command.FailedCalls);
        figures.Microseconds = clock.TotalMicroseconds(command.Ticks);
        figures.Timed = command.Latency?.Total ?? 0;
        command.Latency?.CountSteps(snapshot.Latencies(ordinal));
    }
}
