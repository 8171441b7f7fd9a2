using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Maintenance;

/// <summary>
/// Deletes keys whose time has passed, without waiting for an access. The index knows the earliest expiry of every bucket,
/// so this walks straight to due keys and needs no sampling; it stops after a slice, so that commands never wait long.
/// </summary>
sealed class ActiveExpiry(
    Keyspace keyspace, KeyAccess keys, ClientPause pause, EffectStream effects,
    ServerStatistics statistics, LatencyMonitor latency, Clock clock, ProcessSettings settings)
{
    /// <summary>Longest time of one slice: what a command that arrives meanwhile may have to wait.</summary>
    const long SliceMicroseconds = 500;

    /// <summary>Keys deleted between two looks at the clock.</summary>
    const int KeysBetweenLooks = 16;

    public bool IsEnabled { get; set; } = true;

    /// <summary>Runs one slice. Returns whether keys that are due remain.</summary>
    public bool Run()
    {
        if (!IsEnabled || pause.IsActive || settings.ImportMode) return false;
        var started = clock.Advance();
        var more = RunSlice(started);
        var ticks = clock.Advance() - started;
        statistics.ExpireCycleTicks += ticks;
        latency.Note("expire-cycle", clock.Microseconds(0, ticks) / 1000);
        return more;
    }

    bool RunSlice(long started)
    {
        var sinceLook = 0;
        foreach (var database in keyspace.Databases)
        {
            for (DueSearch search; (search = database.FindDue(keys.Due, out var due)) is DueSearch.Found or DueSearch.FieldsDue;)
            {
                if (search == DueSearch.Found)
                {
                    keys.Expire(database, due);
                }
                else
                {
                    // A snapshot reads that hash and will soon be done; what else is due here waits with it.
                    if (database.Prepare(due) == Readiness.Frozen) break;
                    keys.ExpireFields(database, due);
                    // That may have been hundreds of fields.
                    sinceLook = KeysBetweenLooks;
                }
                effects.EndUnit();
                if (++sinceLook < KeysBetweenLooks) continue;
                sinceLook = 0;
                if (clock.Microseconds(started, clock.Advance()) < SliceMicroseconds) continue;
                statistics.ExpiredTimeCapReached++;
                return true;
            }
        }
        return false;
    }
}
