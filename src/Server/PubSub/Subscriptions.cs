namespace MiniRedis.Server.PubSub;

/// <summary>
/// What one client subscribes to, in order of subscription, each with its place among the channel's subscribers.
/// <see cref="PubSubChannels"/>'s; a client that subscribes to nothing has none.
/// </summary>
sealed class Subscriptions
{
    /// <summary>Bytes of the object with the first of its tables.</summary>
    const int OwnBytes = 160;

    /// <summary>Bytes a subscription: an entry of the client's table, a place in the channel's array, a share of the channel.</summary>
    const int BytesEach = 112;

    readonly Dictionary<Channel, int>?[] _places = new Dictionary<Channel, int>?[3];
    long _nameBytes;

    /// <summary>Subscriptions to channels and patterns: what (P)SUBSCRIBE and (P)UNSUBSCRIBE answer.</summary>
    public int Ordinary => Count(ChannelKind.Channel) + Count(ChannelKind.Pattern);

    public bool IsEmpty => Ordinary + Count(ChannelKind.Shard) == 0;

    /// <summary>Bytes of memory that they take. Channels that others subscribe to as well are counted for each.</summary>
    public long MemoryBytes => OwnBytes + (Ordinary + Count(ChannelKind.Shard)) * (long)BytesEach + _nameBytes;

    public int Count(ChannelKind kind) => _places[(int)kind]?.Count ?? 0;

    public Dictionary<Channel, int> Of(ChannelKind kind) => _places[(int)kind] ??= [];

    public void NoteAdded(Channel channel) => _nameBytes += channel.Name.Length;

    public void NoteRemoved(Channel channel) => _nameBytes -= channel.Name.Length;
}
