using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    static void Clients(InfoText text, ServerParts server)
    {
        long input = 0, output = 0, subscribers = 0, connected = 0, blocked = 0;
        foreach (var client in server.Clients.All)
        {
            input = Math.Max(input, client.Connection.Input.Length);
            output = Math.Max(output, client.Connection.Output.PendingBytes);
            if (client.Has(ClientFlags.PubSub)) subscribers++;
            if (client.IsHeld) blocked++;
            if (!client.Has(ClientFlags.Replica)) connected++;
        }
        text.Section("Clients");
        text.Field("connected_clients", connected);
        text.Field("cluster_connections", server.Cluster?.Connections ?? 0);
        text.Field("maxclients", server.Config.Network.MaxClients);
        text.Field("client_recent_max_input_buffer", input);
        text.Field("client_recent_max_output_buffer", output);
        text.Field("blocked_clients", blocked);
        text.Field("tracking_clients", server.Tracking.Clients);
        text.Field("pubsub_clients", subscribers);
        text.Field("watching_clients", server.Transactions.Watched.Clients);
        text.Field("clients_in_timeout_table", server.Blocking.Timeouts);
        text.Field("total_watched_keys", server.Transactions.Watched.Count);
        text.Field("total_blocking_keys", server.Blocking.Keys);
        text.Field("total_blocking_keys_on_nokey", server.Blocking.KeysOnNoKey);
        text.Field("paused_reason", server.Pause.Reason switch
        {
            PauseReason.Client => "client_pause",
            PauseReason.Shutdown => "shutdown_in_progress",
            PauseReason.Failover => "failover_in_progress",
            PauseReason.SlotMigration => "slot_migration_in_progress",
            _ => "none",
        });
        text.Field("paused_actions", !server.Pause.IsActive ? "none" : server.Pause.IsOfWrites ? "write" : "all");
        text.Field("paused_timeout_milliseconds", server.Pause.Left);
    }
}
