using MiniRedis.Server.Blocking;
using MiniRedis.Server.Buffers;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Eviction;
using MiniRedis.Server.Following;
using MiniRedis.Server.Links;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Metrics;
using MiniRedis.Server.Migration;
using MiniRedis.Server.Monitoring;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Sentinel;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>Everything that runs by the clock. It enters the executor as a batch does, on the first loop's thread.</summary>
sealed class Cron(
    Keyspace keyspace, ClientPause pause, BlockedClients blocked, CacheLeases leases, CachePurges purges, ClientLimits limits,
    ClientEviction clientEviction,
    TrackedKeys tracking, ActiveExpiry expiry, PurgeSweep purgeSweep, PrefixCensus census,
    LazyFree lazyFree, ActiveDefrag defrag, KeyEviction eviction,
    Snapshots snapshots,
    BackgroundSaving backgroundSaving, AppendOnlyFile aof, AofRewriting aofRewriting, Loading loading, Shutdown shutdown,
    Replicas replicas, FullSyncs fullSyncs, AckWaits ackWaits, Follower follower, Failover failover, MemoryUsage memory,
    ServerStatistics statistics, GcPauses gcPauses, HotKeys hotKeys, MetricsCollector metrics, SentinelRunner? sentinel,
    ClusterHost? cluster, MigrationHost? migrations, CachedLinks migrationLinks, ProcessSettings settings, Clock clock)
{
    /// <summary>Rates and peaks are sampled this often (Redis's instantaneous metrics: every 100 ms).</summary>
    const int SampleMilliseconds = 100;

    /// <summary>How often unused output chunks and unused memory of the arena are given back.</summary>
    const int TrimMilliseconds = 1000;

    long _nextSample, _nextTrim, _nextSecond;

    /// <summary>DEBUG PAUSE-CRON.</summary>
    public bool IsPaused { get; set; }

    /// <returns>Milliseconds until the next run; 0 if a slice left work.</returns>
    public int RunLocked()
    {
        clock.Synchronize();
        var now = clock.Now;
        metrics.FillIfWanted();
        // Not paused with the rest: in Redis none of these belongs to the cron.
        pause.ResumeIfOver();
        var untilTimeout = Math.Min(blocked.EndTimeouts(), leases.Run(now));
        blocked.Serve();
        aof.Run();
        var moreToCapture = snapshots.Run();
        fullSyncs.Run();
        ackWaits.Check();
        migrations?.Run();
        failover.Run();
        if (sentinel is not null) untilTimeout = Math.Min(untilTimeout, sentinel.Run());
        var moreToEvict = eviction.Continue();
        if (IsPaused) return moreToCapture || moreToEvict ? 0 : Math.Min(untilTimeout, SampleMilliseconds);
        shutdown.RunRequested();
        if (now >= _nextSample)
        {
            _nextSample = now + SampleMilliseconds;
            Sample(now);
            follower.RunLocked();
            aofRewriting.StartIfDue();
            backgroundSaving.StartIfDue();
        }
        if (now >= _nextTrim)
        {
            _nextTrim = now + TrimMilliseconds;
            ChunkPool.Trim();
            BufferMemory.GiveBackIdle();
            keyspace.Arena.GiveBackIdle();
        }
        if (now >= _nextSecond)
        {
            _nextSecond = now + 1000;
            migrationLinks.DropIdle(now);
            replicas.RunEachSecond(mayWrite: failover.State == FailoverState.None && cluster is not { HoldsWrites: true });
        }
        limits.LookOverSome(now);
        clientEviction.RunFromCron();
        if (loading.Step()) return loading.IsStarved ? 1 : 0;
        untilTimeout = Math.Min(untilTimeout, purges.RunRepeated());
        var moreToExpire = expiry.Run();
        var moreToSweep = purgeSweep.Run();
        var moreToFree = lazyFree.Run();
        moreToFree |= cluster?.SlotKeys.DeleteSome() == true;
        var moreToForget = tracking.ForgetSome();
        moreToForget |= tracking.TellOfPurges();
        var untilDefrag = defrag.Run();
        untilTimeout = Math.Min(untilTimeout, census.Run());
        // Expired keys wake the clients that wait for them to go.
        blocked.Serve();
        if (moreToExpire || moreToSweep || moreToFree || moreToForget || moreToCapture || moreToEvict) return 0;
        return Math.Min(Math.Min(untilTimeout, untilDefrag), Math.Min(1000 / Math.Max(1, settings.Hz), SampleMilliseconds));
    }

    /// <summary>What does not wait for the end of a script that the loaded file holds: the end of the server.</summary>
    public void RunBesideScript()
    {
        if (loading.IsActive) shutdown.RunRequested();
    }

    void Sample(long now)
    {
        statistics.CommandsPerSecond.Sample(statistics.CommandsProcessed, now);
        statistics.InputPerSecond.Sample(statistics.InputBytes, now);
        statistics.OutputPerSecond.Sample(statistics.OutputBytes, now);
        statistics.ReplicationInputPerSecond.Sample(statistics.NetReplicationInputBytes, now);
        statistics.ReplicationOutputPerSecond.Sample(statistics.NetReplicationOutputBytes, now);
        statistics.CyclesPerSecond.Sample(statistics.Cycles, now);
        statistics.CycleTicksPerSecond.Sample(statistics.CycleTicks, now);
        memory.NotePeak(now);
        gcPauses.Look();
        hotKeys.Run();
    }
}
