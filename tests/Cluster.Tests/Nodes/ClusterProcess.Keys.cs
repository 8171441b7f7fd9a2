using MiniRedis.Cluster.Nodes;
using MiniRedis.Cluster.Tests.Migrations;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>The keys of a node, and what makes them come and go.</summary>
sealed partial class ClusterProcess
{
    // Slots whose keys are on their way out: nobody sees them any more.
    readonly SortedSet<int> _deleting = [];

    /// <summary>Of the run. Set before the start.</summary>
    public KeyLedger Ledger { get; set; } = null!;

    public SlotStore Store { get; } = new();

    public SimulatedMigrations Migrations { get; private set; } = null!;

    /// <summary>Clients that write have to wait.</summary>
    public bool HoldsWrites => Migrations.HoldsWrites || World.Now < _pausedUntil;

    /// <summary>The stream of a master, and its file, tell which slots are on the move.</summary>
    void CopyMoves(ClusterProcess master)
    {
        foreach (var slot in Ledger.Opened)
        {
            var (to, from) = (master.Machine.Slots.MigratingTo(slot)?.Key, master.Machine.Slots.ImportingFrom(slot)?.Key);
            if (to == Machine.Slots.MigratingTo(slot)?.Key && from == Machine.Slots.ImportingFrom(slot)?.Key) continue;
            Machine.SetSlot(SlotMove.Stable, slot, "", isFromMaster: true, Clock);
            if (to is { } target) Machine.SetSlot(SlotMove.Migrating, slot, target.ToString(), isFromMaster: true, Clock);
            if (from is { } source) Machine.SetSlot(SlotMove.Importing, slot, source.ToString(), isFromMaster: true, Clock);
            Perform();
        }
    }

    /// <summary>A client writes a key.</summary>
    public void Write(int slot, int key)
    {
        Store.Add(slot, key);
        _offset++;
        Migrations.Feed(slot, key);
    }

    /// <summary>Keys come from another node.</summary>
    public void Take(int slot, IEnumerable<int> keys)
    {
        foreach (var key in keys) Store.Add(slot, key);
        _offset++;
    }

    /// <summary>Has the keys of slots deleted in a while, as the server does it in slices.</summary>
    public void DeleteLater(IReadOnlyList<int> slots, Action? done = null)
    {
        _deleting.UnionWith(slots);
        Later(World.Between(1, 300), () =>
        {
            foreach (var slot in slots) DeleteNow(slot);
            done?.Invoke();
        });
    }

    /// <summary>Slots come back whose keys are still there: these go first.</summary>
    public void FinishDeletions(Predicate<int> isWanted)
    {
        foreach (var slot in _deleting.Where(slot => isWanted(slot)).ToList()) DeleteNow(slot);
    }

    void DeleteNow(int slot)
    {
        if (!_deleting.Remove(slot)) return;
        Ledger.Deleting(this, slot);
        Store.Remove(slot);
    }

    long IClusterHost.CountKeysInSlot(int slot) => _deleting.Contains(slot) ? 0 : Store.In(slot).Count;

    long IClusterHost.KeyCount => Store.Total;
}
