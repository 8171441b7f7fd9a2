using System.Buffers.Binary;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tracking;

// The idea. Redis keeps a radix tree of keys, each with a radix tree of client ids. It needs less than a tree can do: find a key,
// remove it, draw one at random. So ours is a keyspace like that of the data, with one database. The value of a key's record
// holds the ids of the clients that may have the key in their caches.
//
//     hash of the key ─► index bucket ─► record │ header │ key │ id │ id │ ...        8 bytes each, in rising order
//
// This suits a table of a million keys better than a Dictionary of sets. It is outside the collected heap, so the collector has
// nothing to walk (a HashSet for each key would be three objects, 200 MB for a million keys). It grows bucket by bucket, without
// a pause. Its bytes are known exactly (42 for a key of 16 bytes and one client). FLUSHALL drops it in O(1). And both keyspaces
// share the secret of their hash, so the hash of the command's own lookup finds the key here too.
//
// As in Redis there is one table for all databases, since invalidations have names but no numbers of databases. And the id of a
// client that leaves stays under each of its keys. Such ids go when the key changes, and whenever the number of ids of a key has
// doubled.

/// <summary>The keys that clients have read, with the ids of these clients.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class TrackingTable(Keyspace data)
{
    const int IdBytes = sizeof(long);

    /// <summary>From this many ids of one key on, ids of clients that have left are looked for.</summary>
    const int ManyIds = 4;

    // Created for the first key: most servers never need it.
    Keyspace? _keyspace;

    /// <summary>Number of keys.</summary>
    public long Count => _keyspace?[0].Count ?? 0;

    /// <summary>Number of ids under all keys, including those of clients that have left.</summary>
    public long Items { get; private set; }

    /// <summary>Bytes of memory: exact.</summary>
    public long MemoryBytes => _keyspace?.UsedBytes ?? 0;

    /// <summary>
    /// Notes that a client may have a key in its cache. If memory for that is refused, the table is to be emptied: a key may be
    /// half noted.
    /// </summary>
    /// <param name="hash">The key's hash, the same in every database of the data's keyspace.</param>
    public void Add(ReadOnlySpan<byte> key, ulong hash, long id, ClientRegistry clients)
    {
        var database = (_keyspace ??= NewKeyspace())[0];
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
        // The span is the record's own bytes, in place or moved. The former ids come first.
        var grown = database.MutableString(at, key, ids.Length + IdBytes, out _);
        grown[(place * IdBytes)..(count * IdBytes)].CopyTo(grown[((place + 1) * IdBytes)..]);
        BinaryPrimitives.WriteInt64LittleEndian(grown[(place * IdBytes)..], id);
        Items++;
        if (++count >= ManyIds && int.IsPow2(count)) DropLeft(key, hash, clients);
    }

    /// <summary>Removes a key.</summary>
    /// <param name="ids">Filled with the ids of its clients, in rising order; replaced by a longer one if they do not fit.</param>
    /// <returns>Number of ids; 0 if the key is not there.</returns>
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

    /// <summary>A random key, with equal probability for each. The span is valid until the table changes.</summary>
    public bool TryGetRandom(Random random, out ReadOnlySpan<byte> key)
    {
        key = default;
        if (Count == 0 || !_keyspace![0].TryGetRandom(out var record, random)) return false;
        key = record.Key;
        return true;
    }

    /// <summary>One step of a walk over the keys, as <see cref="Database.Scan"/> does it.</summary>
    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor =>
        _keyspace is null ? 0 : _keyspace[0].Scan(cursor, ref visitor);

    /// <summary>Prefetches the bucket of a key that will be added.</summary>
    public void PrefetchBucket(ulong hash) => _keyspace?[0].PrefetchBucket(hash);

    /// <summary>Prefetches the key's record. Useful once <see cref="PrefetchBucket"/> has had its time.</summary>
    public void PrefetchRecord(ulong hash) => _keyspace?[0].PrefetchRecord(hash);

    /// <summary>Empties it in O(1). The memory goes back to the system in the background.</summary>
    public void Clear()
    {
        Items = 0;
        _keyspace?.Arena.DisposeLater();
        _keyspace = null;
    }

    Keyspace NewKeyspace()
    {
        var keyspace = new Keyspace(1, data.Seed);
        // Tests that refuse the data memory refuse it here too.
        keyspace.Arena.Trial = data.Arena.Trial;
        return keyspace;
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

    /// <summary>The place of an id among those of a key, or the place to insert it.</summary>
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
