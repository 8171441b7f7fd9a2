using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.PubSub;

namespace MiniRedis.Server.Commands.PubSub;

/// <summary>The answers of SUBSCRIBE and its kind: a message for each channel.</summary>
static class SubscriptionReply
{
    /// <summary>Tells the client of a subscription that begins or ends: a message takes the place of the reply.</summary>
    public static void Confirm(ref CommandContext c, ChannelKind kind, bool subscribes, ReadOnlySpan<byte> name)
    {
        BeginConfirmation(c.Reply, kind, subscribes);
        c.Reply.Bulk(name);
        EndConfirmation(ref c, kind);
    }

    /// <summary>Tells that there was no subscription to end.</summary>
    public static void ConfirmNothing(ref CommandContext c, ChannelKind kind)
    {
        BeginConfirmation(c.Reply, kind, subscribes: false);
        c.Reply.Null();
        EndConfirmation(ref c, kind);
    }

    static void BeginConfirmation(ReplyWriter reply, ChannelKind kind, bool subscribes)
    {
        reply.Push(3);
        reply.Bulk((kind, subscribes) switch
        {
            (ChannelKind.Channel, true) => "subscribe"u8,
            (ChannelKind.Channel, false) => "unsubscribe"u8,
            (ChannelKind.Pattern, true) => "psubscribe"u8,
            (ChannelKind.Pattern, false) => "punsubscribe"u8,
            (_, true) => "ssubscribe"u8,
            (_, false) => "sunsubscribe"u8,
        });
    }

    /// <summary>The number of the client's subscriptions. Sharded channels are counted separately.</summary>
    static void EndConfirmation(ref CommandContext c, ChannelKind kind)
    {
        var own = c.Client.Subscriptions;
        c.Reply.Integer(own is null ? 0 : kind == ChannelKind.Shard ? own.Count(kind) : own.Ordinary);
    }
}
