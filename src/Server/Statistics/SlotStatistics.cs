using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Statistics;

/// <summary>What the requests for each slot of a cluster node have cost (CLUSTER SLOT-STATS), while cluster-slot-stats-enabled is on.</summary>
/// <remarks>Under the executor's lock. Takes no memory before the first request that counts.</remarks>
sealed class SlotStatistics(ClusterSettings settings)
{
    /// <summary>Clock ticks that the requests took, bytes of the requests, and bytes that were sent because of them.</summary>
    struct Figures
    {
        public long Ticks, Input, Output;
    }

    Figures[] _slots = [];

    /// <summary>Whether requests are counted.</summary>
    public bool IsOn => settings.ClusterSlotStatsEnabled;

    /// <summary>The slot of the request that runs, or ran last; -1 if it is of none, or of several.</summary>
    public int Current { get; set; } = -1;

    /// <summary>Counts for the slot of the request that runs, if it is of one.</summary>
    public void Add(long ticks, long input, long output)
    {
        if (Current >= 0) AddTo(Current, ticks, input, output);
    }

    /// <summary>Counts for a slot.</summary>
    public void AddTo(int slot, long ticks, long input, long output)
    {
        if (_slots.Length == 0) _slots = new Figures[KeySlot.Count];
        ref var figures = ref _slots[slot];
        figures.Ticks += ticks;
        figures.Input += input;
        figures.Output += output;
    }

    /// <summary>What was counted for a slot.</summary>
    public (long Ticks, long Input, long Output) Of(int slot) =>
        _slots.Length == 0 ? default : (_slots[slot].Ticks, _slots[slot].Input, _slots[slot].Output);

    /// <summary>The slot has another owner.</summary>
    public void Reset(int slot)
    {
        if (_slots.Length > 0) _slots[slot] = default;
    }

    /// <summary>CONFIG RESETSTAT.</summary>
    public void Reset() => Array.Clear(_slots);
}
