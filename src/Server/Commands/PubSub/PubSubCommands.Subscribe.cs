using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Server.PubSub;

namespace MiniRedis.Server.Commands.PubSub;

/// <summary>The six commands that begin and end subscriptions. The answer is one message for each channel.</summary>
static partial class PubSubCommands
{
    static Command SubscribeSpec => Subscribing("SUBSCRIBE", "2.0.0", "channel", ChannelKind.Channel, "Listens for messages on channels.");

    static Command UnsubscribeSpec => Unsubscribing("UNSUBSCRIBE", "2.0.0", "channel", ChannelKind.Channel, "Ends SUBSCRIBE.");

    static Command PSubscribeSpec => Subscribing("PSUBSCRIBE", "2.0.0", "pattern", ChannelKind.Pattern,
        "Listens for messages on the channels that patterns match.");

    static Command PUnsubscribeSpec => Unsubscribing("PUNSUBSCRIBE", "2.0.0", "pattern", ChannelKind.Pattern, "Ends PSUBSCRIBE.");

    static Command SSubscribeSpec => Subscribing("SSUBSCRIBE", "7.0.0", "shardchannel", ChannelKind.Shard,
        "Listens for messages on sharded channels.");

    static Command SUnsubscribeSpec => Unsubscribing("SUNSUBSCRIBE", "7.0.0", "shardchannel", ChannelKind.Shard, "Ends SSUBSCRIBE.");

    static Command Subscribing(string name, string since, string argument, ChannelKind kind, string summary) => new()
    {
        Name = name, Group = CommandGroup.PubSub, Since = since, Complexity = "O(N) where N is the number of arguments",
        Summary = summary, Arity = -2, Flags = FlagsOf(kind), Keys = KeysOf(kind), Args = [ArgOf(argument, kind).Multiple()],
        Channels = new ChannelSpec(1, ToEnd: true, ArePatterns: kind == ChannelKind.Pattern),
        RunsSubscribed = true,
        Run = (ref CommandContext c) => Subscribe(ref c, kind),
    };

    static Command Unsubscribing(string name, string since, string argument, ChannelKind kind, string summary) => new()
    {
        Name = name, Group = CommandGroup.PubSub, Since = since, Complexity = "O(N) where N is the number of subscriptions that end",
        Summary = summary, Arity = -1, Flags = FlagsOf(kind), Keys = KeysOf(kind), Args = [ArgOf(argument, kind).Optional().Multiple()],
        RunsSubscribed = true,
        Run = (ref CommandContext c) => Unsubscribe(ref c, kind),
    };

    static CommandFlags FlagsOf(ChannelKind kind) =>
        OfAll | CommandFlags.NoScript | (kind == ChannelKind.Shard ? CommandFlags.None : CommandFlags.Sentinel);

    static KeySpec[] KeysOf(ChannelKind kind) => kind == ChannelKind.Shard ? [KeySpec.Range(1, -1, 1, KeyFlags.NotKey)] : [];

    static Arg ArgOf(string name, ChannelKind kind) => kind == ChannelKind.Pattern ? Arg.Pattern(name) : Arg.String(name);

    static void Subscribe(ref CommandContext c, ChannelKind kind)
    {
        // A client that may not wait (a script's) has no use for subscriptions. As ever in Redis, MULTI allows them.
        if (!c.MayBlock && (kind == ChannelKind.Shard || !c.Client.Has(ClientFlags.Multi)))
        {
            c.Fail(kind switch
            {
                ChannelKind.Channel => Errors.SubscribeDenied,
                ChannelKind.Pattern => Errors.PSubscribeDenied,
                _ => Errors.SSubscribeDenied,
            });
            return;
        }
        var told = BeginTelling(ref c);
        for (var i = 1; i < c.Count; i++)
        {
            c.Server.PubSub.Subscribe(c.Client, kind, c.Arg(i));
            SubscriptionReply.Confirm(ref c, kind, subscribes: true, c.Arg(i));
        }
        c.Client.Flags |= ClientFlags.PubSub;
        EndTelling(ref c, told);
    }

    static void Unsubscribe(ref CommandContext c, ChannelKind kind)
    {
        var told = BeginTelling(ref c);
        if (c.Count > 1)
        {
            for (var i = 1; i < c.Count; i++)
            {
                c.Server.PubSub.Unsubscribe(c.Client, kind, c.Arg(i));
                SubscriptionReply.Confirm(ref c, kind, subscribes: false, c.Arg(i));
            }
        }
        else if (c.Client.Subscriptions is { } own && own.Count(kind) > 0)
        {
            foreach (var channel in own.Of(kind).Keys)
            {
                c.Server.PubSub.Unsubscribe(c.Client, channel);
                SubscriptionReply.Confirm(ref c, kind, subscribes: false, channel.Name);
            }
        }
        else
        {
            SubscriptionReply.ConfirmNothing(ref c, kind);
        }
        if (c.Client.Subscriptions is null) c.Client.Flags &= ~ClientFlags.PubSub;
        EndTelling(ref c, told);
    }

    /// <summary>Begins messages: CLIENT REPLY OFF does not hold them back.</summary>
    static (bool Muted, ReplyMark Mark) BeginTelling(ref CommandContext c)
    {
        var told = (c.Reply.Muted, c.Reply.Mark);
        c.Reply.Muted = false;
        return told;
    }

    static void EndTelling(ref CommandContext c, in (bool Muted, ReplyMark Mark) told)
    {
        c.Reply.CountAsOneReply(told.Mark);
        c.Reply.Muted = told.Muted;
    }
}
