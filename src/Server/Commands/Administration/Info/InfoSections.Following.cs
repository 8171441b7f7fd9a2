using MiniRedis.Server.Execution;
using MiniRedis.Server.Following;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    /// <summary>The fields of a replica: which master it follows, and how far it is.</summary>
    static void Following(InfoText text, ServerParts server)
    {
        var (follower, settings, now) = (server.Follower, server.Config.Replication, server.Clock.Now);
        var isUp = follower.State == MasterLinkState.Connected;
        var isSync = follower.State == MasterLinkState.Sync;
        text.Field("master_host", follower.Master!.Host);
        text.Field("master_port", follower.Master.Port);
        text.Field("master_link_status", isUp ? "up" : "down");
        text.Field("master_last_io_seconds_ago", isUp ? Math.Max(0, now - follower.Heard) / 1000 : -1);
        text.Field("master_sync_in_progress", isSync);
        // Without a link it is where the history stopped: who chooses a new master looks at this.
        var offset = follower.KnownOffset;
        text.Field("slave_read_repl_offset", isUp ? follower.ReadOffset : offset);
        text.Field("slave_repl_offset", isUp ? follower.AppliedOffset : offset);
        var (kept, peak) = follower.Kept;
        text.Field("replicas_repl_buffer_size", kept);
        text.Field("replicas_repl_buffer_peak", peak);
        if (isSync)
        {
            var (received, all) = follower.Transfer;
            text.Field("master_sync_total_bytes", Math.Max(0, all));
            text.Field("master_sync_read_bytes", received);
            text.Field("master_sync_left_bytes", all < 0 ? 0 : all - received);
            text.Field("master_sync_perc", all <= 0 ? 0.0 : received * 100.0 / all);
            text.Field("master_sync_last_io_seconds_ago", Math.Max(0, now - follower.Heard) / 1000);
        }
        if (!isUp) text.Field("master_link_down_since_seconds", follower.DownSince == 0 ? -1 : Math.Max(0, now - follower.DownSince) / 1000);
        text.Field("slave_priority", settings.ReplicaPriority);
        text.Field("slave_read_only", settings.ReplicaReadOnly);
        text.Field("replica_announced", settings.ReplicaAnnounced);
    }
}
