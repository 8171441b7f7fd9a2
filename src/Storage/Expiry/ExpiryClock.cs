namespace MiniRedis.Storage.Expiry;

/// <summary>The coarse time of the expiry bounds: 32-bit ticks since the keyspace was created.</summary>
/// <remarks>
/// Ticks of 16 ms last 2.1 years, so a bound fits in 4 bytes. A deadline is rounded up to a tick and the present is rounded down,
/// so the deadline has passed if its bound has. Deadlines beyond the last tick expire on access only.
/// </remarks>
public readonly struct ExpiryClock(long epochMs)
{
    /// <summary>A tick in milliseconds.</summary>
    public const int UnitMs = 16;

    /// <summary>The bound of "no deadline".</summary>
    internal const uint None = uint.MaxValue;

    /// <summary>The bound of every deadline that is too far away to tell.</summary>
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
