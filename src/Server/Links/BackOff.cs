namespace MiniRedis.Server.Links;

/// <summary>
/// The pause before the next attempt to connect. It doubles with each attempt that fails, and is spread by chance, so that all who lost the
/// same server do not come back at once.
/// </summary>
/// <remarks>One thread.</remarks>
/// <param name="first">The pause after a connection that stood.</param>
/// <param name="longest">What it grows to.</param>
/// <param name="random">Spreads it: a pause is between half of its length and the whole.</param>
sealed class BackOff(TimeSpan first, TimeSpan longest, Random random)
{
    // Zero until an attempt has failed.
    TimeSpan _next;

    /// <summary>The pause now.</summary>
    public TimeSpan Next()
    {
        var pause = _next > first ? _next : first;
        _next = pause + pause < longest ? pause + pause : longest;
        return pause / 2 + pause / 2 * random.NextDouble();
    }

    /// <summary>A connection stands.</summary>
    public void Reset() => _next = TimeSpan.Zero;
}
