using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    static void Replication(InfoText text, ServerParts server)
    {
        text.Section("Replication");
        text.Field("role", server.Dataset.IsReplica ? "slave" : "master");
        if (server.Dataset.IsReplica) Following(text, server);
        text.Field("connected_slaves", 0);
        text.Field("master_failover_state", "no-failover");
        text.Field("master_replid", server.History.Id);
        text.Field("master_replid2", server.History.Id2);
        text.Field("master_repl_offset", server.History.Offset);
        text.Field("second_repl_offset", server.History.SecondOffset);
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
