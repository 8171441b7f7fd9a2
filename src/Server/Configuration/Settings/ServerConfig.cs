using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Configuration.Settings;

/// <summary>
/// The value of every directive, one field each, for hot paths to read. <see cref="ConfigTable"/> has each one's name, range and
/// default; the constructor sets the defaults.
/// </summary>
/// <remarks>
/// Written under the executor (start-up, CONFIG SET), read by any thread: numbers and references are whole either way, and
/// lists are replaced, never changed in place. Two fields read one after the other may straddle a CONFIG SET.
/// Text is Latin-1, one char per byte: see <see cref="ConfigText"/>. The empty text means "not set" where that makes sense.
/// Sizes are bytes, times seconds, unless a comment says otherwise.
/// </remarks>
internal sealed class ServerConfig
{
    public ServerConfig()
    {
        Persistence.Dir = ConfigText.FromUnicode(Directory.GetCurrentDirectory());
        foreach (var directive in ConfigTable.All)
        {
            if (directive.Set(this, ConfigLine.Split(directive.Default), readingFile: false) is { } error)
                throw new InvalidOperationException($"The default of '{directive.Name}' is wrong: {error}");
        }
    }

    public NetworkSettings Network { get; } = new();
    public ProcessSettings Process { get; } = new();
    public LoggingSettings Logging { get; } = new();
    public SecuritySettings Security { get; } = new();
    public MemorySettings Memory { get; } = new();
    public EncodingSettings Encodings { get; } = new();
    public PersistenceSettings Persistence { get; } = new();
    public ReplicationSettings Replication { get; } = new();
    public ClusterSettings Cluster { get; } = new();
    public ObservationSettings Observation { get; } = new();
    public TlsSettings Tls { get; } = new();
    public MetricsSettings Metrics { get; } = new();
    public CachingSettings Caching { get; } = new();

    /// <summary>
    /// Whether the server was started as a Sentinel. Not a directive but a way to start
    /// (<see cref="CommandLineConfig.SentinelMode"/>).
    /// </summary>
    public bool SentinelMode { get; set; }

    /// <summary>Takes the defaults of a Sentinel: clients of any machine ask it for the master, and it has no data to save.</summary>
    public void BecomeSentinel()
    {
        SentinelMode = true;
        Network.Port = SentinelPort;
        Network.ProtectedMode = false;
        Persistence.SavePoints = [];
    }

    /// <summary>The port of a Sentinel that is told no other, as in Redis.</summary>
    const int SentinelPort = 26379;

    /// <summary>INFO's redis_mode.</summary>
    public string Mode => Cluster.ClusterEnabled ? "cluster" : SentinelMode ? "sentinel" : "standalone";
}
