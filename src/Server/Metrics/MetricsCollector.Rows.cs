using MiniRedis.Server.PubSub;
using static MiniRedis.Server.Metrics.Metric;

namespace MiniRedis.Server.Metrics;

/// <summary>
/// The table of what is read under the executor's lock, one row a metric. The names are those that redis_exporter makes of the fields
/// of INFO, so a dashboard for one works with the other. Names that Prometheus's own check refuses are left out (those with
/// "_sec" or "_ms"), or are gauges (a counter without "_total").
/// </summary>
sealed partial class MetricsCollector
{
    TimeSpan _threadUser, _threadSystem;

    Metric[] MakeRows() =>
        [.. Server(), .. Clients(), .. Memory(), .. Persistence(), .. Traffic(), .. KeyEvents(), .. Background(), .. Observation(),
            .. ClusterNode()];

    IEnumerable<Metric> Server() =>
    [
        Gauge("redis_up", "1 if the executor answered the scrape.", () => 1),
        Gauge("redis_uptime_in_seconds", "Seconds since the start.", () => clock.UptimeSeconds),
        Gauge("redis_start_time_seconds", "Unix time of the start.", () => clock.StartedAt / 1000),
        Gauge("redis_process_id", "The id of the process.", () => Environment.ProcessId),
        Gauge("redis_config_maxclients", "The setting maxclients.", () => config.Network.MaxClients),
        Gauge("redis_config_maxmemory", "The setting maxmemory in bytes; 0 is no limit.", () => config.Memory.MaxMemory),
        Gauge("redis_config_io_threads", "The setting io-threads.", () => config.Network.IoThreads),
        Gauge("redis_io_threads_active", "1 with more than one event loop.", () => config.Network.IoThreads > 1 ? 1 : 0),
        Gauge("redis_cluster_enabled", "1 for a node of a cluster.", () => config.Cluster.ClusterEnabled ? 1 : 0),
        Gauge("redis_connected_slaves", "Replicas that are connected.", () => replicas.Count),
        Gauge("redis_master_repl_offset", "Bytes of the stream of changes so far.", () => history.Offset),
        Gauge("redis_second_repl_offset", "Where the history before this one ended; -1 without one.", () => history.SecondOffset),
        Gauge("redis_repl_backlog_is_active", "1 while changes are kept for replicas.", () => stream.HasBacklog ? 1 : 0),
        Gauge("redis_replication_backlog_bytes", "The setting repl-backlog-size.", () => config.Replication.ReplBacklogSize),
        Gauge("redis_repl_backlog_first_byte_offset", "The offset of the first change that is kept.",
            () => stream.HasBacklog ? stream.Start + 1 : 0),
        Gauge("redis_repl_backlog_history_bytes", "Bytes of changes that are kept.", () => stream.End - stream.Start),
        Gauge("redis_replica_resyncs_full", "Full synchronizations of replicas.", () => statistics.FullSyncs),
        Gauge("redis_replica_partial_resync_accepted", "Partial synchronizations of replicas.", () => statistics.PartialSyncs),
        Gauge("redis_replica_partial_resync_denied", "Partial synchronizations that were refused.", () => statistics.RefusedPartialSyncs),
        Counter("redis_cpu_sys_main_thread_seconds_total", "CPU time in the kernel of the first event loop.", () => _threadSystem.TotalSeconds),
        Counter("redis_cpu_user_main_thread_seconds_total", "CPU time outside the kernel of the first event loop.",
            () => _threadUser.TotalSeconds),
    ];

