using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.PubSub;

/// <summary>PUBSUB: tells who subscribes to what.</summary>
static partial class PubSubCommands
{
    static Command PubSubSpec => new()
    {
        Name = "PUBSUB", Group = CommandGroup.PubSub, Since = "2.8.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about publish/subscribe.",
        Arity = -2,
        Subcommands =
        [
            Told("CHANNELS", "2.8.0", -2, "Lists channels that have subscribers.", "O(N) where N is the number of channels",
                static (ref CommandContext c) => Channels(ref c, ChannelKind.Channel), [Arg.Pattern("pattern").Optional()]),
            Told("NUMSUB", "2.8.0", -2, "Counts the subscribers of channels.", "O(N) where N is the number of arguments",
                static (ref CommandContext c) => NumSub(ref c, ChannelKind.Channel), [Arg.String("channel").Optional().Multiple()]),
            Told("NUMPAT", "2.8.0", 2, "Counts the patterns that have subscribers.", "O(1)",
                static (ref CommandContext c) => c.Reply.Integer(c.Server.PubSub.Count(ChannelKind.Pattern))),
            Told("SHARDCHANNELS", "7.0.0", -2, "Lists sharded channels that have subscribers.", "O(N) where N is the number of channels",
                static (ref CommandContext c) => Channels(ref c, ChannelKind.Shard), [Arg.Pattern("pattern").Optional()]),
            Told("SHARDNUMSUB", "7.0.0", -2, "Counts the subscribers of sharded channels.", "O(N) where N is the number of arguments",
                static (ref CommandContext c) => NumSub(ref c, ChannelKind.Shard), [Arg.String("shardchannel").Optional().Multiple()]),
            Help.Subcommand("6.2.0", CommandGroup.PubSub,
                ("CHANNELS [<pattern>]", "Lists the channels with subscribers that match <pattern> (default: all)."),
                ("NUMPAT", "Counts the patterns that have subscribers."),
                ("NUMSUB [<channel> ...]", "Counts the subscribers of each channel, those of patterns left out."),
                ("SHARDCHANNELS [<pattern>]", "Lists the sharded channels with subscribers that match <pattern> (default: all)."),
                ("SHARDNUMSUB [<shardchannel> ...]", "Counts the subscribers of each sharded channel.")),
        ],
    };

    static Command Told(string name, string since, int arity, string summary, string complexity, CommandHandler run, Arg[]? args = null) => new()
    {
        Name = name, Group = CommandGroup.PubSub, Since = since, Complexity = complexity, Summary = summary,
        Arity = arity, Flags = OfAll, Args = args ?? [], Run = run,
    };

    static void Channels(ref CommandContext c, ChannelKind kind)
    {
        if (c.Count > 3)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "PUBSUB"));
            return;
        }
        var list = c.Reply.BeginDeferred();
        var count = 0;
        foreach (var channel in c.Server.PubSub.All(kind))
        {
            if (c.Count == 3 && !Glob.IsMatch(c.Arg(2), channel.Name)) continue;
            c.Reply.Bulk(channel.Name);
            count++;
        }
        c.Reply.EndArray(list, count);
    }

    static void NumSub(ref CommandContext c, ChannelKind kind)
    {
        c.Reply.Array((c.Count - 2) * 2L);
        for (var i = 2; i < c.Count; i++)
        {
            c.Reply.Bulk(c.Arg(i));
            c.Reply.Integer(c.Server.PubSub.Subscribers(kind, c.Arg(i)));
        }
    }
}
