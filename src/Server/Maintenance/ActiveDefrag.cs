using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Maintenance;

/// <summary>
/// When to defragment, and how much of the processor's time for it. The policy is Redis's: once a second, if there is more fragmentation
/// than active-defrag-ignore-bytes and active-defrag-threshold-lower, a pass begins, whose share of time goes from active-defrag-cycle-min
/// to -max as fragmentation goes from -threshold-lower to -upper. The share may rise during a pass; it falls only if the configuration changes.
/// <para>
/// Slices are where we differ. Redis 7 works once in 1000/hz milliseconds, so that at 10 Hz and 25 % commands wait for 25 ms. Here (as in
/// Valkey 8.1, from where active-defrag-cycle-us comes) a slice is half a millisecond, and there are as many of them as the share
/// asks for: time credits the share of itself, a slice uses its length up, and while there is credit the next slice follows after one
/// turn of the loop.
/// </para>
/// <para>While a snapshot is taken nothing moves: another thread reads large values where they lie. (Redis pauses beside a child, too.)</para>
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class ActiveDefrag(
    Keyspace keyspace, LatencyMonitor latency, DatasetState dataset,
    Clock clock, CronSignal cronSignal, MemorySettings settings, ServerLog log)
{
    /// <summary>No slice is longer, whatever active-defrag-cycle-us says: commands are to wait for less than a millisecond.</summary>
    const int LongestSliceMicroseconds = 800;

    /// <summary>Slices that may follow one another between two of loading.</summary>
    const int SlicesWhileLoading = 20;

    const int DecisionMilliseconds = 1000;

    /// <summary>What <see cref="Run"/> answers if it need not be called soon.</summary>
    const int NotSoon = int.MaxValue;

    /// <summary>What a decision follows from; another one means to decide anew.</summary>
    readonly record struct Basis(long IgnoreBytes, int Lower, int Upper, int Least, int Most);

    readonly Defragmenter _defragmenter = new(keyspace);
    Basis _basis;
    long _nextDecision;

    // Microseconds that may be used; below 0 after a slice that was longer. Up to date at a timestamp.
    double _credit;
    long _creditedAt;

    // Since when a pass is under way (a timestamp), and how long the earlier ones took, in ticks.
    long _runningSince, _ranTicks;

    /// <summary>Percent of the processor's time that is used; 0 while no pass is under way. INFO's active_defrag_running.</summary>
    public int RunningPercent { get; private set; }

    public long Hits => _defragmenter.Hits;
    public long Misses => _defragmenter.Misses;
    public long KeyHits => _defragmenter.KeyHits;
    public long KeyMisses => _defragmenter.KeyMisses;

    /// <summary>Milliseconds since the pass under way began.</summary>
    public long CurrentMilliseconds => clock.TotalMicroseconds(CurrentTicks) / 1000;

    /// <summary>Milliseconds of all passes, from begin to end.</summary>
    public long TotalMilliseconds => clock.TotalMicroseconds(_ranTicks + CurrentTicks) / 1000;

    /// <summary>DEBUG MOVE-BLOCKS: everything that can be moved is, every turn, for tests that look for addresses kept too long.</summary>
    public bool MovesEverything { get; set; }

    long CurrentTicks => RunningPercent == 0 ? 0 : clock.Timestamp - _runningSince;

    /// <summary>Runs a slice, if one is due.</summary>
    /// <returns>Milliseconds until the next is: 0 if there is more to do at once.</returns>
    public int Run()
    {
        if (keyspace.Snapshot is not null) return NotSoon;
        if (MovesEverything) return MoveEverything();
        if (!settings.ActiveDefrag && !_defragmenter.IsActive) return NotSoon;
        var started = clock.Advance();
        Decide();
        if (!_defragmenter.IsActive) return NotSoon;
        // What was given up is put in order all the same.
        var percent = Math.Max(RunningPercent, settings.ActiveDefragCycleMin);
        var slice = Math.Clamp(settings.ActiveDefragCycleUs, 1, LongestSliceMicroseconds);
        AddCredit(started, percent, slice);
        if (_credit > 0)
        {
            RunSlice(started, slice);
            AddCredit(clock.Timestamp, percent, slice);
            _credit -= clock.Microseconds(started, clock.Timestamp);
            if (!_defragmenter.IsActive)
            {
                End();
                return NotSoon;
            }
            if (_credit > 0) return 0;
        }
        return (int)Math.Ceiling((1 - _credit) * 100 / percent / 1000);
    }

    /// <summary>
    /// What a busy loop has not let us use is lost, but for two slices: waiting takes a whole millisecond at least, and 75 % must be possible.
    /// While data are loaded there are no commands to wait, and turns take long.
    /// </summary>
    void AddCredit(long now, int percent, int slice)
    {
        var most = dataset.IsLoading ? SlicesWhileLoading : 2;
        _credit = Math.Min(_credit + clock.Microseconds(_creditedAt, now) * percent / 100.0, most * slice);
        _creditedAt = now;
    }

    void RunSlice(long started, int slice)
    {
        while (_defragmenter.Step(settings.ActiveDefragMaxScanFields))
        {
            if (clock.Microseconds(started, clock.Advance()) >= slice) break;
        }
        latency.Note("active-defrag-cycle", clock.Microseconds(started, clock.Advance()) / 1000);
    }

    void Decide()
    {
        if (!settings.ActiveDefrag)
        {
            _defragmenter.Abandon();
            StopClock();
            return;
        }
        var basis = new Basis(settings.ActiveDefragIgnoreBytes, settings.ActiveDefragThresholdLower, settings.ActiveDefragThresholdUpper,
            settings.ActiveDefragCycleMin, settings.ActiveDefragCycleMax);
        var changed = basis != _basis;
        if (!changed && clock.Now < _nextDecision) return;
        _basis = basis;
        _nextDecision = clock.Now + DecisionMilliseconds;

        var arena = keyspace.Arena;
        var bytes = arena.FragmentedBytes - _defragmenter.Unavoidable;
        var percent = arena.UsedBytes == 0 ? 0 : 100.0 * bytes / arena.UsedBytes;
        if (RunningPercent == 0)
        {
            // What is left of one that was given up comes first.
            if (_defragmenter.IsActive || percent < basis.Lower || bytes < basis.IgnoreBytes) return;
            // How much can be gained it finds out first.
            _defragmenter.Begin(leastGain: Math.Max(basis.IgnoreBytes, arena.UsedBytes / 100 * basis.Lower));
            _runningSince = _creditedAt = clock.Timestamp;
            _credit = 0;
        }
        var share = Share(percent, basis);
        if (share <= RunningPercent && !changed) return;
        RunningPercent = share;
        log.DefragRuns(percent, bytes, share);
    }

    /// <summary>Percent of the processor's time.</summary>
    static int Share(double fragmentation, in Basis basis)
    {
        if (basis.Upper <= basis.Lower) return basis.Most;
        var share = basis.Least + (fragmentation - basis.Lower) * (basis.Most - basis.Least) / (basis.Upper - basis.Lower);
        return (int)Math.Max(basis.Least, Math.Min(basis.Most, share));
    }

    void End()
    {
        var arena = keyspace.Arena;
        if (RunningPercent > 0) log.DefragDone(CurrentMilliseconds, arena.FragmentationRatio, arena.FragmentedBytes);
        StopClock();
    }

    void StopClock()
    {
        _ranTicks += CurrentTicks;
        RunningPercent = 0;
    }

    int MoveEverything()
    {
        while (_defragmenter.Step())
        {
        }
        // A pass that was under way ends with that.
        End();
        _defragmenter.BeginMovingAll();
        while (_defragmenter.Step())
        {
        }
        cronSignal.Request();
        return 1;
    }

    public void ResetStatistics()
    {
        _defragmenter.ResetStatistics();
        _ranTicks = 0;
        _runningSince = clock.Timestamp;
    }
}
