namespace MiniRedis.Server.PubSub;

/// <summary>
/// The subscriptions of one client, in order, each with the client's place among the channel's subscribers. Belongs to
/// <see cref="PubSubChannels"/>. A client without subscriptions has none.
/// </summary>
sealed class Subscriptions
{
    /// <summary>Bytes of the object with the first of its tables.</summary>
    const int OwnBytes = 160;

    /// <summary>
    /// Bytes of each subscription: an entry of the client's table, a place in the channel's array, a share of the channel.
    /// </summary>
    const int BytesEach = 112;

    readonly Dictionary<Channel, int>?[] _places = new Dictionary<Channel, int>?[3];
    long _nameBytes;

    /// <summary>Number of subscriptions to channels and patterns, which (P)SUBSCRIBE and (P)UNSUBSCRIBE answer.</summary>
    public int Ordinary => Count(ChannelKind.Channel) + Count(ChannelKind.Pattern);

    public bool IsEmpty => Ordinary + Count(ChannelKind.Shard) == 0;

    /// <summary>Bytes of memory. Channels with several subscribers are counted for each of them.</summary>
    public long MemoryBytes => OwnBytes + (Ordinary + Count(ChannelKind.Shard)) * (long)BytesEach + _nameBytes;

    public int Count(ChannelKind kind) => _places[(int)kind]?.Count ?? 0;

    public Dictionary<Channel, int> Of(ChannelKind kind) => _places[(int)kind] ??= [];

    public void NoteAdded(Channel channel) => _nameBytes += channel.Name.Length;

    public void NoteRemoved(Channel channel) => _nameBytes -= channel.Name.Length;
}