    IEnumerable<Metric> Clients() =>
    [
        Gauge("redis_connected_clients", "Connections of clients.", () => clients.Count),
        Gauge("redis_max_clients", "The most connections of clients.", () => config.Network.MaxClients),
        Gauge("redis_blocked_clients", "Clients that wait for keys.", () => blocked.Count),
        Gauge("redis_clients_in_timeout_table", "Clients that wait for keys with a timeout.", () => blocked.Timeouts),
        Gauge("redis_tracking_clients", "Clients that use client-side caching.", () => tracking.Clients),
        Gauge("redis_watching_clients", "Clients that watch keys.", () => transactions.Watched.Clients),
        Gauge("redis_total_watched_keys", "Keys that clients watch.", () => transactions.Watched.Count),
        Gauge("redis_total_blocking_keys", "Keys that clients wait for.", () => blocked.Keys),
        Gauge("redis_total_blocking_keys_on_nokey", "Keys that also wake a client by going away.", () => blocked.KeysOnNoKey),
        Counter("redis_connections_received_total", "Connections that were accepted.", () => statistics.ConnectionsReceived),
        Counter("redis_rejected_connections_total", "Connections refused for maxclients or protected mode.",
            () => statistics.RejectedConnections),
        Counter("redis_evicted_clients_total", "Clients closed for maxmemory-clients.", () => statistics.EvictedClients),
        Counter("redis_client_query_buffer_limit_disconnections_total", "Clients closed for too much input.",
            () => statistics.QueryBufferLimitDisconnections),
        Counter("redis_client_output_buffer_limit_disconnections_total", "Clients closed for too much output.",
            () => statistics.OutputBufferLimitDisconnections),
        Counter("redis_acl_access_denied_auth_total", "Wrong passwords.", () => statistics.AclDeniedAuth),
        Counter("redis_acl_access_denied_cmd_total", "Commands that a user may not run.", () => statistics.AclDeniedCommands),
        Counter("redis_acl_access_denied_key_total", "Commands with a key that a user may not touch.", () => statistics.AclDeniedKeys),
        Counter("redis_acl_access_denied_channel_total", "Commands with a channel that a user may not use.",
            () => statistics.AclDeniedChannels),
    ];

    IEnumerable<Metric> Memory() =>
    [
        Gauge("redis_memory_used_bytes", "Memory of data, indexes and buffers.", () => memory.Total),
        Gauge("redis_memory_max_bytes", "The limit of memory; 0 is none.", () => config.Memory.MaxMemory),
        Gauge("redis_memory_used_peak_bytes", "The most memory that was used.", () => memory.Peak),
        Gauge("redis_memory_used_overhead_bytes", "Memory that is not data.", () => memory.Overhead),
        Gauge("redis_memory_used_startup_bytes", "Memory of an empty server.", () => memory.Startup),
        Gauge("redis_memory_used_dataset_bytes", "Memory of data.", () => memory.Dataset),
        Gauge("redis_memory_used_lua_bytes", "Memory of the machine of EVAL.", () => evalScripts.MachineBytes),
        Gauge("redis_memory_used_vm_eval_bytes", "Memory of the machine of EVAL.", () => evalScripts.MachineBytes),
        Gauge("redis_memory_used_vm_functions_bytes", "Memory of the machines of functions.", () => functions.MachineBytes),
        Gauge("redis_memory_used_scripts_eval_bytes", "Memory of scripts of EVAL.", () => evalScripts.ScriptBytes),
        Gauge("redis_memory_used_functions_bytes", "Memory of libraries of functions.", () => functions.LibraryBytes),
        Gauge("redis_memory_used_scripts_bytes", "Memory of scripts and libraries.", () => evalScripts.ScriptBytes + functions.LibraryBytes),
        Gauge("redis_number_of_cached_scripts", "Scripts of EVAL.", () => evalScripts.Count),
        Gauge("redis_number_of_functions", "Functions.", () => functions.FunctionCount),
        Gauge("redis_number_of_libraries", "Libraries of functions.", () => functions.All.Count),
        Gauge("redis_allocator_allocated_bytes", "Memory that the arena has given out.", () => keyspace.Arena.UsedBytes),
        Gauge("redis_allocator_active_bytes", "Memory of the arena's blocks, with holes.", () => keyspace.Arena.ActiveBytes),
        Gauge("redis_allocator_resident_bytes", "Memory that the arena holds.", () => keyspace.Arena.ResidentBytes),
        Gauge("redis_allocator_frag_bytes", "Memory of holes.", () => keyspace.Arena.FragmentedBytes),
        Gauge("redis_allocator_frag_ratio", "By what factor holes make the memory larger.",
            () => Math.Round(keyspace.Arena.FragmentationRatio, 2)),
        Gauge("redis_allocator_rss_bytes", "Memory that the arena holds in reserve.",
            () => keyspace.Arena.ResidentBytes - keyspace.Arena.ActiveBytes),
        Gauge("redis_mem_not_counted_for_eviction_bytes", "Memory that maxmemory does not bound.", () => memory.NotCountedForEviction),
        Gauge("redis_mem_clients_normal", "Memory of clients.", () => clientMemory.MemoryBytes),
        Gauge("redis_mem_aof_buffer_bytes", "Bytes that wait for the append-only file.", () => aof.BufferBytes),
    ];

