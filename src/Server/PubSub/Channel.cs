using MiniRedis.Server.Clients;

namespace MiniRedis.Server.PubSub;

/// <summary>A channel, a sharded channel or a pattern, with its subscribers. Belongs to <see cref="PubSubChannels"/>.</summary>
sealed class Channel(ChannelKind kind, byte[] name)
{
    const int FirstCapacity = 2;

    Client[] _subscribers = new Client[FirstCapacity];

    public ChannelKind Kind { get; } = kind;

    /// <summary>The name of the channel, or the pattern.</summary>
    public byte[] Name { get; } = name;

    public int Count { get; private set; }

    public ReadOnlySpan<Client> Subscribers => _subscribers.AsSpan(0, Count);

    /// <summary>Adds a subscriber. Returns its place.</summary>
    public int Append(Client client)
    {
        if (Count == _subscribers.Length) Array.Resize(ref _subscribers, Count * 2);
        _subscribers[Count] = client;
        return Count++;
    }

    /// <summary>
    /// Removes the subscriber at <paramref name="place"/>. Returns the client that was moved there; null if none was.
    /// </summary>
    public Client? RemoveAt(int place)
    {
        var last = _subscribers[--Count];
        _subscribers[Count] = null!;
        // Room for twice the present number is enough: a channel that had thousands must not keep their room for one.
        if (Count >= FirstCapacity && Count * 4 <= _subscribers.Length) Array.Resize(ref _subscribers, Count * 2);
        if (place == Count) return null;
        _subscribers[place] = last;
        return last;
    }
}
