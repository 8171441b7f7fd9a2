using System.Globalization;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    static void Replication(InfoText text, ServerParts server)
    {
        text.Section("Replication");
        text.Field("role", server.History.IsReplica ? "slave" : "master");
        if (server.History.IsReplica) Following(text, server);
        Replicas(text, server);
        text.Field("replicas_waiting_psync", server.AwaitedChannels.Count);
        text.Field("master_failover_state", server.Failover.StateName);
        var (history, stream) = (server.History, server.ReplicationStream);
        text.Field("master_replid", history.Id);
        text.Field("master_replid2", history.Id2);
        text.Field("master_repl_offset", history.Offset);
        text.Field("second_repl_offset", history.SecondOffset);
        text.Field("repl_backlog_active", stream.HasBacklog);
        text.Field("repl_backlog_size", server.Config.Replication.ReplBacklogSize);
        // Offsets count from 1: the first byte of the stream has offset 1.
        text.Field("repl_backlog_first_byte_offset", stream.HasBacklog ? stream.Start + 1 : 0);
        text.Field("repl_backlog_histlen", stream.End - stream.Start);
    }

    static void Replicas(InfoText text, ServerParts server)
    {
        var replicas = server.Replicas;
        text.Field("connected_slaves", replicas.Count);
        var settings = server.Config.Replication;
        if (settings is { MinReplicasToWrite: > 0, MinReplicasMaxLag: > 0 }) text.Field("min_slaves_good_slaves", replicas.GoodCount);
        var number = 0;
        foreach (var replica in replicas.All)
        {
            if (replica.StateName is not { } state) continue;
            var lag = replica.Lag(server.Clock.Now);
            text.Field(string.Create(CultureInfo.InvariantCulture, $"slave{number++}"), string.Create(CultureInfo.InvariantCulture,
                $"ip={replica.Host},port={replica.ListeningPort},state={state},offset={replica.AckOffset},lag={lag},type={replica.TypeName}"));
        }
    }

    static void Cluster(InfoText text, ServerParts server)
    {
        text.Section("Cluster");
        text.Field("cluster_enabled", server.Config.Cluster.ClusterEnabled);
    }
}
