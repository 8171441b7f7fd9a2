using MiniRedis.Cluster;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Bus;

/// <summary>The keys of a slot, found by looking at every key.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class WalkedSlotKeys(Keyspace keyspace, KeyAccess keys, EffectStream effects) : ISlotKeys
{
    public long Count(int slot)
    {
        var found = new Found(slot);
        if (keyspace.Count > 0) keyspace[0].VisitAll(ref found);
        return found.Count;
    }

    public void Delete(int slot)
    {
        var found = new Found(slot) { Keys = [] };
        if (keyspace.Count > 0) keyspace[0].VisitAll(ref found);
        foreach (var key in found.Keys!)
        {
            if (keyspace[0].Lookup(key) is not { Found: true } at) continue;
            keys.Delete(keyspace[0], at, key);
            if (effects.IsPropagating)
            {
                effects.Begin(0, 2);
                effects.Add("DEL"u8);
                effects.Add(key);
            }
            effects.EndUnit();
        }
    }

    struct Found(int slot) : IRecordVisitor
    {
        public long Count { get; private set; }

        public List<byte[]>? Keys { get; init; }

        public void Visit(Record record)
        {
            if (HashSlot.Of(record.Key) != slot) return;
            Count++;
            Keys?.Add(record.Key.ToArray());
        }
    }
}
