namespace MiniRedis.Server.Keys;

/// <summary>
/// The LFU access field as Redis defines it: 16 bits of minutes at which the counter was last decayed, 8 bits of a
/// logarithmic counter. (Redis documentation, "Using Redis as an LRU cache".)
/// </summary>
static class Lfu
{
    /// <summary>A new key starts here, so that it is not evicted before it had a chance to be used.</summary>
    const uint InitialCounter = 5;

    public static uint Initial(MiniRedisServer server) => Minutes(server) << 8 | InitialCounter;

    /// <summary>The counter after the decay that is due: one step for each lfu-decay-time minutes since the last.</summary>
    public static uint Counter(uint field, MiniRedisServer server)
    {
        var counter = field & 0xFF;
        var decayMinutes = server.Config.Memory.LfuDecayTime;
        if (decayMinutes <= 0) return counter;
        var steps = IdleMinutes(field, server) / (uint)decayMinutes;
        return steps >= counter ? 0 : counter - steps;
    }

    /// <summary>Minutes since the last access; more than 45 days begin at 0 again.</summary>
    public static uint IdleMinutes(uint field, MiniRedisServer server) => (Minutes(server) - (field >> 8)) & 0xFFFF;

    /// <summary>The field after one access: decayed, then raised with a chance that falls as the counter grows.</summary>
    public static uint Touch(uint field, MiniRedisServer server)
    {
        var counter = Counter(field, server);
        if (counter < 255)
        {
            var above = counter > InitialCounter ? counter - InitialCounter : 0;
            if (server.Random.NextDouble() < 1.0 / (above * (double)server.Config.Memory.LfuLogFactor + 1)) counter++;
        }
        return Minutes(server) << 8 | counter;
    }

    static uint Minutes(MiniRedisServer server) => (uint)(server.Clock.Now / 60_000) & 0xFFFF;
}
