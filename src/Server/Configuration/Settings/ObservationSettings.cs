namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Records of commands and keys: slow log, latency, notifications.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class ObservationSettings
{
    /// <summary>Microseconds; negative is off.</summary>
    public long SlowlogLogSlowerThan;
    public long SlowlogMaxLen;
    /// <summary>Bytes; negative is off.</summary>
    public long CommandlogRequestLargerThan, CommandlogReplyLargerThan;
    public long CommandlogLargeRequestMaxLen, CommandlogLargeReplyMaxLen;
    /// <summary>Milliseconds; 0 is off.</summary>
    public long LatencyMonitorThreshold;
    /// <summary>How many keys are found; 0 is off.</summary>
    public int HotkeysTopK;
    public int HotkeysSamplingPercentage, HotkeysWindowSeconds;
    public bool LatencyTracking;
    public double[] LatencyTrackingInfoPercentiles = [];
    public KeyspaceEvents NotifyKeyspaceEvents;
}
