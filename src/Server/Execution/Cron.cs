using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>What happens by the clock. Enters the executor like a batch does, on the first loop's thread.</summary>
sealed class Cron(MiniRedisServer server)
{
    /// <summary>Rates and peaks are sampled this often (Redis's instantaneous metrics: every 100 ms).</summary>
    const int SampleMilliseconds = 100;

    /// <summary>How often output chunks, and memory of the arena, that nobody used are given up.</summary>
    const int TrimMilliseconds = 1000;

    readonly ActiveExpiry _expiry = server.ActiveExpiry;
    long _nextSample, _nextTrim;

    /// <summary>DEBUG PAUSE-CRON.</summary>
    public bool IsPaused { get; set; }

    /// <returns>Milliseconds until the next run; 0 if a slice left work.</returns>
    public int RunLocked()
    {
        var clock = server.Clock;
        clock.Synchronize();
        var now = clock.Now;
        // Not paused with the rest: in Redis none of these is the cron's.
        server.Pause.ResumeIfOver();
        var untilTimeout = server.Blocking.EndTimeouts();
        server.Blocking.Serve();
        server.Aof.Run();
        var moreToCapture = server.Snapshots.Run();
        var moreToEvict = server.Eviction.Continue();
        if (IsPaused) return moreToCapture || moreToEvict ? 0 : Math.Min(untilTimeout, SampleMilliseconds);
        server.Exiting.RunRequested();
        if (now >= _nextSample)
        {
            _nextSample = now + SampleMilliseconds;
            Sample(now);
            server.AofRewriting.StartIfDue();
            server.BackgroundSaving.StartIfDue();
        }
        if (now >= _nextTrim)
        {
            _nextTrim = now + TrimMilliseconds;
            ChunkPool.Trim();
            server.Keyspace.Arena.GiveBackIdle();
        }
        server.Limits.LookOverSome(now);
        server.ClientEviction.RunFromCron();
        if (server.Loading.IsLoading)
        {
            server.Loading.Step();
            return 0;
        }
        var moreToExpire = _expiry.Run();
        var moreToFree = server.LazyFree.Run();
        var moreToForget = server.Tracking.ForgetSome();
        var untilDefrag = server.ActiveDefrag.Run();
        // Keys that have expired wake who waits for them to go.
        server.Blocking.Serve();
        if (moreToExpire || moreToFree || moreToForget || moreToCapture || moreToEvict) return 0;
        return Math.Min(Math.Min(untilTimeout, untilDefrag), Math.Min(1000 / Math.Max(1, server.Config.Process.Hz), SampleMilliseconds));
    }

    void Sample(long now)
    {
        var statistics = server.Statistics;
        statistics.CommandsPerSecond.Sample(statistics.CommandsProcessed, now);
        statistics.InputPerSecond.Sample(statistics.NetInputBytes, now);
        statistics.OutputPerSecond.Sample(statistics.NetOutputBytes, now);
        statistics.CyclesPerSecond.Sample(statistics.Cycles, now);
        statistics.CycleTicksPerSecond.Sample(statistics.CycleTicks, now);
        server.NotePeakMemory();
        server.GcPauses.Look();
    }
}
