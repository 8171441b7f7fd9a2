using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

/// <summary>
/// Directives of subsystems that do not exist yet. They are accepted, so that a redis.conf can stay as it is. But an operator who
/// asks for a cluster must not believe to have it, so the log names each of them at every start. The lines of a
/// subsystem go when it is built.
/// </summary>
internal static class UnbuiltDirectives
{
    static readonly (string Name, Func<ServerConfig, bool> IsAsked, string Meanwhile)[] s_asked =
    [
        ("cluster-enabled", c => c.Cluster.ClusterEnabled, "this server is alone and serves every key"),
    ];

    /// <summary>A sentence for the log about each such directive that is set.</summary>
    public static IEnumerable<string> Notes(ServerConfig config) =>
        from asked in s_asked
        where asked.IsAsked(config)
        select $"'{asked.Name}' has no effect yet: {asked.Meanwhile}";
}
