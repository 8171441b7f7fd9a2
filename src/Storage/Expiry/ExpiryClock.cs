namespace MiniRedis.Storage.Expiry;

/// <summary>
/// The coarse time of the expiry bounds: 32-bit ticks since the keyspace was made.
/// </summary>
/// <remarks>
/// Ticks of 16 ms last 2.1 years, so that a bound fits 4 bytes. A deadline is rounded up to a tick and the present down, so a
/// bound that has passed is a deadline that has passed. What lies beyond the last tick is left to expiry on access.
/// </remarks>
public readonly struct ExpiryClock(long epochMs)
{
    /// <summary>A tick in milliseconds.</summary>
    public const int UnitMs = 16;

    /// <summary>The bound of "no deadline".</summary>
    internal const uint None = uint.MaxValue;

    /// <summary>The bound of every deadline too far off to tell.</summary>
    internal const uint Far = uint.MaxValue - 1;

    internal uint TickOfDeadline(long unixMs)
    {
        var ms = unixMs - epochMs;
        return ms <= 0 || unixMs < epochMs ? 0 : (uint)Math.Min(((ulong)ms + UnitMs - 1) / UnitMs, Far);
    }

    /// <summary>The present; it never reaches <see cref="Far"/>.</summary>
    internal uint TickOfNow(long unixMs)
    {
        var ms = unixMs - epochMs;
        return ms <= 0 || unixMs < epochMs ? 0 : (uint)Math.Min((ulong)ms / UnitMs, Far - 1);
    }
}
