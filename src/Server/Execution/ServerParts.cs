using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Eviction;
using MiniRedis.Server.Execution.Intake;
using MiniRedis.Server.Following;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Links;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Metrics;
using MiniRedis.Server.Migration;
using MiniRedis.Server.Monitoring;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Sentinel;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transactions;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Execution;

/// <summary>
/// Every part of the server, for handlers: what a command is about is often one of them. The root fills it in, <see cref="CommandRunner"/>
/// puts it into contexts, <see cref="CommandContext"/> hands it to handlers, and Hosting starts and stops what is in it. Every other class
/// names the parts that it uses in its constructor. Under the executor's lock.
/// </summary>
sealed class ServerParts
{
    public required ServerConfig Config { get; init; }
    public required ConfigService ConfigService { get; init; }
    public required ServerLog Log { get; init; }
    public required Clock Clock { get; init; }
    public required Random Random { get; init; }
    public required Keyspace Keyspace { get; init; }
    public required AccessFields AccessFields { get; init; }
    public required CommandTable<Command> Commands { get; init; }

    /// <summary>Indexed by <see cref="CommandSpec.Ordinal"/>.</summary>
    public required CommandStatistics[] CommandStatistics { get; init; }

    public required ServerStatistics Statistics { get; init; }
    public required PrefixStatistics PrefixStatistics { get; init; }
    public required SlotStatistics SlotStatistics { get; init; }
    public required ClientRegistry Clients { get; init; }
    public required AclLimits AclLimits { get; init; }
    public required Users Users { get; init; }
    public required AclLog AclLog { get; init; }
    public required Denials Denials { get; init; }
    public required ClientMemory ClientMemory { get; init; }
    public required EffectStream Effects { get; init; }
    public required MemoryUsage Memory { get; init; }
    public required GcPauses GcPauses { get; init; }
    public required Redactions Redactions { get; init; }
    public required DebugSwitches DebugSwitches { get; init; }
    public required DatasetState Dataset { get; init; }
    public required ServerIds Ids { get; init; }
    public required ReplicationHistory History { get; init; }
    public required ReplicationStream ReplicationStream { get; init; }
    public required Replicas Replicas { get; init; }
    public required AwaitedChannels AwaitedChannels { get; init; }
    public required FullSyncs FullSyncs { get; init; }
    public required AckWaits AckWaits { get; init; }
    public required ReplicasBeforeShutdown ReplicasBeforeShutdown { get; init; }
    public required Failover Failover { get; init; }
    public required CronSignal CronSignal { get; init; }
    public required RunningCall Running { get; init; }
    public required KeyAccess Keys { get; init; }
    public required KeyPolicies Policies { get; init; }
    public required ClientPause Pause { get; init; }
    public required BlockedClients Blocking { get; init; }
    public required CacheLeases Leases { get; init; }
    public required CachePurges Purges { get; init; }
    public required ClientTransactions Transactions { get; init; }
    public required TrackedKeys Tracking { get; init; }
    public required PubSubChannels PubSub { get; init; }
    public required KeyspaceNotifications Notifications { get; init; }
    public required Monitors Monitors { get; init; }
    public required Admission Admission { get; init; }
    public required ActiveExpiry ActiveExpiry { get; init; }
    public required PurgeSweep PurgeSweep { get; init; }
    public required LazyFree LazyFree { get; init; }
    public required KeyEviction Eviction { get; init; }
    public required ActiveDefrag ActiveDefrag { get; init; }
    public required LatencyMonitor Latency { get; init; }
    public required CallWatch CallWatch { get; init; }
    public required HotKeys HotKeys { get; init; }
    public required RunningScript RunningScript { get; init; }
    public required EvalScripts EvalScripts { get; init; }
    public required FunctionLibraries Functions { get; init; }
    public required RdbSaving Saving { get; init; }
    public required Loading Loading { get; init; }
    public required Snapshots Snapshots { get; init; }
    public required BackgroundSaving BackgroundSaving { get; init; }
    public required AppendOnlyFile Aof { get; init; }
    public required AofRewriting AofRewriting { get; init; }
    public required ServerExit Exit { get; init; }
    public required CrashReport Crash { get; init; }
    public required Shutdown Shutdown { get; init; }
    public required Cron Cron { get; init; }

    /// <summary>Follows a master: REPLICAOF.</summary>
    public required Follower Follower { get; init; }

    public required OwnKeys OwnKeys { get; init; }

    /// <summary>Connections to targets of MIGRATE.</summary>
    public required CachedLinks MigrationLinks { get; init; }

    public required MetricsCollector Metrics { get; init; }

    /// <summary>Makes encrypted sessions, for those who connect and for connections to other servers. Any thread.</summary>
    public required TlsContexts Tls { get; init; }

    /// <summary>In a Sentinel: what it watches.</summary>
    public SentinelRunner? Sentinel { get; init; }

    /// <summary>In a node of a cluster: the node.</summary>
    public ClusterHost? Cluster { get; init; }

    /// <summary>In a node of a cluster: the slots that come and go as a whole.</summary>
    public MigrationHost? Migrations { get; init; }

    /// <summary>Runs commands, for EXEC and CLIENT UNBLOCK. Set last, since it hands out these parts itself.</summary>
    public CommandRunner Runner { get; set; } = null!;

    /// <summary>Serves connections. Set last, since it uses the runner.</summary>
    public Executor Executor { get; set; } = null!;

    /// <summary>Name of the transport's mechanism, for INFO. Set by the host.</summary>
    public string TransportName { get; set; } = "";

    /// <summary>The policies of prefixes have changed, or by what figures are kept.</summary>
    public void FollowPolicies()
    {
        Policies.Follow();
        PrefixStatistics.Follow();
    }

    /// <summary>
    /// CONFIG RESETSTAT: resets every counter of INFO, including those of each command. The peak of memory stays, as in Redis.
    /// </summary>
    public void ResetStatistics()
    {
        Statistics.Reset();
        PrefixStatistics.Reset();
        SlotStatistics.Reset();
        Eviction.ResetStatistics();
        ActiveDefrag.ResetStatistics();
        foreach (var command in CommandStatistics) command.Reset();
        foreach (var user in Users.All) user.Figures.Reset();
    }
}
