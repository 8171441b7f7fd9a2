using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    static readonly string s_noReplicationId = new('0', 40);

    static void Replication(InfoText text, ServerParts server)
    {
        text.Section("Replication");
        text.Field("role", "master");
        text.Field("connected_slaves", 0);
        text.Field("master_failover_state", "no-failover");
        text.Field("master_replid", server.Ids.Replication);
        text.Field("master_replid2", s_noReplicationId);
        text.Field("master_repl_offset", 0);
        text.Field("second_repl_offset", -1);
        text.Field("repl_backlog_active", 0);
        text.Field("repl_backlog_size", server.Config.Replication.ReplBacklogSize);
        text.Field("repl_backlog_first_byte_offset", 0);
        text.Field("repl_backlog_histlen", 0);
    }

    static void Cluster(InfoText text, ServerParts server)
    {
        text.Section("Cluster");
        text.Field("cluster_enabled", server.Config.Cluster.ClusterEnabled);
    }
}