    IEnumerable<Metric> Persistence() =>
    [
        Gauge("redis_loading_dump_file", "1 while the data set is loaded.", () => dataset.IsLoading ? 1 : 0),
        Gauge("redis_rdb_changes_since_last_save", "Changes that no snapshot has.", () => effects.Dirty),
        Gauge("redis_rdb_bgsave_in_progress", "1 while a snapshot is written.", () => backgroundSaving.IsRunning ? 1 : 0),
        Gauge("redis_rdb_last_save_timestamp_seconds", "Unix time of the last snapshot that succeeded.", () => saving.LastSave / 1000),
        Gauge("redis_rdb_last_bgsave_status", "1 if the last snapshot succeeded.", () => saving.LastWentWell ? 1 : 0),
        Gauge("redis_rdb_last_cow_size_bytes", "Most old values that waited for the last snapshot.", () => backgroundSaving.LastPeakBytes),
        Gauge("redis_rdb_last_load_loaded_keys", "Keys of the last file that was loaded.", () => loading.KeysLoaded),
        Gauge("redis_rdb_last_load_expired_keys", "Keys that were left out of it because they had expired.", () => loading.KeysExpired),
        Counter("redis_rdb_saves_total", "Snapshots written.", () => statistics.RdbSaves),
        Gauge("redis_aof_enabled", "1 with an append-only file.", () => aof.IsOn ? 1 : 0),
        Gauge("redis_aof_rewrite_in_progress", "1 while the append-only file is rewritten.", () => aofRewriting.IsRunning ? 1 : 0),
        Gauge("redis_aof_rewrite_scheduled", "1 if it is to be rewritten soon.", () => aofRewriting.IsScheduled ? 1 : 0),
        Gauge("redis_aof_last_bgrewrite_status", "1 if the last rewrite succeeded.", () => aofRewriting.LastWentWell ? 1 : 0),
        Gauge("redis_aof_last_write_status", "1 if the append-only file can be written.", () => aof.Error is null ? 1 : 0),
        Gauge("redis_aof_last_cow_size_bytes", "Most old values that waited for the last rewrite.", () => aofRewriting.LastPeakBytes),
        Gauge("redis_aof_current_size_bytes", "Bytes of the append-only file.", () => aof.IsOn ? aof.TotalBytes : 0),
        Gauge("redis_aof_base_size_bytes", "Bytes of it after the last rewrite.", () => aof.IsOn ? aof.BaseBytes : 0),
        Gauge("redis_aof_pending_bio_fsync", "1 while a sync is owed.", () => aof.IsOn && aof.IsSyncPending ? 1 : 0),
        Gauge("redis_aof_delayed_fsync", "Syncs that were late.", () => aof.IsOn ? aof.DelayedSyncs : 0),
    ];

