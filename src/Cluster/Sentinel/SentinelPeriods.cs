namespace MiniRedis.Cluster.Sentinel;

/// <summary>
/// The periods of a Sentinel in milliseconds, which SENTINEL DEBUG shows and changes. The defaults are those of Redis 7.
/// </summary>
public sealed class SentinelPeriods
{
    public long Info { get; set; } = 10_000;
    public long Ping { get; set; } = 1_000;

    /// <summary>How often the other Sentinels are asked whether they too hold the master for down.</summary>
    public long Ask { get; set; } = 1_000;
    public long Publish { get; set; } = 2_000;
    public long DefaultDownAfter { get; set; } = 30_000;
    public long DefaultFailoverTimeout { get; set; } = 180_000;
    public long TiltTrigger { get; set; } = 2_000;
    public long TiltPeriod { get; set; } = 30_000;
    public long ReplicaReconfTimeout { get; set; } = 10_000;
    public long MinLinkReconnect { get; set; } = 15_000;
    public long ElectionTimeout { get; set; } = 10_000;
    public long ScriptMaxRuntime { get; set; } = 60_000;
    public long ScriptRetryDelay { get; set; } = 30_000;

    /// <summary>All of them by the names of SENTINEL DEBUG, in its order.</summary>
    public static IReadOnlyList<Period> All { get; } =
    [
        new("INFO-PERIOD", p => p.Info, (p, v) => p.Info = v),
        new("PING-PERIOD", p => p.Ping, (p, v) => p.Ping = v),
        new("ASK-PERIOD", p => p.Ask, (p, v) => p.Ask = v),
        new("PUBLISH-PERIOD", p => p.Publish, (p, v) => p.Publish = v),
        new("DEFAULT-DOWN-AFTER", p => p.DefaultDownAfter, (p, v) => p.DefaultDownAfter = v),
        new("DEFAULT-FAILOVER-TIMEOUT", p => p.DefaultFailoverTimeout, (p, v) => p.DefaultFailoverTimeout = v),
        new("TILT-TRIGGER", p => p.TiltTrigger, (p, v) => p.TiltTrigger = v),
        new("TILT-PERIOD", p => p.TiltPeriod, (p, v) => p.TiltPeriod = v),
        new("SLAVE-RECONF-TIMEOUT", p => p.ReplicaReconfTimeout, (p, v) => p.ReplicaReconfTimeout = v),
        new("MIN-LINK-RECONNECT-PERIOD", p => p.MinLinkReconnect, (p, v) => p.MinLinkReconnect = v),
        new("ELECTION-TIMEOUT", p => p.ElectionTimeout, (p, v) => p.ElectionTimeout = v),
        new("SCRIPT-MAX-RUNTIME", p => p.ScriptMaxRuntime, (p, v) => p.ScriptMaxRuntime = v),
        new("SCRIPT-RETRY-DELAY", p => p.ScriptRetryDelay, (p, v) => p.ScriptRetryDelay = v),
    ];

    public sealed record Period(string Name, Func<SentinelPeriods, long> Get, Action<SentinelPeriods, long> Set);
}
