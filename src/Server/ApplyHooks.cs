using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Transport.Linux;

namespace MiniRedis.Server;

/// <summary>
/// What CONFIG SET has to do beyond storing a value. Most directives are read where they act, each time, and are not here;
/// those of the listeners and of the log belong to the host.
/// </summary>
static class ApplyHooks
{
    public static void Register(ServerParts server)
    {
        var config = server.ConfigService;
        config.OnApply(changed => CheckMaxClients(changed, server.Admission.ReservedDescriptors), "maxclients");
        config.OnApply(_ =>
        {
            server.Users.RequirePassword(server.Config.Security.RequirePass);
            return null;
        }, "requirepass");
        config.OnApply(_ =>
        {
            server.Notifications.Refresh();
            // Which classes are wanted may have changed too.
            server.Effects.Refresh();
            return null;
        }, "notify-keyspace-events");
        config.OnApply(_ =>
        {
            server.OwnKeys.Follow();
            return null;
        }, "replica-read-only");
        if (server.Cluster is { } cluster)
        {
            config.OnApply(_ =>
            {
                cluster.SettingsChanged();
                return null;
            }, s_ofCluster);
        }
        config.OnApply(_ =>
        {
            server.FollowPolicies();
            return null;
        }, "cache-policy", "cache-stats-delimiter");
        config.OnApply(_ =>
        {
            server.Tracking.IsDue = true;
            return null;
        }, "tracking-table-max-keys");
        config.OnApply(config =>
        {
            if (config.Memory.MaxMemory > 0 && config.Memory.MaxMemory < server.Memory.CountedForEviction)
                server.Log.MaxMemoryBelowUse(config.Memory.MaxMemory, server.Memory.CountedForEviction);
            server.Eviction.Begin();
            return null;
        }, "maxmemory");
        config.OnApply(_ =>
        {
            server.Keyspace.RememberPurges(server.Config.Caching.CacheLogMax);
            return null;
        }, "cache-log-max");
        config.OnApply(_ =>
        {
            server.Replicas.CountGood();
            return null;
        }, "min-replicas-to-write", "min-replicas-max-lag");
        config.OnApply(_ =>
        {
            server.Replicas.TrimStream();
            return null;
        }, "repl-backlog-size");
        config.OnApply(_ => server.AofRewriting.Follow() ? null : ConfigErrors.CannotTurnAof, "appendonly");
        config.OnApply(_ =>
        {
            server.Aof.ApplyPolicy();
            return null;
        }, "appendfsync", "no-appendfsync-on-rewrite");
        config.OnApply(_ =>
        {
            server.AofRewriting.DeleteHistory();
            return null;
        }, "aof-disable-auto-gc");
        config.OnApply(_ =>
        {
            server.CallWatch.Refresh();
            return null;
        }, "slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold", "commandlog-request-larger-than",
            "commandlog-large-request-max-len", "commandlog-reply-larger-than", "commandlog-large-reply-max-len");
        config.OnApply(_ =>
        {
            try
            {
                server.HotKeys.Follow();
                return null;
            }
            catch (OutOfMemoryException)
            {
                return ConfigErrors.NoMemory;
            }
        }, "hotkeys-top-k", "hotkeys-sampling-percentage", "hotkeys-window-seconds");
    }

    static readonly string[] s_ofCluster =
    [
        "cluster-node-timeout", "cluster-ping-interval", "cluster-manual-failover-timeout", "cluster-replica-validity-factor",
        "cluster-migration-barrier", "cluster-allow-replica-migration", "cluster-require-full-coverage", "cluster-replica-no-failover",
        "cluster-link-sendbuf-limit", "cluster-blacklist-ttl", "cluster-announce-ip", "cluster-announce-client-ipv4",
        "cluster-announce-client-ipv6", "cluster-announce-port", "cluster-announce-tls-port", "cluster-announce-bus-port",
        "cluster-announce-hostname", "cluster-announce-human-nodename", "tls-cluster", "tls-replication", "repl-ping-replica-period",
    ];

    static string? CheckMaxClients(ServerConfig config, long reserved)
    {
        var possible = OpenFiles.Raise(config.Network.MaxClients + reserved, out _) - reserved;
        return config.Network.MaxClients <= possible ? null : ConfigErrors.TooManyClients(possible);
    }
}
