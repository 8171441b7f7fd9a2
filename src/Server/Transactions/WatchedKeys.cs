using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Transactions;

// The idea (Redis's, multi.c): optimistic locking. A key knows the clients that watch it. A change of the key marks these
// clients, and their next EXEC runs nothing.
//
//     database ─► key ─► WatchedKey ─► Watch ─► Watch         one for each client; a client's own watches are linked too
//
// Changes come from the stream of effects rather than from each command, so no command can forget to tell. There is no sink while
// no client watches. A marked client watches nothing any more: one mark is enough. Time changes keys as well: EXEC checks whether
// a watched key has expired meanwhile, since it may not have been deleted yet.
//
// Costs: WATCH and UNWATCH take time in proportion to the keys; an event takes one lookup.

/// <summary>The watched keys and the clients that watch them: WATCH.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class WatchedKeys(
    ClientTransactions transactions, Keyspace keyspace, KeyAccess keys, ClientMemory clientMemory, EffectStream effects)
    : IEffectSink
{
    readonly Dictionary<byte[], WatchedKey>?[] _keys = new Dictionary<byte[], WatchedKey>?[keyspace.DatabaseCount];
    readonly KeyComparer _comparer = new(keyspace[0]);

    /// <summary>Number of clients that watch keys.</summary>
    public int Clients { get; private set; }

    /// <summary>Number of watched keys, in all databases.</summary>
    public int Count { get; private set; }

    /// <summary>Watches a key of the client's database. A second time changes nothing.</summary>
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
        transaction.Add(watched.Add(client, IsGone(number, client.Database.Lookup(key))));
    }

    /// <summary>Ends all watches of the client.</summary>
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

    /// <summary>Whether a key has expired, or was purged, since the client began to watch it.</summary>
    public bool HasExpired(Client client)
    {
        for (var watch = client.Transaction?.Watches; watch is not null; watch = watch.NextOfClient)
        {
            if (!watch.IsStale && IsGone(watch.Key.Database, Lookup(watch.Key.Database, watch.Key))) return true;
        }
        return false;
    }

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.All;

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        if (_keys[database] is not { Count: > 0 } keys || !EffectStream.IsModification(kind, name) || name == EffectStream.TurnedStale) return;
        if (!keys.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var watched)) return;
        for (WatchedKey.Watch? watch = watched.First, next; watch is not null; watch = next)
        {
            next = watch.Next;
            if (watch.IsStale && (kind == KeyspaceEvents.Expired || name == EffectStream.Purged)) watch.IsStale = false;
            else Mark(watch.Client);
        }
    }

    /// <summary>Missing keys do not change by a flush. Nor do keys that had expired when the watch began.</summary>
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

    /// <summary>A key that was missing may be there now.</summary>
    void IEffectSink.OnReplacedAll(int databases) => ((IEffectSink)this).OnFlushingAll(databases);

    void IEffectSink.OnSwapped(int first, int second)
    {
        Exchange(first, second);
        Exchange(second, first);
    }

    /// <summary>Two databases have exchanged their keys.</summary>
    void Exchange(int database, int other)
    {
        if (_keys[database] is not { } keys) return;
        foreach (var watched in keys.Values)
        {
            var now = Lookup(database, watched);
            var before = Lookup(other, watched).Found;
            if (!now.Found && !before) continue;
            var isExpired = IsGone(database, now);
            for (WatchedKey.Watch? watch = watched.First, next; watch is not null; watch = next)
            {
                next = watch.Next;
                // For a client, an expired key is as missing as one that is not there.
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

    bool IsGone(int database, in KeyLookup at) => at.Found && keys.IsGone(keyspace[database], at.Record);
}
