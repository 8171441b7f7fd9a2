namespace MiniRedis.Server.Keys;

/// <summary>
/// The LFU access field as Redis defines it: 16 bits for the minute of the last decay, 8 bits for a logarithmic counter. (Redis
/// documentation, "Using Redis as an LRU cache".)
/// </summary>
static class Lfu
{
    /// <summary>A new key starts here, so that it is not evicted before it can be used.</summary>
    const uint InitialCounter = 5;

    /// <summary>The field of a new key.</summary>
    /// <param name="now">Unix milliseconds, here and below.</param>
    public static uint Initial(long now) => Minutes(now) << 8 | InitialCounter;

    /// <summary>
    /// The counter after the decay that is due: one step for every <paramref name="decayMinutes"/> minutes since the last; 0 for
    /// no decay.
    /// </summary>
    public static uint Counter(uint field, long now, int decayMinutes)
    {
        var counter = field & 0xFF;
        if (decayMinutes <= 0) return counter;
        var steps = IdleMinutes(field, now) / (uint)decayMinutes;
        return steps >= counter ? 0 : counter - steps;
    }

    /// <summary>Minutes since the last access. It wraps to 0 after 45 days.</summary>
    public static uint IdleMinutes(uint field, long now) => (Minutes(now) - (field >> 8)) & 0xFFFF;

    /// <summary>The field after one access. The counter grows with a probability that falls as the counter rises.</summary>
    /// <param name="counter">The result of <see cref="Counter"/>.</param>
    /// <param name="logFactor">lfu-log-factor: the larger it is, the more accesses a step takes.</param>
    public static uint Touched(uint counter, long now, int logFactor, Random random)
    {
        if (counter < 255)
        {
            var above = counter > InitialCounter ? counter - InitialCounter : 0;
            if (random.NextDouble() < 1.0 / (above * (double)logFactor + 1)) counter++;
        }
        return Minutes(now) << 8 | counter;
    }

    static uint Minutes(long now) => (uint)(now / 60_000) & 0xFFFF;
}
