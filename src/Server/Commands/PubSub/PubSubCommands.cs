using MiniRedis.Resp;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Sentinel;

namespace MiniRedis.Server.Commands.PubSub;

/// <summary>Publish/subscribe: Redis's group "pubsub".</summary>
static partial class PubSubCommands
{
    public static IEnumerable<Command> All =>
    [
        // PubSubCommands.Subscribe.cs
        SubscribeSpec, UnsubscribeSpec, PSubscribeSpec, PUnsubscribeSpec, SSubscribeSpec, SUnsubscribeSpec,
        PublishSpec, SPublishSpec,
        // PubSubCommands.PubSub.cs
        PubSubSpec,
    ];

    const CommandFlags OfAll = CommandFlags.PubSub | CommandFlags.Loading | CommandFlags.Stale;

    static readonly Command PublishSpec = new()
    {
        Name = "PUBLISH", Group = CommandGroup.PubSub, Since = "2.0.0",
        Complexity = "O(N+M) where N is the number of the channel's subscribers and M the number of patterns that begin as it does",
        Summary = "Sends a message to the subscribers of a channel.",
        Arity = 3, Flags = OfAll | CommandFlags.Fast | CommandFlags.MayReplicate | CommandFlags.Sentinel,
        Channels = new ChannelSpec(1),
        Args = [Arg.String("channel"), Arg.String("message")],
        Propagates = Propagation.VerbatimToReplicas,
        Run = Publish,
    };

    static void Publish(ref CommandContext c)
    {
        if (c.Server.Sentinel is { } sentinel) PublishToSentinel(ref c, sentinel);
        else if (PurgeMessage.IsChannel(c.Arg(1), out _) && !c.MustObey) c.Fail(Errors.PurgeChannel);
        else PublishTo(ref c, isSharded: false);
    }

    /// <summary>Answers the number of subscribers of this server. Those of other nodes of a cluster get the message too.</summary>
    static void PublishTo(ref CommandContext c, bool isSharded)
    {
        var receivers = c.Server.PubSub.Publish(c.Arg(1), c.Arg(2), isSharded);
        c.Reply.Integer(receivers);
        if (isSharded && c.Server.SlotStatistics.IsOn && c.Server.Cluster is not null)
            c.Server.SlotStatistics.Add(0, 0, receivers * PubSubChannels.ShardMessageBytes(c.Arg(1), c.Arg(2)));
        c.Server.Cluster?.Publish(c.Arg(1), c.Arg(2), isSharded);
    }

    /// <summary>A Sentinel takes hello messages of others as a server would, and hands them on to nobody.</summary>
    static void PublishToSentinel(ref CommandContext c, SentinelRunner sentinel)
    {
        if (!c.Arg(1).SequenceEqual("__sentinel__:hello"u8))
        {
            c.Fail(Errors.OnlyHello);
            return;
        }
        sentinel.Machine.Hello(ConfigText.FromBytes(c.Arg(2)), sentinel.Now);
        sentinel.Perform();
        c.Reply.Integer(1);
    }

    static readonly Command SPublishSpec = new()
    {
        Name = "SPUBLISH", Group = CommandGroup.PubSub, Since = "7.0.0", Complexity = "O(N) where N is the number of the channel's subscribers",
        Summary = "Sends a message to the subscribers of a sharded channel.",
        Arity = 3, Flags = OfAll | CommandFlags.Fast | CommandFlags.MayReplicate,
        Keys = [KeySpec.At(1, KeyFlags.NotKey)],
        Channels = new ChannelSpec(1),
        Args = [Arg.String("shardchannel"), Arg.String("message")],
        Propagates = Propagation.VerbatimToReplicas,
        Run = static (ref CommandContext c) => PublishTo(ref c, isSharded: true),
    };
}
