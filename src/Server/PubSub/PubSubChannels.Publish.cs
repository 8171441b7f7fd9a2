using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.PubSub;

/// <summary>Delivers messages, and says what subscribers are told.</summary>
sealed partial class PubSubChannels
{
    readonly FrameBuffer _frame = new();
    readonly ReplyWriter _writer = new();
    readonly List<Channel> _matches = [];

    /// <summary>
    /// Sends a message to the subscribers of the channel and, unless it is a sharded one, of the patterns that match it. One who
    /// subscribes in several ways gets it as often.
    /// </summary>
    /// <returns>How often it was sent.</returns>
    public int Publish(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message, bool isSharded = false)
    {
        var receivers = 0;
        if (Find(isSharded ? ChannelKind.Shard : ChannelKind.Channel, channel) is { } subscribed)
        {
            BeginFrame(3);
            _writer.Bulk(isSharded ? "smessage"u8 : "message"u8);
            _writer.Bulk(channel);
            _writer.Bulk(message);
            _writer.Complete();
            receivers = Send(subscribed);
        }
        if (isSharded || _byName[(int)ChannelKind.Pattern].Count == 0) return receivers;

        _patterns.Find(channel, _matches);
        foreach (var pattern in _matches)
        {
            BeginFrame(4);
            _writer.Bulk("pmessage"u8);
            _writer.Bulk(pattern.Name);
            _writer.Bulk(channel);
            _writer.Bulk(message);
            _writer.Complete();
            receivers += Send(pattern);
        }
        _matches.Clear();
        return receivers;
    }

    void BeginFrame(int elements)
    {
        _writer.Attach(_frame, protocol: 3);
        _writer.Push(elements);
    }

    int Send(Channel channel)
    {
        var frame = _frame.Written;
        foreach (var client in channel.Subscribers)
        {
            frame[0] = client.Protocol == 2 ? (byte)'*' : (byte)'>';
            _server.Pushes.Send(client, frame);
        }
        _frame.Clear();
        return channel.Count;
    }

    /// <summary>Has a command that (un)subscribes tell its client of it: a message takes the place of a reply.</summary>
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

    /// <summary>How many subscriptions there are now, sharded channels being counted apart.</summary>
    static void EndConfirmation(ref CommandContext c, ChannelKind kind)
    {
        var own = c.Client.Subscriptions;
        c.Reply.Integer(own is null ? 0 : kind == ChannelKind.Shard ? own.Count(kind) : own.Ordinary);
    }
}
