using MiniRedis.Server.Keys;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.PubSub;

// Patterns in use begin with plain text ("user:42:*", "__keyspace@0__:*"), and the bytes before the first special one decide most
// of them. Patterns with the same prefix are one group. Groups are found by hash, with one lookup for each length of prefix:
//
//     lengths    3 7 9               the channel "user:42:x" is looked up as "use", "user:42" and "user:42:x"
//     prefix ─► [pattern, ...]       the text after the prefix is matched
//
// A thousand such patterns cost a handful of lookups. Prefixes are cut at 64 bytes, so there are at most 65 lengths.

/// <summary>The subscribed patterns, by prefix. Belongs to <see cref="PubSubChannels"/>.</summary>
sealed class PatternIndex(KeyComparer comparer)
{
    const int LongestPrefix = 64;

    readonly Dictionary<byte[], List<Channel>> _groups = new(comparer);
    // Number of prefixes of each length.
    readonly int[] _prefixes = new int[LongestPrefix + 1];
    // The lengths in use, in order.
    int[] _lengths = [];

    public void Add(Channel pattern)
    {
        var prefix = Prefix(pattern);
        if (!_groups.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(prefix, out var group))
        {
            _groups.Add(prefix.ToArray(), group = []);
            if (_prefixes[prefix.Length]++ == 0) ListLengths();
        }
        group.Add(pattern);
    }

    public void Remove(Channel pattern)
    {
        var prefix = Prefix(pattern);
        var groups = _groups.GetAlternateLookup<ReadOnlySpan<byte>>();
        var group = groups[prefix];
        group.Remove(pattern);
        if (group.Count > 0) return;
        groups.Remove(prefix);
        if (--_prefixes[prefix.Length] == 0) ListLengths();
    }

    /// <summary>Adds the patterns that match to <paramref name="matches"/>.</summary>
    public void Find(ReadOnlySpan<byte> channel, List<Channel> matches)
    {
        var groups = _groups.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var length in _lengths)
        {
            if (length > channel.Length) break;
            if (!groups.TryGetValue(channel[..length], out var group)) continue;
            foreach (var pattern in group)
            {
                if (Glob.IsMatch(pattern.Name.AsSpan(length), channel[length..])) matches.Add(pattern);
            }
        }
    }

    static ReadOnlySpan<byte> Prefix(Channel pattern)
    {
        var name = pattern.Name.AsSpan();
        var special = name.IndexOfAny("*?[\\"u8);
        return name[..Math.Min(special < 0 ? name.Length : special, LongestPrefix)];
    }

    void ListLengths() => _lengths = [.. Enumerable.Range(0, LongestPrefix + 1).Where(length => _prefixes[length] > 0)];
}
