using MiniRedis.Cluster.Bus;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Caching;

/// <summary>
/// Purges of a node from which slots are on their way here. They concern the keys of these slots alone: this node's own are purged when it
/// is told over the bus, and not at all where the purge was LOCAL.
/// </summary>
/// <remarks>
/// Nobody sees the keys before the slots are taken over, so they are deleted at once rather than found dead. That takes some tens of
/// nanoseconds a key of the slots, which no client waits for but those of the node that receives.
/// </remarks>
sealed partial class CachePurges
{
    readonly List<Record> _overtaken = [];

    /// <summary>Carries out a purge of one name in some slots.</summary>
    /// <param name="keys">Deletes the keys.</param>
    /// <param name="database">The database.</param>
    /// <param name="purge">The purge, in versions of the node that the slots come from: those of the keys.</param>
    /// <param name="slots">The slots.</param>
    public void CarryOutInSlots(KeyAccess keys, Database database, in PurgeMessage purge, SlotSet slots)
    {
        keyspace.CacheClock.RaiseTo(purge.Version);
        var visitor = new Overtaken(database, purge, _overtaken);
        foreach (var slot in slots)
        {
            var cursor = 0UL;
            do
            {
                cursor = database.ScanSlot(slot, cursor, ref visitor);
                foreach (var record in _overtaken) Overtake(keys, database, record.Key, purge);
                _overtaken.Clear();
            }
            while (cursor != 0);
        }
    }

    void Overtake(KeyAccess keys, Database database, ReadOnlySpan<byte> name, in PurgeMessage purge)
    {
        using var room = new Scratch<byte>(database, name.Length, stackalloc byte[256]);
        var key = room.Span;
        name.CopyTo(key);
        var at = database.Lookup(key);
        if (!purge.IsSoft || !database.TryGetMetadata(at.Record, out var metadata) || metadata.StaleWindow == 0)
        {
            keys.Drop(database, at, KeyspaceEvents.None, "del", "UNLINK"u8);
            return;
        }
        var deadline = database.MakeStale(at, purge.Version / 1000).ExpireAt;
        if (!effects.IsPropagating) return;
        effects.AddDeadline(database.Number, key, deadline);
        CacheEffects.Metadata(effects, database, database.Lookup(key));
    }

    readonly ref struct Overtaken(Database database, in PurgeMessage purge, List<Record> found) : IRecordVisitor
    {
        readonly PurgeMessage _purge = purge;

        public void Visit(Record record)
        {
            if (database.IsMeant(record, _purge.Scope, _purge.Name, _purge.Version)) found.Add(record);
        }
    }
}
