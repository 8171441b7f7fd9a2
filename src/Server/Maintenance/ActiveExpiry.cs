using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Maintenance;

/// <summary>
/// Deletes expired keys without waiting for an access. The index knows the earliest deadline of every bucket, so this goes
/// straight to due keys and needs no sampling. It stops after a slice, so that commands never wait long.
/// </summary>
sealed class ActiveExpiry(
    Keyspace keyspace, KeyAccess keys, ClientPause pause, EffectStream effects,
    ServerStatistics statistics, LatencyMonitor latency, ReplicationHistory history, Clock clock, ProcessSettings settings)
{
    /// <summary>Longest time of one slice: a command that arrives meanwhile waits no longer.</summary>
    const long SliceMicroseconds = 500;

    /// <summary>Keys deleted between two looks at the clock.</summary>
    const int KeysBetweenLooks = 16;

    public bool IsEnabled { get; set; } = true;

    /// <summary>Runs one slice. Returns whether keys that are due remain.</summary>
    public bool Run()
    {
        if (!IsEnabled || pause.IsActive || settings.ImportMode || history.IsReplica) return false;
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
                    // A snapshot is reading this hash and will soon be done. Other due keys of the database wait with it.
                    if (database.Prepare(due) == Readiness.Frozen) break;
                    keys.ExpireDueFields(database, due);
                    // This may have deleted hundreds of fields.
                    sinceLook = KeysBetweenLooks;
                }
                // Each field by itself, as Redis does: nothing holds them together.
                effects.EndUnit(isOne: false);
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
