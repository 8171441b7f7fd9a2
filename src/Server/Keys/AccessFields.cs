using System.Runtime.CompilerServices;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Keys;

/// <summary>
/// The access fields of records: the LRU clock of the last access or an LFU counter, depending on maxmemory-policy. Also converts
/// them from and to the forms of files and RESTORE.
/// </summary>
/// <remarks>Under the executor's lock; <see cref="ToRdb"/> on any thread.</remarks>
sealed class AccessFields(Clock clock, MemorySettings settings, Random random)
{
    const uint ClockRange = 1 << 24;

    /// <summary>The field of a new key.</summary>
    public uint Initial => settings.UsesLfu ? Lfu.Initial(clock.Now) : clock.LruClock;

    /// <summary>Notes an access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(Record record) => record.Touch(settings.UsesLfu ? Touched(record) : clock.LruClock);

    [MethodImpl(MethodImplOptions.NoInlining)]
    uint Touched(Record record) => Lfu.Touched(Frequency(record), clock.Now, settings.LfuLogFactor, random);

    /// <summary>Seconds since a key was last used, under any policy but LFU. It wraps to 0 after 194 days.</summary>
    public uint IdleSeconds(Record record) => (clock.LruClock - record.AccessField) & (ClockRange - 1);

    /// <summary>Minutes since a key was last used, under an LFU policy. It wraps to 0 after 45 days.</summary>
    public uint IdleMinutes(Record record) => Lfu.IdleMinutes(record.AccessField, clock.Now);

    /// <summary>The counter of a key's accesses, under an LFU policy: 0 to 255.</summary>
    public uint Frequency(Record record) => Lfu.Counter(record.AccessField, clock.Now, settings.LfuDecayTime);

    /// <summary>The form of a key's access in a file.</summary>
    public RdbAccess ToRdb(Record record) => settings.MaxMemoryPolicy switch
    {
        MaxMemoryPolicy.AllKeysLru or MaxMemoryPolicy.VolatileLru => RdbAccess.Idle(IdleSeconds(record)),
        MaxMemoryPolicy.AllKeysLfu or MaxMemoryPolicy.VolatileLfu => RdbAccess.Frequency((byte)Frequency(record)),
        _ => RdbAccess.None,
    };

    /// <summary>
    /// The field of a loaded or restored key. If the access is of another kind than the policy's, the key counts as new.
    /// </summary>
    public uint FromRdb(RdbAccess access)
    {
        if (settings.UsesLfu)
        {
            var initial = Initial;
            return access.Counter < 0 ? initial : initial & ~0xFFu | (uint)access.Counter;
        }
        var now = clock.LruClock;
        if (access.IdleSeconds < 0) return now;
        // An access before the clock's range counts as half the range ago, as in Redis.
        var idle = access.IdleSeconds > now ? ClockRange / 2 : (uint)access.IdleSeconds;
        return (now - idle) & (ClockRange - 1);
    }
}
