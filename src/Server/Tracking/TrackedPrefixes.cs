using System.Runtime.InteropServices;
using MiniRedis.Server.Buffers;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Tracking;

// The idea. Keys that change are only noted, under each prefix that matches. When the batch is over, the clients of a prefix get
// all of its keys in one message, in the order of their bytes, each key once. (Redis keeps a radix tree of keys for each prefix
// during a cycle of its event loop; a batch is the part of a cycle that one client causes.)
//
// Redis compares every prefix with the key. Ours does one lookup in a hash table for each length of prefix. Keys are copied once,
// one after the other, into a buffer that the next batch reuses.

/// <summary>The prefixes of clients with CLIENT TRACKING ... BCAST, and the keys that changed in this batch.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class TrackedPrefixes(KeyComparer comparer)
{
    readonly Dictionary<byte[], TrackedPrefix> _prefixes = new(comparer);

    // The lengths of prefixes, and the number of prefixes of each.
    readonly SortedList<int, int> _lengths = [];
    List<TrackedPrefix> _changed = [], _telling = [];
    readonly NativeWriter _keys = new();

    public int Count => _prefixes.Count;

    /// <summary>Whether a key has changed since the prefixes were last told.</summary>
    public bool AnyChanged => _changed.Count > 0;

    /// <summary>
    /// Adds a prefix of a client; a second time changes nothing. Call <see cref="ClientTracking.OrderPrefixes"/> afterwards.
    /// </summary>
    public void Add(Client client, ClientTracking tracking, ReadOnlySpan<byte> text)
    {
        if (!_prefixes.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(text, out var prefix))
        {
            prefix = new TrackedPrefix(text.ToArray());
            _prefixes.Add(prefix.Text, prefix);
            _lengths[text.Length] = _lengths.GetValueOrDefault(text.Length) + 1;
        }
        if (prefix.Clients.Add(client)) tracking.Add(prefix);
    }

    /// <summary>Removes all prefixes of a client.</summary>
    public void RemoveAll(Client client, ClientTracking tracking)
    {
        var anyChanged = false;
        foreach (var prefix in tracking.Prefixes)
        {
            prefix.Clients.Remove(client);
            if (prefix.Clients.Count > 0) continue;
            _prefixes.Remove(prefix.Text);
            anyChanged |= prefix.Changed.Count > 0;
            if (--_lengths[prefix.Text.Length] == 0) _lengths.Remove(prefix.Text.Length);
        }
        tracking.ClearPrefixes();
        if (anyChanged) _changed.RemoveAll(static prefix => prefix.Clients.Count == 0);
    }

    /// <summary>Notes that a key changed.</summary>
    /// <param name="changer">The client that changed it; null for the server itself.</param>
    public void Note(ReadOnlySpan<byte> key, Client? changer)
    {
        var start = -1;
        var prefixes = _prefixes.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (var length in _lengths.Keys)
        {
            if (length > key.Length) return;
            if (!prefixes.TryGetValue(key[..length], out var prefix)) continue;
            if (start < 0) start = Keep(key);
            if (prefix.Changed.Count == 0) _changed.Add(prefix);
            prefix.Changed.Add(new ChangedKey(start, key.Length, prefix.Changed.Count, changer));
        }
    }

    int Keep(ReadOnlySpan<byte> key)
    {
        if (_changed.Count == 0) _keys.Clear();
        var start = _keys.Length;
        _keys.Write(key);
        return start;
    }

    /// <summary>
    /// The prefixes under which keys have changed, in the order of bytes. The keys of each are ordered too, each key once. Call
    /// <see cref="Told"/> afterwards.
    /// </summary>
    public List<TrackedPrefix> TakeChanged()
    {
        // Telling a client may close it and remove its prefixes, which must not change the list in use.
        (_changed, _telling) = (_telling, _changed);
        _telling.Sort(TrackedPrefix.ByText);
        foreach (var prefix in _telling) Arrange(prefix.Changed);
        return _telling;
    }

    void Arrange(List<ChangedKey> changed)
    {
        if (changed.Count < 2) return;
        changed.Sort((one, other) => KeyOf(one).SequenceCompareTo(KeyOf(other)) is var order and not 0 ? order : one.Order - other.Order);
        // The last change of each key counts: it has the client that is not told.
        var kept = 0;
        for (var i = 0; i < changed.Count; i++)
        {
            if (i + 1 < changed.Count && KeyOf(changed[i]).SequenceEqual(KeyOf(changed[i + 1]))) continue;
            changed[kept++] = changed[i];
        }
        CollectionsMarshal.SetCount(changed, kept);
    }

    public ReadOnlySpan<byte> KeyOf(in ChangedKey key) => _keys.Written.Slice(key.Start, key.Length);

    /// <summary>Forgets the keys that clients were told of.</summary>
    public void Told()
    {
        foreach (var prefix in _telling) prefix.Changed.Clear();
        _telling.Clear();
        if (_changed.Count == 0) _keys.Clear();
    }
}

/// <summary>A prefix and its clients.</summary>
sealed class TrackedPrefix(byte[] text)
{
    public static IComparer<TrackedPrefix> ByText { get; } =
        Comparer<TrackedPrefix>.Create((one, other) => one.Text.AsSpan().SequenceCompareTo(other.Text));

    public byte[] Text { get; } = text;

    public HashSet<Client> Clients { get; } = [];

    /// <summary>Keys that changed and that clients have not been told of.</summary>
    public List<ChangedKey> Changed { get; } = [];
}

/// <summary>
/// A key that changed: its bytes in the buffer of <see cref="TrackedPrefixes"/>, its place among the changes of its prefix, and
/// the client that changed it.
/// </summary>
readonly record struct ChangedKey(int Start, int Length, int Order, Client? Changer);
