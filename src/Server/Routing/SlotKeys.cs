using MiniRedis.Cluster.Bus;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Routing;

/// <summary>The keys of this node by their slots.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class SlotKeys(Keyspace keyspace, KeyAccess keys, EffectStream effects, Clock clock) : ISlotKeys
{
    /// <summary>Longest time of one slice: a command that arrives meanwhile waits no longer.</summary>
    const long SliceMicroseconds = 500;

    /// <summary>Keys deleted between two looks at the clock.</summary>
    const int KeysBetweenLooks = 16;

    /// <summary>Slots whose keys go, and who is told when they have gone.</summary>
    readonly record struct Deletion(SlotSet Slots, Action? Done);

    readonly Queue<Deletion> _deletions = new();

    // What is left of all deletions.
    readonly SlotSet _pending = new();

    // Where the first deletion stands.
    int _slot, _database;
    ulong _cursor;

    public long Count(int slot)
    {
        long count = 0;
        for (var database = 0; database < keyspace.DatabaseCount; database++) count += Count(slot, database);
        return count;
    }

    public long Count(int slot, int database) => _pending.Contains(slot) ? 0 : keyspace[database].CountInSlot(slot);

    public bool IsDeleting => _deletions.Count > 0;

    public void Delete(SlotSet slots, Action? done = null)
    {
        Hide(slots, hides: true);
        foreach (var slot in slots) _pending.Add(slot);
        _deletions.Enqueue(new(slots, done));
    }

    public void Hide(SlotSet slots, bool hides)
    {
        foreach (var slot in slots) Hide(slot, hides);
    }

    void Hide(int slot, bool hides)
    {
        foreach (var database in keyspace.Databases) database.SetHidden(slot, hides);
    }

    public bool DeleteSome()
    {
        if (!IsDeleting) return false;
        var started = clock.Advance();
        var sinceLook = 0;
        do
        {
            if (!Step(ref sinceLook)) return false;
            if (sinceLook < KeysBetweenLooks) continue;
            sinceLook = 0;
            if (clock.Microseconds(started, clock.Advance()) >= SliceMicroseconds) return true;
        }
        while (true);
    }

    /// <summary>One step of the first deletion. False at the end of the last one.</summary>
    bool Step(ref int work)
    {
        var (slots, done) = _deletions.Peek();
        var slot = slots.Next(_slot);
        if (slot == KeySlot.Count)
        {
            _deletions.Dequeue();
            (_slot, _database, _cursor) = (0, 0, 0);
            done?.Invoke();
            return IsDeleting;
        }
        if (slot != _slot) (_slot, _database, _cursor) = (slot, 0, 0);
        work++;
        if (_pending.Contains(slot))
        {
            _cursor = DeleteStep(keyspace[_database], slot, _cursor, ref work);
            if (_cursor != 0 || ++_database < keyspace.DatabaseCount) return true;
            EndSlot(slot);
        }
        (_slot, _database, _cursor) = (slot + 1, 0, 0);
        return true;
    }

    void EndSlot(int slot)
    {
        _pending.Remove(slot);
        Hide(slot, hides: false);
    }

    /// <remarks>Each key is a unit of its own: a slot of many keys is no transaction that a replica would have to keep as a whole.</remarks>
    ulong DeleteStep(Database database, int slot, ulong cursor, ref int work)
    {
        if (database.CountInSlot(slot) == 0) return 0;
        var step = new Records(new(database));
        cursor = database.ScanSlot(slot, cursor, ref step);
        foreach (var record in step.Found)
        {
            keys.DropMoved(database, database.Lookup(record.Key));
            effects.EndUnit();
            work++;
        }
        step.Dispose();
        return cursor;
    }

    public void Finish(Predicate<int> isWanted)
    {
        var work = 0;
        foreach (var slot in _pending)
        {
            if (!isWanted(slot)) continue;
            foreach (var database in keyspace.Databases)
            {
                var cursor = 0UL;
                do cursor = DeleteStep(database, slot, cursor, ref work);
                while (cursor != 0);
            }
            EndSlot(slot);
        }
    }

    public void Forget()
    {
        Hide(_pending, hides: false);
        _pending.Clear();
        _deletions.Clear();
        (_slot, _database, _cursor) = (0, 0, 0);
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
