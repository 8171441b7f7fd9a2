using MiniRedis.Resp;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.PubSub;

/// <summary>Delivers messages to subscribers.</summary>
sealed partial class PubSubChannels
{
    readonly FrameBuffer _frame = new();
    readonly ReplyWriter _writer = new();
    readonly List<Channel> _matches = [];

    /// <summary>
    /// Sends a message to the subscribers of the channel and, unless it is sharded, of the patterns that match it. A client with
    /// several matching subscriptions gets it several times.
    /// </summary>
    /// <returns>Number of messages sent.</returns>
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

    /// <summary>Bytes in which a subscriber gets a message of a sharded channel.</summary>
    public static long ShardMessageBytes(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message) =>
        "*3\r\n$8\r\nsmessage\r\n"u8.Length + BulkBytes(channel) + BulkBytes(message);

    static long BulkBytes(ReadOnlySpan<byte> text) => text.Length + 5L + (int)Math.Log10(Math.Max(1, text.Length)) + 1;

    /// <summary>Ends all subscriptions to a sharded channel, and tells the subscribers.</summary>
    public void EndChannel(Channel channel)
    {
        while (channel.Count > 0)
        {
            var client = channel.Subscribers[^1];
            Unsubscribe(client, channel);
            BeginFrame(3);
            _writer.Bulk("sunsubscribe"u8);
            _writer.Bulk(channel.Name);
            _writer.Integer(client.Subscriptions?.Count(ChannelKind.Shard) ?? 0);
            _writer.Complete();
            var frame = _frame.Written;
            frame[0] = client.Protocol == 2 ? (byte)'*' : (byte)'>';
            _pushes.Send(client, frame);
            _frame.Clear();
            if (client.Subscriptions is null) client.Flags &= ~ClientFlags.PubSub;
        }
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
            _pushes.Send(client, frame);
        }
        _frame.Clear();
        return channel.Count;
    }
}
