using MiniRedis.Server.Execution;
using MiniRedis.Server.Persistence;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    static void Persistence(InfoText text, ServerParts server)
    {
        var (saving, rewriting) = (server.BackgroundSaving, server.AofRewriting);
        text.Section("Persistence");
        text.Field("loading", server.Dataset.IsLoading ? 1 : 0);
        text.Field("async_loading", server.Dataset.IsLoadingBeside ? 1 : 0);
        text.Field("current_cow_peak", server.Snapshots.Current?.PeakBytes ?? 0);
        text.Field("current_cow_size", server.Snapshots.Current?.WaitingBytes ?? 0);
        text.Field("current_cow_size_age", 0);
        AddProgress(text, server.Snapshots.Current);
        text.Field("rdb_changes_since_last_save", server.Effects.Dirty);
        text.Field("rdb_bgsave_in_progress", saving.IsRunning || server.FullSyncs.IsStreaming);
        text.Field("rdb_last_save_time", server.Saving.LastSave / 1000);
        text.Field("rdb_last_bgsave_status", server.Saving.LastWentWell ? "ok" : "err");
        text.Field("rdb_last_bgsave_time_sec", saving.LastSeconds);
        text.Field("rdb_current_bgsave_time_sec", saving.IsRunning ? (server.Clock.Now - saving.StartedAt) / 1000 : -1);
        text.Field("rdb_saves", server.Statistics.RdbSaves);
        text.Field("rdb_last_cow_size", saving.LastPeakBytes);
        text.Field("rdb_last_load_keys_expired", server.Loading.KeysExpired);
        text.Field("rdb_last_load_keys_loaded", server.Loading.KeysLoaded);
        text.Field("aof_enabled", server.Aof.IsOn ? 1 : 0);
        text.Field("aof_rewrite_in_progress", rewriting.IsRunning ? 1 : 0);
        text.Field("aof_rewrite_scheduled", rewriting.IsScheduled ? 1 : 0);
        text.Field("aof_last_rewrite_time_sec", rewriting.LastSeconds);
        text.Field("aof_current_rewrite_time_sec", rewriting.IsRunning ? (server.Clock.Now - rewriting.StartedAt) / 1000 : -1);
        text.Field("aof_last_bgrewrite_status", rewriting.LastWentWell ? "ok" : "err");
        text.Field("aof_rewrites", server.Statistics.AofRewrites);
        text.Field("aof_rewrites_consecutive_failures", rewriting.FailuresInARow);
        text.Field("aof_last_write_status", server.Aof.Error is null ? "ok" : "err");
        text.Field("aof_last_cow_size", rewriting.LastPeakBytes);
        text.Field("module_fork_in_progress", 0);
        text.Field("module_fork_last_cow_size", 0);
        if (server.Aof.IsOn) AddAof(text, server);
        if (server.Dataset.IsLoadingAny) AddLoading(text, server.Loading);
    }

    // Of what the file has, not of what is captured: that tells how long a slow disk will still take.
    static void AddProgress(InfoText text, Snapshot? snapshot)
    {
        var (written, keys) = (snapshot?.Feed.Written ?? 0, snapshot?.Keys ?? 0);
        text.Field("current_fork_perc", keys == 0 ? 0 : 100.0 * written / keys);
        text.Field("current_save_keys_processed", written);
        text.Field("current_save_keys_total", keys);
    }

    static void AddAof(InfoText text, ServerParts server)
    {
        text.Field("aof_current_size", server.Aof.TotalBytes);
        text.Field("aof_base_size", server.Aof.BaseBytes);
        text.Field("aof_pending_rewrite", 0);
        text.Field("aof_buffer_length", server.Aof.BufferBytes);
        text.Field("aof_pending_bio_fsync", server.Aof.IsSyncPending ? 1 : 0);
        text.Field("aof_delayed_fsync", server.Aof.DelayedSyncs);
    }

    static void AddLoading(InfoText text, Loading loading)
    {
        text.Field("loading_start_time", loading.StartedAt / 1000);
        text.Field("loading_total_bytes", loading.TotalBytes);
        text.Field("loading_rdb_used_mem", loading.FileUsedMemory);
        text.Field("loading_loaded_bytes", loading.LoadedBytes);
        text.Percent("loading_loaded_perc", 100.0 * loading.LoadedBytes / Math.Max(1, loading.TotalBytes));
        text.Field("loading_eta_seconds", loading.EtaSeconds);
    }
}
