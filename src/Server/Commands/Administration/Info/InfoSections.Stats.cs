using MiniRedis.Server.Execution;
using MiniRedis.Server.PubSub;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    static void Stats(InfoText text, ServerParts server)
    {
        var statistics = server.Statistics;
        var clock = server.Clock;
        text.Section("Stats");
        text.Field("total_connections_received", statistics.ConnectionsReceived);
        text.Field("total_commands_processed", statistics.CommandsProcessed);
        text.Field("instantaneous_ops_per_sec", (long)statistics.CommandsPerSecond.Mean);
        text.Field("total_net_input_bytes", statistics.InputBytes);
        text.Field("total_net_output_bytes", statistics.OutputBytes);
        text.Field("total_net_repl_input_bytes", statistics.NetReplicationInputBytes);
        text.Field("total_net_repl_output_bytes", statistics.NetReplicationOutputBytes);
        text.Field("instantaneous_input_kbps", statistics.InputPerSecond.Mean / 1024);
        text.Field("instantaneous_output_kbps", statistics.OutputPerSecond.Mean / 1024);
        text.Field("instantaneous_input_repl_kbps", statistics.ReplicationInputPerSecond.Mean / 1024);
        text.Field("instantaneous_output_repl_kbps", statistics.ReplicationOutputPerSecond.Mean / 1024);
        text.Field("rejected_connections", statistics.RejectedConnections);
        text.Field("sync_full", statistics.FullSyncs);
        text.Field("sync_partial_ok", statistics.PartialSyncs);
        text.Field("sync_partial_err", statistics.RefusedPartialSyncs);
        text.Field("expired_subkeys", statistics.ExpiredFields);
        text.Field("expired_keys", statistics.ExpiredKeys);
        text.Field("purged_keys", statistics.PurgedKeys);
        // Expired keys are found without sampling, so there is no share of them to estimate.
        text.Field("expired_stale_perc", 0.0);
        text.Field("expired_time_cap_reached_count", statistics.ExpiredTimeCapReached);
        text.Field("expire_cycle_cpu_milliseconds", clock.TotalMicroseconds(statistics.ExpireCycleTicks) / 1000);
        text.Field("evicted_keys", statistics.EvictedKeys);
        text.Field("evicted_clients", statistics.EvictedClients);
        text.Field("evicted_scripts", statistics.EvictedScripts);
        text.Field("total_eviction_exceeded_time", server.Eviction.TotalExceededMilliseconds);
        text.Field("current_eviction_exceeded_time", server.Eviction.CurrentExceededMilliseconds);
        text.Field("keyspace_hits", statistics.KeyspaceHits);
        text.Field("keyspace_misses", statistics.KeyspaceMisses);
        text.Field("pubsub_channels", server.PubSub.Count(ChannelKind.Channel));
        text.Field("pubsub_patterns", server.PubSub.Count(ChannelKind.Pattern));
        text.Field("pubsubshard_channels", server.PubSub.Count(ChannelKind.Shard));
        text.Field("latest_fork_usec", 0);
        text.Field("total_forks", statistics.Snapshots);
        text.Field("migrate_cached_sockets", server.MigrationLinks.Count);
        text.Field("slave_expires_tracked_keys", server.OwnKeys.Count);
        text.Field("active_defrag_hits", server.ActiveDefrag.Hits);
        text.Field("active_defrag_misses", server.ActiveDefrag.Misses);
        text.Field("active_defrag_key_hits", server.ActiveDefrag.KeyHits);
        text.Field("active_defrag_key_misses", server.ActiveDefrag.KeyMisses);
        text.Field("total_active_defrag_time", server.ActiveDefrag.TotalMilliseconds);
        text.Field("current_active_defrag_time", server.ActiveDefrag.CurrentMilliseconds);
        text.Field("tracking_total_keys", server.Tracking.Keys);
        text.Field("tracking_total_items", server.Tracking.Items);
        text.Field("tracking_total_prefixes", server.Tracking.Prefixes);
        text.Field("unexpected_error_replies", statistics.UnexpectedErrors);
        text.Field("total_error_replies", statistics.ErrorReplies);
        text.Field("dump_payload_sanitizations", 0);
        text.Field("total_reads_processed", statistics.TotalReads);
        text.Field("total_writes_processed", statistics.TotalWrites);
        // Each thread reads and writes for its own connections. If there is one thread, it is the main thread.
        var threaded = server.Config.Network.IoThreads > 1;
        text.Field("io_threaded_reads_processed", threaded ? statistics.TotalReads : 0);
        text.Field("io_threaded_writes_processed", threaded ? statistics.TotalWrites : 0);
        text.Field("client_query_buffer_limit_disconnections", statistics.QueryBufferLimitDisconnections);
        text.Field("client_output_buffer_limit_disconnections", statistics.OutputBufferLimitDisconnections);
        text.Field("reply_buffer_shrinks", 0);
        text.Field("reply_buffer_expands", 0);
        text.Field("eventloop_cycles", statistics.Cycles);
        text.Field("eventloop_duration_sum", clock.TotalMicroseconds(statistics.CycleTicks));
        text.Field("eventloop_duration_cmd_sum", clock.TotalMicroseconds(statistics.CommandTicks));
        text.Field("instantaneous_eventloop_cycles_per_sec", (long)statistics.CyclesPerSecond.Mean);
        text.Field("instantaneous_eventloop_duration_usec", MeanCycleMicroseconds(server));
        text.Field("acl_access_denied_auth", statistics.AclDeniedAuth);
        text.Field("acl_access_denied_cmd", statistics.AclDeniedCommands);
        text.Field("acl_access_denied_key", statistics.AclDeniedKeys);
        text.Field("acl_access_denied_channel", statistics.AclDeniedChannels);
        text.Field("acl_access_denied_db", statistics.AclDeniedDatabases);
        text.Field("acl_access_denied_tls_cert", statistics.AclDeniedCertificates);
    }

    static long MeanCycleMicroseconds(ServerParts server)
    {
        var cycles = server.Statistics.CyclesPerSecond.Mean;
        if (cycles <= 0) return 0;
        return (long)Math.Ceiling(server.Clock.TotalMicroseconds((long)server.Statistics.CycleTicksPerSecond.Mean) / cycles);
    }

    /// <summary>
    /// The fields of Redis, then those of Valkey. Shown only if it is asked for by name: whoever reads all sections would take its
    /// used_memory for the server's.
    /// </summary>
    static void HotKeys(InfoText text, ServerParts server)
    {
        var hotKeys = server.HotKeys;
        text.Section("Hotkeys");
        text.Field("tracking_active", hotKeys.Session is { IsActive: true });
        text.Field("used_memory", hotKeys.MemoryBytes);
        text.Field("cpu_time", server.Clock.TotalMicroseconds(hotKeys.OwnTicks) / 1000);
        text.Field("hotkeys_last_window_samples", hotKeys.Windows?.Samples ?? 0);
        text.Field("hotkeys_last_window_duration_ms", hotKeys.Windows?.DurationMilliseconds ?? 0);
    }

    /// <summary>Shown only if it is asked for by name, as in Redis.</summary>
    static void Debug(InfoText text, ServerParts server)
    {
        var statistics = server.Statistics;
        text.Section("Debug");
        text.Field("eventloop_duration_aof_sum", 0);
        text.Field("eventloop_duration_cron_sum", server.Clock.TotalMicroseconds(statistics.CronTicks));
        text.Field("eventloop_duration_max", server.Clock.TotalMicroseconds(statistics.LongestCycleTicks));
        text.Field("eventloop_cmd_per_cycle_max", statistics.MostCommandsPerCycle);
    }
}
