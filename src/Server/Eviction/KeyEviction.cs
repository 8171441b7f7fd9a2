using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Eviction;

/// <summary>The state of memory after a turn of eviction.</summary>
enum EvictionResult
{
    /// <summary>Memory is within its bound, or may exceed it for now.</summary>
    WithinBound,

    /// <summary>Memory exceeds its bound, and the cron goes on evicting. Commands run meanwhile.</summary>
    GoesOn,

    /// <summary>Memory exceeds its bound and there is nothing to evict: commands that may need memory are refused.</summary>
    OutOfMemory,
}

/// <summary>
/// Keeps used_memory within maxmemory. Before each command it deletes keys that <see cref="VictimChoice"/> finds, for as long as
/// maxmemory-eviction-tenacity allows: half a millisecond by default. If that is not enough, the cron goes on.
/// <para>
/// Values of many elements are freed in slices here as everywhere (<see cref="LazyFree"/>). Values that wait to be freed are
/// freed before another key is evicted: no key goes for memory that is on its way back. Memory that eviction itself takes
/// (invalidations for clients that cache the keys) does not evict more keys: the goal is that the data shrink by the excess at
/// the start. Nor does a key go while there are purged ones, which nobody sees any more (<see cref="PurgeSweep"/>).
/// </para>
/// </summary>
/// <remarks>Under the executor's lock, between commands.</remarks>
sealed class KeyEviction(
    VictimChoice choice, KeyAccess keys, ClientMemory clientMemory, ClientPause pause, LazyFree lazyFree, PurgeSweep purgeSweep,
    EffectStream effects,
    MemoryUsage memory, LatencyMonitor latency, DatasetState dataset, ReplicationHistory history, Clock clock, CronSignal cronSignal,
    MemorySettings memorySettings, ObservationSettings observationSettings, ProcessSettings processSettings,
    ReplicationSettings replicationSettings)
{
    /// <summary>Keys evicted between two looks at the clock, as in Redis.</summary>
    const int KeysBetweenLooks = 16;

    bool _goesOn;

    // When memory was found to exceed its bound, in ticks of the clock; 0 while it is within. And for how long it did before
    // that.
    long _exceededSince, _exceededTicks;

    /// <summary>Milliseconds since memory exceeded its bound; 0 if it does not.</summary>
    public long CurrentExceededMilliseconds => clock.TotalMicroseconds(CurrentExceededTicks) / 1000;

    /// <summary>Milliseconds for which memory exceeded its bound, in all.</summary>
    public long TotalExceededMilliseconds => clock.TotalMicroseconds(_exceededTicks + CurrentExceededTicks) / 1000;

    long CurrentExceededTicks => _exceededSince == 0 ? 0 : clock.Timestamp - _exceededSince;

    public void ResetStatistics() => _exceededSince = _exceededTicks = 0;

    /// <summary>Makes room, within the time of one turn.</summary>
    public EvictionResult Run()
    {
        var bound = memorySettings.MaxMemory;
        if (bound == 0 || dataset.IsLoading || pause.IsActive) return EvictionResult.WithinBound;
        // Its master evicts, and tells it.
        if (history.IsReplica && replicationSettings.ReplicaIgnoreMaxMemory) return EvictionResult.WithinBound;
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

    /// <summary>Has the cron check soon whether there is something to evict. Called when the bound has changed.</summary>
    public void Begin()
    {
        if (_goesOn) return;
        _goesOn = true;
        cronSignal.Request();
    }

    /// <summary>Called by the cron: goes on where a turn stopped. Returns whether more is left.</summary>
    public bool Continue()
    {
        if (!_goesOn) return false;
        return _goesOn = Run() == EvictionResult.GoesOn;
    }

    EvictionResult Free(long excess)
    {
        // An import may not lose keys: it has to fit.
        if (memorySettings.MaxMemoryPolicy == MaxMemoryPolicy.NoEviction || processSettings.ImportMode)
        {
            // No write is refused for values that only wait to be freed, nor for purged keys. One slice at a time is enough.
            lazyFree.Run();
            if (memory.CountedForEviction > memorySettings.MaxMemory) purgeSweep.Run(isUrgent: true);
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
            if (lazyFree.FreeSome() || purgeSweep.FreeSome())
            {
                // This freed dozens of elements or keys, perhaps whole slabs: time to look at the clock.
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
    /// The time of one turn. Up to tenacity 10 it grows by 50 microseconds a step, then by 15 % a step, to about two minutes at
    /// 99; 100 sets no limit (Redis's documentation of maxmemory-eviction-tenacity).
    /// </summary>
    static long Microseconds(int tenacity) => tenacity switch
    {
        <= 10 => 50L * tenacity,
        < 100 => (long)(500 * Math.Pow(1.15, tenacity - 10)),
        _ => long.MaxValue,
    };
}
