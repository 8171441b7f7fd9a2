using MiniRedis.Server.Configuration;

namespace MiniRedis.Server.Execution;

/// <summary>Turns a record's access field into what files and RESTORE say of the use of a key, and back, as the policy of eviction has it.</summary>
static class AccessField
{
    const uint ClockRange = 1 << 24;

    /// <summary>Seconds since a key was last used, under any policy but an LFU one; more than 194 days begin at 0 again.</summary>
    public static uint IdleSeconds(Record record, MiniRedisServer server) => (server.Clock.LruClock - record.AccessField) & (ClockRange - 1);

    /// <summary>What a file notes of a key.</summary>
    public static RdbAccess ToRdb(Record record, MiniRedisServer server) => server.Config.MaxMemoryPolicy switch
    {
        MaxMemoryPolicy.AllKeysLru or MaxMemoryPolicy.VolatileLru =>
            RdbAccess.Idle(IdleSeconds(record, server)),
        MaxMemoryPolicy.AllKeysLfu or MaxMemoryPolicy.VolatileLfu => RdbAccess.Frequency((byte)Lfu.Counter(record.AccessField, server)),
        _ => RdbAccess.None,
    };

    /// <summary>The field of a key that comes with what is known of its use; what the policy in force has no unit for counts as just made.</summary>
    public static uint FromRdb(RdbAccess access, MiniRedisServer server)
    {
        if (server.UsesLfu)
        {
            var initial = Lfu.Initial(server);
            return access.Counter < 0 ? initial : initial & ~0xFFu | (uint)access.Counter;
        }
        var now = server.Clock.LruClock;
        if (access.IdleSeconds < 0) return now;
        // Longer ago than the clock can tell is half its range ago, as in Redis.
        var idle = access.IdleSeconds > now ? ClockRange / 2 : (uint)access.IdleSeconds;
        return (now - idle) & (ClockRange - 1);
    }
}