    IEnumerable<Metric> Traffic() =>
    [
        Counter("redis_commands_processed_total", "Commands.", () => statistics.CommandsProcessed),
        Counter("redis_net_input_bytes_total", "Bytes received.", () => statistics.InputBytes),
        Counter("redis_net_output_bytes_total", "Bytes sent.", () => statistics.OutputBytes),
        Gauge("redis_total_reads_processed", "Receptions from sockets.", () => statistics.TotalReads),
        Gauge("redis_total_writes_processed", "Sends to sockets.", () => statistics.TotalWrites),
        Gauge("redis_total_error_replies", "Error replies.", () => statistics.ErrorReplies),
        Gauge("redis_unexpected_error_replies", "Error replies that a bug caused.", () => statistics.UnexpectedErrors),
        Counter("redis_eventloop_cycles_total", "Batches and runs of the cron.", () => statistics.Cycles),
        Counter("redis_eventloop_duration_sum_usec_total", "Microseconds in them.", () => clock.TotalMicroseconds(statistics.CycleTicks)),
        Counter("redis_eventloop_duration_cmd_sum_usec_total", "Microseconds in commands.",
            () => clock.TotalMicroseconds(statistics.CommandTicks)),
        Gauge("redis_pubsub_channels", "Channels with subscribers.", () => pubSub.Count(ChannelKind.Channel)),
        Gauge("redis_pubsub_patterns", "Patterns with subscribers.", () => pubSub.Count(ChannelKind.Pattern)),
        Gauge("redis_pubsubshard_channels", "Shard channels with subscribers.", () => pubSub.Count(ChannelKind.Shard)),
    ];

    IEnumerable<Metric> KeyEvents() =>
    [
        Counter("redis_keyspace_hits_total", "Look-ups that found their key.", () => statistics.KeyspaceHits),
        Counter("redis_keyspace_misses_total", "Look-ups that did not.", () => statistics.KeyspaceMisses),
        Counter("redis_expired_keys_total", "Keys that were deleted at their deadline.", () => statistics.ExpiredKeys),
        Counter("redis_expired_subkeys_total", "Fields of hashes that were deleted at their deadline.", () => statistics.ExpiredFields),
        Counter("redis_expired_time_cap_reached_total", "Slices of expiry that ran out of time.", () => statistics.ExpiredTimeCapReached),
        Counter("redis_evicted_keys_total", "Keys that were dropped for maxmemory.", () => statistics.EvictedKeys),
        Counter("redis_evicted_scripts_total", "Scripts that were dropped for newer ones.", () => statistics.EvictedScripts),
        Gauge("redis_tracking_total_keys", "Keys that client-side caches may have.", () => tracking.Keys),
        Gauge("redis_tracking_total_items", "Pairs of such a key and a client.", () => tracking.Items),
        Gauge("redis_tracking_total_prefixes", "Prefixes that clients have named.", () => tracking.Prefixes),
    ];

    IEnumerable<Metric> Background() =>
    [
        Gauge("redis_active_defrag_running", "Percent of the time that defragmentation takes.", () => defrag.RunningPercent),
        Gauge("redis_defrag_hits", "Blocks that were moved.", () => defrag.Hits),
        Gauge("redis_defrag_misses", "Blocks that stayed.", () => defrag.Misses),
        Gauge("redis_defrag_key_hits", "Keys of which a block was moved.", () => defrag.KeyHits),
        Gauge("redis_defrag_key_misses", "Keys of which none was.", () => defrag.KeyMisses),
        Gauge("redis_lazyfree_pending_objects", "Values that are still to be freed.", () => lazyFree.Pending),
        Gauge("redis_lazyfreed_objects", "Values that were freed in steps.", () => statistics.LazyFreedObjects),
        Counter("miniredis_eviction_exceeded_seconds_total", "Time for which memory was above maxmemory.",
            () => eviction.TotalExceededMilliseconds / 1e3),
    ];

    IEnumerable<Metric> Observation() =>
    [
        Gauge("redis_slowlog_length", "Commands in the slow log.", () => callWatch.SlowLog.Count),
        Gauge("redis_slowlog_last_id", "The number of its latest.", () => callWatch.SlowLog.Last?.Id ?? 0),
        Gauge("redis_last_slow_execution_duration_seconds", "How long that took.", () => (callWatch.SlowLog.Last?.Amount ?? 0) / 1e6),
    ];
}
