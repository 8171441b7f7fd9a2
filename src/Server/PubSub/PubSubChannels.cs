using System.Diagnostics;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.PubSub;

// The idea. A channel is a name and the array of its subscribers. A client knows its place in the array of each of its channels:
//
//     name ─► Channel ─► [client, client, client, ...]          PUBLISH: one lookup, one walk over an array
//                            ▲
//     client ─► Channel ─► place                                UNSUBSCRIBE: the last subscriber moves to the free place
//
// A message is encoded once and its bytes are copied to each subscriber: RESP2 and RESP3 differ in its first byte only.
// Subscribers get it from their own loops when the publisher's batch is over, many messages in one send. A subscriber that does
// not read is closed when its pending bytes exceed the limit of its class, so a slow subscriber costs the publisher no more than
// a fast one.
//
// Patterns are found by their prefixes (see PatternIndex), so PUBLISH tries only patterns that may match. Redis tries all.
//
// Sharded channels are a kind of their own. Without a cluster the only difference is that patterns do not match them.

/// <summary>The channels and their subscribers. Publishing is in PubSubChannels.Publish.cs.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed partial class PubSubChannels
{
    readonly Pushes _pushes;
    readonly Dictionary<byte[], Channel>[] _byName;
    readonly PatternIndex _patterns;

    public PubSubChannels(Keyspace keyspace, Pushes pushes)
    {
        _pushes = pushes;
        var comparer = new KeyComparer(keyspace[0]);
        _byName = [new(comparer), new(comparer), new(comparer)];
        _patterns = new PatternIndex(comparer);
    }

    /// <summary>Whether a message of an ordinary channel could have a receiver.</summary>
    public bool HasListeners => _byName[(int)ChannelKind.Channel].Count + _byName[(int)ChannelKind.Pattern].Count > 0;

    /// <summary>Called when <see cref="HasListeners"/> may have changed.</summary>
    public Action? ListenersChanged { get; set; }

    /// <summary>Number of channels of a kind, or of patterns, that have subscribers.</summary>
    public int Count(ChannelKind kind) => _byName[(int)kind].Count;

    /// <summary>These channels or patterns.</summary>
    public IEnumerable<Channel> All(ChannelKind kind) => _byName[(int)kind].Values;

    /// <summary>Number of subscribers of a channel, without those of matching patterns.</summary>
    public int Subscribers(ChannelKind kind, ReadOnlySpan<byte> name) => Find(kind, name)?.Count ?? 0;

    /// <summary>Subscribes the client, unless it is already subscribed.</summary>
    public void Subscribe(Client client, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        var channel = Find(kind, name);
        var own = (client.Subscriptions ??= new Subscriptions()).Of(kind);
        if (channel is null)
        {
            channel = new Channel(kind, name.ToArray());
            _byName[(int)kind].Add(channel.Name, channel);
            if (kind == ChannelKind.Pattern) _patterns.Add(channel);
            ListenersChanged?.Invoke();
        }
        else if (own.ContainsKey(channel))
        {
            return;
        }
        own.Add(channel, channel.Append(client));
        client.Subscriptions.NoteAdded(channel);
    }

    /// <summary>Ends a subscription, if there is one.</summary>
    public void Unsubscribe(Client client, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        if (client.Subscriptions is not null && Find(kind, name) is { } channel) Unsubscribe(client, channel);
    }

    /// <inheritdoc cref="Unsubscribe(Client, ChannelKind, ReadOnlySpan{byte})"/>
    public void Unsubscribe(Client client, Channel channel)
    {
        var subscriptions = client.Subscriptions!;
        if (!subscriptions.Of(channel.Kind).Remove(channel, out var place)) return;
        subscriptions.NoteRemoved(channel);
        if (channel.RemoveAt(place) is { } moved) moved.Subscriptions!.Of(channel.Kind)[channel] = place;
        if (subscriptions.IsEmpty) client.Subscriptions = null;
        if (channel.Count > 0) return;
        _byName[(int)channel.Kind].Remove(channel.Name);
        if (channel.Kind == ChannelKind.Pattern) _patterns.Remove(channel);
        ListenersChanged?.Invoke();
    }

    /// <summary>Ends every subscription of the client, and its subscriber mode. Sends no message.</summary>
    public void Leave(Client client)
    {
        foreach (var kind in Enum.GetValues<ChannelKind>())
        {
            if (client.Subscriptions is not { } subscriptions) break;
            if (subscriptions.Count(kind) == 0) continue;
            foreach (var channel in subscriptions.Of(kind).Keys) Unsubscribe(client, channel);
        }
        Debug.Assert(client.Subscriptions is null);
        client.Flags &= ~ClientFlags.PubSub;
    }

    Channel? Find(ChannelKind kind, ReadOnlySpan<byte> name)
    {
        var byName = _byName[(int)kind];
        return byName.Count > 0 && byName.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var channel) ? channel : null;
    }
}

/// <summary>The kinds of subscriptions.</summary>
enum ChannelKind : byte
{
    Channel,
    Pattern,
    Shard,
}
