namespace MiniRedis.Cluster.Sentinel;

/// <summary>What concerns a Sentinel as a whole rather than one of its masters.</summary>
public sealed class SentinelSettings
{
    /// <summary>40 hexadecimal digits; empty until <see cref="SentinelMachine.Start"/> where the file had none.</summary>
    public string MyId { get; set; } = "";

    /// <summary>The address that is told to others; null for the local address of the connection.</summary>
    public string? AnnounceIp { get; set; }

    /// <summary>The port that is told to others; 0 for <see cref="OwnPort"/>.</summary>
    public int AnnouncePort { get; set; }

    /// <summary>The port that this Sentinel listens to, for TLS where its links use TLS.</summary>
    public int OwnPort { get; set; }
    public bool DenyScriptsReconfig { get; set; } = true;
    public bool ResolveHostnames { get; set; }
    public bool AnnounceHostnames { get; set; }

    /// <summary>User and password towards other Sentinels.</summary>
    public string? SentinelUser { get; set; }
    public string? SentinelPass { get; set; }

    /// <summary>
    /// The password that this Sentinel asks of its clients: towards other Sentinels it serves where no other is set.
    /// </summary>
    public string? OwnPassword { get; set; }
}
