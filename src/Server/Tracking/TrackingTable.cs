using System.Buffers.Binary;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tracking;

// The idea. Redis keeps a radix tree of keys, each with a radix tree of client ids. What is asked of it is less than what a tree
// can do: find a key, take it out, draw one at random. So ours is a keyspace like the one that holds the data, with a database
// of its own: the record of a key holds, as its value, the ids of the clients that may have it in their caches.
//
//     hash of the key ─► index bucket ─► record │ header │ key │ id │ id │ ...        8 bytes each, in rising order
//
// That gives all that a table of a million keys needs and a Dictionary of sets has not: it lies outside the collected heap, so
// the collector has nothing to walk (a HashSet a key would be three objects each, 200 MB for a million); it grows bucket by
// bucket, without a pause; its bytes are known exactly (42 for a key of 16 bytes and one client); FLUSHALL drops it in O(1); and
// since both keyspaces share the secret of their hash, the hash that the command's own look-up needed finds the key here too.
//
// As in Redis the table is one for all databases, since a client is told names, not numbers of databases; and a client that
// leaves stays in it under each of its keys, as an id that nobody has any more. Such ids go when the key changes, and
// whenever the ids of a key have doubled.

/// <summary>Which clients are to be told when which keys change.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class TrackingTable(Keyspace data)
{
    const int IdBytes = sizeof(long);

    /// <summary>From so many ids of one key on it is worth looking for those of clients that have left.</summary>
    const int ManyIds = 4;

    // Made when the first key comes, for most servers never need it.
    Keyspace? _keyspace;

    /// <summary>Keys in it.</summary>
    public long Count => _keyspace?[0].Count ?? 0;

    /// <summary>Ids under all keys, those of clients that have left included.</summary>
    public long Items { get; private set; }

    /// <summary>Bytes of memory: exact.</summary>
    public long MemoryBytes => _keyspace?.UsedBytes ?? 0;

    /// <summary>Notes that a client may have a key in its cache.</summary>
    /// <param name="hash">The key's, as every database of the data's keyspace tells it.</param>
    public void Add(ReadOnlySpan<byte> key, ulong hash, long id, ClientRegistry clients)
    {
        var database = (_keyspace ??= new Keyspace(1, data.Seed))[0];
        var at = database.Lookup(key, hash);
        if (!at.Found)
        {
            Span<byte> first = stackalloc byte[IdBytes];
            BinaryPrimitives.WriteInt64LittleEndian(first, id);
            database.SetText(at, key, first, expireAt: -1);
            Items++;
            return;
        }
        var ids = at.Record.Text;
        var count = ids.Length / IdBytes;
        var place = PlaceOf(ids, id);
        if (place < count && IdAt(ids, place) == id) return;
        // The span is the record's own bytes, in place or moved: the ids that it had come first.
        var grown = database.MutableString(at, key, ids.Length + IdBytes, out _);
        grown[(place * IdBytes)..(count * IdBytes)].CopyTo(grown[((place + 1) * IdBytes)..]);
        BinaryPrimitives.WriteInt64LittleEndian(grown[(place * IdBytes)..], id);
        Items++;
        if (++count >= ManyIds && int.IsPow2(count)) DropLeft(key, hash, clients);
    }

    /// <summary>Takes a key out.</summary>
    /// <param name="ids">Filled with the ids of its clients, in rising order; replaced by a longer one if they do not fit.</param>
    /// <returns>How many they are; 0 if the key is not there.</returns>
    public int Take(ReadOnlySpan<byte> key, ref long[] ids)
    {
        if (Count == 0) return 0;
        var database = _keyspace![0];
        var at = database.Lookup(key);
        if (!at.Found) return 0;
        var bytes = at.Record.Text;
        var count = bytes.Length / IdBytes;
        if (ids.Length < count) ids = new long[Math.Max(count, ids.Length * 2)];
        for (var i = 0; i < count; i++) ids[i] = IdAt(bytes, i);
        database.Delete(at);
        Items -= count;
        return count;
    }

    /// <summary>One of the keys, each as likely as the others; the span is valid until the table changes.</summary>
    public bool TryGetRandom(Random random, out ReadOnlySpan<byte> key)
    {
        key = default;
        if (Count == 0 || !_keyspace![0].TryGetRandom(out var record, random)) return false;
        key = record.Key;
        return true;
    }

    /// <summary>Starts loading the bucket of a key that is about to be noted.</summary>
    public void PrefetchBucket(ulong hash) => _keyspace?[0].PrefetchBucket(hash);

    /// <summary>Starts loading the key's record; of use once <see cref="PrefetchBucket"/> has had its time.</summary>
    public void PrefetchRecord(ulong hash) => _keyspace?[0].PrefetchRecord(hash);

    /// <summary>Empties it in O(1); the memory goes back to the system in the background.</summary>
    public void Clear()
    {
        Items = 0;
        if (Count > 0) _keyspace!.FlushAll();
        _keyspace?.Dispose();
        _keyspace = null;
    }

    void DropLeft(ReadOnlySpan<byte> key, ulong hash, ClientRegistry clients)
    {
        var database = _keyspace![0];
        var at = database.Lookup(key, hash);
        var ids = database.MutableString(at, key, at.Record.Text.Length, out _);
        var kept = 0;
        for (var i = 0; i < ids.Length; i += IdBytes)
        {
            if (!clients.TryGet(BinaryPrimitives.ReadInt64LittleEndian(ids[i..]), out _)) continue;
            ids.Slice(i, IdBytes).CopyTo(ids[kept..]);
            kept += IdBytes;
        }
        Items -= (ids.Length - kept) / IdBytes;
        if (kept < ids.Length) database.MutableString(database.Lookup(key, hash), key, kept, out _);
    }

    /// <summary>Where an id is among those of a key, or would be.</summary>
    static int PlaceOf(ReadOnlySpan<byte> ids, long id)
    {
        int low = 0, high = ids.Length / IdBytes;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (IdAt(ids, middle) < id) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    static long IdAt(ReadOnlySpan<byte> ids, int index) => BinaryPrimitives.ReadInt64LittleEndian(ids[(index * IdBytes)..]);
}
