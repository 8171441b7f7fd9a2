using MiniRedis.Server.Blocking;
using MiniRedis.Server.Clients;
using MiniRedis.Server.PubSub;

namespace MiniRedis.Server.Routing;

/// <summary>
/// Clients that wait for a key, or listen to a shard channel, of a slot that has left this node. Nothing will come for them here: the first
/// are told where to go, the others that their subscription has ended.
/// </summary>
/// <remarks>Under the executor's lock. Called when slots change hands, when this node changes its role, and when the cluster goes down.</remarks>
sealed class StrandedClients(SlotRouter router, ClientRegistry clients, BlockedClients blocked, PubSubChannels pubSub)
{
    public void Check()
    {
        if (blocked.Count > 0) EndWaits();
        if (pubSub.Count(ChannelKind.Shard) > 0) EndSubscriptions();
    }

    void EndWaits()
    {
        var stranded = new List<(BlockingCall Call, Route Route)>();
        foreach (var client in clients.All)
        {
            if (!client.Has(ClientFlags.Blocked) || client.Waiting is not { Places: { } place } call) continue;
            var route = router.FindWaiting(client, call.Command, place.Queue.Key);
            if (route.Kind != RouteKind.Here) stranded.Add((call, route));
        }
        foreach (var (call, route) in stranded)
        {
            if (call.IsWaiting) blocked.Runner!.EndWait(call, router.Answer(call.Client, route));
        }
    }

    void EndSubscriptions()
    {
        List<Channel> stranded = [.. pubSub.All(ChannelKind.Shard).Where(channel => !router.IsOfShard(KeySlot.Of(channel.Name)))];
        foreach (var channel in stranded) pubSub.EndChannel(channel);
    }
}
