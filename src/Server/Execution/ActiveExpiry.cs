namespace MiniRedis.Server.Execution;

/// <summary>
/// Deletes keys whose time has passed, without waiting for an access. The index knows the earliest expiry of every bucket,
/// so this walks straight to due keys and needs no sampling; it stops after a slice, so that commands never wait long.
/// </summary>
sealed class ActiveExpiry(MiniRedisServer server)
{
    /// <summary>Longest time of one slice: what a command that arrives meanwhile may have to wait.</summary>
    const long SliceMicroseconds = 500;

    /// <summary>Keys deleted between two looks at the clock.</summary>
    const int KeysBetweenLooks = 16;

    public bool IsEnabled { get; set; } = true;

    /// <summary>Runs one slice. Returns whether keys that are due remain.</summary>
    public bool Run()
    {
        if (!IsEnabled || server.Pause.IsActive || server.Config.ImportMode) return false;
        var clock = server.Clock;
        var started = clock.Advance();
        var more = RunSlice(clock, started);
        var ticks = clock.Advance() - started;
        server.Statistics.ExpireCycleTicks += ticks;
        server.Latency.Note("expire-cycle", clock.Microseconds(0, ticks) / 1000);
        return more;
    }

    bool RunSlice(Clock clock, long started)
    {
        var sinceLook = 0;
        foreach (var database in server.Keyspace.Databases)
        {
            for (DueSearch search; (search = database.FindDue(server.Keys.Due, out var due)) is DueSearch.Found or DueSearch.FieldsDue;)
            {
                if (search == DueSearch.Found)
                {
                    server.Keys.Expire(database, due);
                }
                else
                {
                    // A snapshot reads that hash and will soon be done; what else is due here waits with it.
                    if (database.Prepare(due) == Readiness.Frozen) break;
                    server.Keys.ExpireFields(database, due);
                    // That may have been hundreds of fields.
                    sinceLook = KeysBetweenLooks;
                }
                server.Effects.EndUnit();
                if (++sinceLook < KeysBetweenLooks) continue;
                sinceLook = 0;
                if (clock.Microseconds(started, clock.Advance()) < SliceMicroseconds) continue;
                server.Statistics.ExpiredTimeCapReached++;
                return true;
            }
        }
        return false;
    }
}
