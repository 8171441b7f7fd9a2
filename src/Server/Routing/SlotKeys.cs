using MiniRedis.Server.Bus;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Routing;

/// <summary>The keys of this node by their slots.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class SlotKeys(Keyspace keyspace, KeyAccess keys, EffectStream effects) : ISlotKeys
{
    public long Count(int slot) => keyspace[0].CountInSlot(slot);

    /// <inheritdoc/>
    /// <remarks>Each key is a unit of its own: a slot of many keys is no transaction that a replica would have to keep as a whole.</remarks>
    public void Delete(int slot)
    {
        var database = keyspace[0];
        var cursor = 0UL;
        do
        {
            var step = new Records(new(database));
            cursor = database.ScanSlot(slot, cursor, ref step);
            foreach (var record in step.Found)
            {
                keys.DropMoved(database, database.Lookup(record.Key));
                effects.EndUnit();
            }
            step.Dispose();
        }
        while (cursor != 0);
    }

    /// <summary>The records of one step. Deleting one moves no other.</summary>
    struct Records(ScratchList<Record> records) : IRecordVisitor, IDisposable
    {
        ScratchList<Record> _records = records;

        public readonly Span<Record> Found => _records.Span;

        public void Visit(Record record) => _records.Add(record);

        public void Dispose() => _records.Dispose();
    }
}
