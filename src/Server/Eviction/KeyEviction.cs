using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Eviction;

/// <summary>How it stands with maxmemory.</summary>
enum EvictionResult
{
    /// <summary>The memory is within its bound, or may be over it for now.</summary>
    WithinBound,

    /// <summary>It is over, and eviction goes on with the cron; commands run meanwhile.</summary>
    GoesOn,

    /// <summary>It is over, and there is nothing to evict: commands that may need memory are refused.</summary>
    OutOfMemory,
}

/// <summary>
/// Keeps used_memory within maxmemory. Before each command, and in the cron while one time did not suffice, keys are deleted that
/// <see cref="VictimChoice"/> finds, for as long as maxmemory-eviction-tenacity allows: half a millisecond by default.
/// <para>
/// Values of many elements are freed in slices here as everywhere (<see cref="LazyFree"/>), and what waits to be freed is freed before
/// another key has to go: so no key goes for memory that is on its way back, however large a value was. What evicting
/// itself makes grow (invalidations for clients that cache the keys) does not make more keys go: the data have to shrink by what was too
/// much at the start.
/// </para>
/// </summary>
/// <remarks>Under the executor's lock, between commands.</remarks>
sealed class KeyEviction(
    VictimChoice choice, KeyAccess keys, ClientMemory clientMemory, ClientPause pause, LazyFree lazyFree, EffectStream effects,
    MemoryUsage memory, LatencyMonitor latency, DatasetState dataset, Clock clock, CronSignal cronSignal,
    MemorySettings memorySettings, ObservationSettings observationSettings, ProcessSettings processSettings)
{
    /// <summary>Keys evicted between two looks at the clock, as in Redis.</summary>
    const int KeysBetweenLooks = 16;

    bool _goesOn;

    // When the memory was found to be over its bound, in ticks of the clock; 0 while it is within. And how long it was before.
    long _exceededSince, _exceededTicks;

    /// <summary>Milliseconds that the memory has been over its bound now; 0 if it is not.</summary>
    public long CurrentExceededMilliseconds => clock.TotalMicroseconds(CurrentExceededTicks) / 1000;

    /// <summary>Milliseconds that the memory was over its bound in all.</summary>
    public long TotalExceededMilliseconds => clock.TotalMicroseconds(_exceededTicks + CurrentExceededTicks) / 1000;

    long CurrentExceededTicks => _exceededSince == 0 ? 0 : clock.Timestamp - _exceededSince;

    public void ResetStatistics() => _exceededSince = _exceededTicks = 0;

    /// <summary>Makes room, as far as the time of one turn goes.</summary>
    public EvictionResult Run()
    {
        var bound = memorySettings.MaxMemory;
        if (bound == 0 || dataset.IsLoading || pause.IsActive) return EvictionResult.WithinBound;
        var excess = memory.CountedForEviction - bound;
        if (excess > 0)
        {
            clientMemory.Refresh();
            excess = memory.CountedForEviction - bound;
        }
        var result = excess <= 0 ? EvictionResult.WithinBound : Free(excess);
        if (result != EvictionResult.WithinBound)
        {
            if (_exceededSince == 0) _exceededSince = clock.Timestamp;
        }
        else if (_exceededSince != 0)
        {
            _exceededTicks += CurrentExceededTicks;
            _exceededSince = 0;
        }
        return result;
    }

    /// <summary>Has the cron look soon whether there is something to evict: the bound has changed.</summary>
    public void Begin()
    {
        if (_goesOn) return;
        _goesOn = true;
        cronSignal.Request();
    }

    /// <summary>Called by the cron: goes on with what a turn left over. Returns whether more is left.</summary>
    public bool Continue()
    {
        if (!_goesOn) return false;
        return _goesOn = Run() == EvictionResult.GoesOn;
    }

    EvictionResult Free(long excess)
    {
        // What an import brings is not for us to judge: it has to fit.
        if (memorySettings.MaxMemoryPolicy == MaxMemoryPolicy.NoEviction || processSettings.ImportMode)
        {
            // What was deleted and only waits to be freed must not have a write refused for it; a slice at a time is enough.
            lazyFree.Run();
            return memory.CountedForEviction > memorySettings.MaxMemory ? EvictionResult.OutOfMemory : EvictionResult.WithinBound;
        }
        var started = clock.Advance();
        var result = FreeUntil(memory.CountedData - excess, started);
        latency.Note("eviction-cycle", clock.Microseconds(started, clock.Advance()) / 1000);
        if (result == EvictionResult.GoesOn) Begin();
        return result;
    }

    EvictionResult FreeUntil(long target, long started)
    {
        var limit = Microseconds(memorySettings.MaxMemoryEvictionTenacity);
        var sinceLook = 0;
        while (memory.CountedData > target)
        {
            if (lazyFree.FreeSome())
            {
                // Dozens of elements, whole slabs perhaps.
                sinceLook = KeysBetweenLooks;
            }
            else
            {
                var search = choice.Find(out var database, out var victim);
                if (search == VictimSearch.Nothing) return EvictionResult.OutOfMemory;
                if (search == VictimSearch.Found) Evict(database, victim);
            }
            if (++sinceLook < KeysBetweenLooks) continue;
            sinceLook = 0;
            if (clock.Microseconds(started, clock.Advance()) > limit)
                return memory.CountedData > target ? EvictionResult.GoesOn : EvictionResult.WithinBound;
        }
        return EvictionResult.WithinBound;
    }

    void Evict(Database database, in KeyLookup victim)
    {
        var watched = observationSettings.LatencyMonitorThreshold > 0;
        var started = watched ? clock.Advance() : 0;
        keys.Evict(database, victim);
        if (watched) latency.Note("eviction-del", clock.Microseconds(started, clock.Advance()) / 1000);
        effects.EndUnit();
    }

    /// <summary>
    /// The time of one turn: to tenacity 10 in steps of 50 microseconds, then 15 % more a step, about two minutes at 99; 100 has no end
    /// (Redis's documentation of maxmemory-eviction-tenacity).
    /// </summary>
    static long Microseconds(int tenacity) => tenacity switch
    {
        <= 10 => 50L * tenacity,
        < 100 => (long)(500 * Math.Pow(1.15, tenacity - 10)),
        _ => long.MaxValue,
    };
}
