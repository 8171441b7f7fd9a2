using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Transactions;

// The idea (Redis's, multi.c): optimistic locking. A key knows who watches it, and whatever changes it marks those clients, so that
// their next EXEC runs nothing.
//
//     database ─► key ─► WatchedKey ─► Watch ─► Watch         one a client; a client's own watches are linked too
//
// What changes a key is not told by each command but read from the stream of effects, so no command can forget it, and
// while nobody watches nobody listens. A client that is marked watches nothing any more: once is enough. Time changes keys
// as well: EXEC looks whether what it watches has expired meanwhile, for it may not have been deleted yet.
//
// Costs: watching, and forgetting it, takes time in proportion to the keys; an event takes one look-up.

/// <summary>Who watches which keys: WATCH.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class WatchedKeys(
    ClientTransactions transactions, Keyspace keyspace, KeyAccess keys, ClientMemory clientMemory, EffectStream effects)
    : IEffectSink
{
    readonly Dictionary<byte[], WatchedKey>?[] _keys = new Dictionary<byte[], WatchedKey>?[keyspace.DatabaseCount];
    readonly KeyComparer _comparer = new(keyspace[0]);

    /// <summary>Clients that watch something.</summary>
    public int Clients { get; private set; }

    /// <summary>Keys that someone watches, in all databases.</summary>
    public int Count { get; private set; }

    /// <summary>Has the client watch a key of its database. To watch it twice is to watch it once.</summary>
    public void Watch(Client client, ReadOnlySpan<byte> key)
    {
        var transaction = transactions.Of(client);
        var number = client.Database.Number;
        var keys = _keys[number] ??= new(_comparer);
        if (!keys.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var watched))
        {
            watched = new WatchedKey(number, key.ToArray());
            keys.Add(watched.Key, watched);
            if (Count++ == 0) effects.AddSink(this);
        }
        else if (transaction.IsWatching(watched))
        {
            return;
        }
        if (transaction.WatchCount == 0) Clients++;
        transaction.Add(watched.Add(client, IsExpired(client.Database.Lookup(key))));
    }

    /// <summary>Has the client watch nothing.</summary>
    public void Unwatch(Client client)
    {
        if (client.Transaction is not { WatchCount: > 0 } transaction) return;
        for (var watch = transaction.Watches; watch is not null; watch = watch.NextOfClient)
        {
            var key = watch.Key;
            key.Remove(watch);
            if (key.First is not null) continue;
            _keys[key.Database]!.Remove(key.Key);
            if (--Count == 0) effects.RemoveSink(this);
        }
        transaction.ClearWatches();
        Clients--;
    }

    /// <summary>Whether the time of a key that the client watches has passed since it began to.</summary>
    public bool HasExpired(Client client)
    {
        for (var watch = client.Transaction?.Watches; watch is not null; watch = watch.NextOfClient)
        {
            if (!watch.IsStale && IsExpired(Lookup(watch.Key.Database, watch.Key))) return true;
        }
        return false;
    }

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.All;

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        if (_keys[database] is not { Count: > 0 } keys || !EffectStream.IsModification(kind, name)) return;
        if (!keys.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var watched)) return;
        for (WatchedKey.Watch? watch = watched.First, next; watch is not null; watch = next)
        {
            next = watch.Next;
            if (watch.IsStale && kind == KeyspaceEvents.Expired) watch.IsStale = false;
            else Mark(watch.Client);
        }
    }

    /// <summary>Keys that are not there do not change by it. What had expired already goes without being missed.</summary>
    void IEffectSink.OnFlushing(int database)
    {
        if (_keys[database] is not { } keys) return;
        foreach (var watched in keys.Values)
        {
            if (!Lookup(database, watched).Found) continue;
            for (WatchedKey.Watch? watch = watched.First, next; watch is not null; watch = next)
            {
                next = watch.Next;
                if (watch.IsStale) watch.IsStale = false;
                else Mark(watch.Client);
            }
        }
    }

    void IEffectSink.OnSwapped(int first, int second)
    {
        Exchange(first, second);
        Exchange(second, first);
    }

    /// <summary>The keys of a database are those that another had, which now has the keys of this one.</summary>
    void Exchange(int database, int other)
    {
        if (_keys[database] is not { } keys) return;
        foreach (var watched in keys.Values)
        {
            var now = Lookup(database, watched);
            var before = Lookup(other, watched).Found;
            if (!now.Found && !before) continue;
            var isExpired = IsExpired(now);
            for (WatchedKey.Watch? watch = watched.First, next; watch is not null; watch = next)
            {
                next = watch.Next;
                // Neither an expired key nor none is there for a client.
                var wasThere = before && !watch.IsStale;
                if (!wasThere && (isExpired || !now.Found)) watch.IsStale = isExpired;
                else Mark(watch.Client);
            }
        }
    }

    void Mark(Client client)
    {
        client.Flags |= ClientFlags.DirtyCas;
        Unwatch(client);
        client.Transaction!.Queue.Clear();
        transactions.Release(client);
        clientMemory.Account(client);
    }

    KeyLookup Lookup(int database, WatchedKey watched) => keyspace[database].Lookup(watched.Key);

    bool IsExpired(in KeyLookup at) => at.Found && keys.IsExpired(at.Record);
}
