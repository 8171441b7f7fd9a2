using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Maintenance;

/// <summary>
/// Decides when to defragment, and with how much of the processor's time. The policy is Redis's. Once a second, if fragmentation
/// exceeds active-defrag-ignore-bytes and active-defrag-threshold-lower, a pass begins. Its share of time goes from
/// active-defrag-cycle-min to -max as fragmentation goes from -threshold-lower to -upper. The share may rise during a pass; it
/// falls only if the configuration changes.
/// <para>
/// Ours differs in its slices. Redis 7 works once in 1000/hz milliseconds, so at 10 Hz and 25 % commands wait for 25 ms. Here (as
/// in Valkey 8.1, the source of active-defrag-cycle-us) a slice is half a millisecond, and the share decides how many there are:
/// passing time adds its share to a credit, a slice subtracts its length, and while there is credit the next slice follows after
/// one turn of the loop.
/// </para>
/// <para>
/// Nothing moves while a snapshot is taken: another thread reads large values in place. (Redis also pauses while it has a child.)
/// </para>
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class ActiveDefrag(
    Keyspace keyspace, LatencyMonitor latency, DatasetState dataset,
    Clock clock, CronSignal cronSignal, MemorySettings settings, ServerLog log)
{
    /// <summary>
    /// No slice is longer, whatever active-defrag-cycle-us says: commands must wait for less than a millisecond.
    /// </summary>
    const int LongestSliceMicroseconds = 800;

    /// <summary>Most slices in a row between two slices of loading.</summary>
    const int SlicesWhileLoading = 20;

    const int DecisionMilliseconds = 1000;

    /// <summary>The result of <see cref="Run"/> if it need not be called soon.</summary>
    const int NotSoon = int.MaxValue;

    /// <summary>The settings behind a decision. If they change, the decision is made again.</summary>
    readonly record struct Basis(long IgnoreBytes, int Lower, int Upper, int Least, int Most);

    readonly Defragmenter _defragmenter = new(keyspace);
    Basis _basis;
    long _nextDecision;

    // Microseconds that may be used, as of a timestamp; below 0 after a slice that took longer.
    double _credit;
    long _creditedAt;

    // The timestamp at which the current pass began, and the time of earlier passes, in ticks.
    long _runningSince, _ranTicks;

    /// <summary>Percent of the processor's time in use; 0 if no pass runs. INFO's active_defrag_running.</summary>
    public int RunningPercent { get; private set; }

    public long Hits => _defragmenter.Hits;
    public long Misses => _defragmenter.Misses;
    public long KeyHits => _defragmenter.KeyHits;
    public long KeyMisses => _defragmenter.KeyMisses;

    /// <summary>Milliseconds since the current pass began.</summary>
    public long CurrentMilliseconds => clock.TotalMicroseconds(CurrentTicks) / 1000;

    /// <summary>Milliseconds of all passes, from start to end.</summary>
    public long TotalMilliseconds => clock.TotalMicroseconds(_ranTicks + CurrentTicks) / 1000;

    /// <summary>
    /// DEBUG MOVE-BLOCKS: every turn moves everything that can be moved, for tests that look for addresses kept too long.
    /// </summary>
    public bool MovesEverything { get; set; }

    long CurrentTicks => RunningPercent == 0 ? 0 : clock.Timestamp - _runningSince;

    /// <summary>Runs a slice, if one is due.</summary>
    /// <returns>Milliseconds until the next slice; 0 if there is more to do at once.</returns>
    public int Run()
    {
        if (keyspace.Snapshot is not null) return NotSoon;
        if (MovesEverything) return MoveEverything();
        if (!settings.ActiveDefrag && !_defragmenter.IsActive) return NotSoon;
        var started = clock.Advance();
        Decide();
        if (!_defragmenter.IsActive) return NotSoon;
        // A pass that was given up is finished at the least share.
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
    /// Credit beyond two slices is lost if a busy loop did not let it be used. Two are kept because a wait takes at least a whole
    /// millisecond, and 75 % must be possible. While data are loaded no commands wait and turns are long, so more is kept.
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
            // The rest of a pass that was given up comes first.
            if (_defragmenter.IsActive || percent < basis.Lower || bytes < basis.IgnoreBytes) return;
            // It first finds out how much can be gained.
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
        // The current pass ends with that.
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
