using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>CLUSTER SLOT-STATS (Valkey 8): what the slots of this shard hold, and what requests for them cost.</summary>
static partial class ClusterCommands
{
    static Command SlotStatsSpec => Told(
        "SLOT-STATS", "8.0.0", -4, Telling, "O(N) where N is the number of slots, O(N*log(N)) with ORDERBY", "Tells the use of slots of this node.",
        SlotStats, varies: true, args: Arg.OneOf(
            "filter",
            Arg.Block("slotsrange", Arg.Integer("start-slot"), Arg.Integer("end-slot")).After("SLOTSRANGE"),
            Arg.Block(
                "orderby", Arg.String("metric"), Arg.Integer("limit").After("LIMIT").Optional(),
                Arg.OneOf("order", Arg.Token("ASC"), Arg.Token("DESC")).Optional()).After("ORDERBY")));

    /// <summary>What slots can be ordered by.</summary>
    enum SlotMetric
    {
        KeyCount,
        CpuMicroseconds,
        BytesIn,
        BytesOut,
    }

    static void SlotStats(ref CommandContext c, ClusterHost cluster)
    {
        if (c.Count == 5 && c.IsToken(2, "SLOTSRANGE"u8)) SlotStatsOfRange(ref c, cluster);
        else if (c.Count >= 4 && c.IsToken(2, "ORDERBY"u8)) SlotStatsInOrder(ref c, cluster);
        else c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "CLUSTER"));
    }

    static void SlotStatsOfRange(ref CommandContext c, ClusterHost cluster)
    {
        if (!TrySlot(ref c, 3, out var first) || !TrySlot(ref c, 4, out var last)) return;
        if (first > last)
        {
            c.Fail(Errors.SlotStatsBackward(first, last));
            return;
        }
        Span<short> slots = stackalloc short[KeySlot.Count];
        ReplySlotStats(ref c, cluster, slots[..OwnSlots(cluster, first, last, slots)]);
    }

    static void SlotStatsInOrder(ref CommandContext c, ClusterHost cluster)
    {
        if (MetricOf(ref c) is not { } metric)
        {
            c.Fail(Errors.SlotStatsMetric);
            return;
        }
        if (!TryOrder(ref c, out var limit, out var isDescending)) return;
        Span<short> slots = stackalloc short[KeySlot.Count];
        slots = slots[..OwnSlots(cluster, 0, KeySlot.Count - 1, slots)];
        using var values = new Scratch<long>(c.Database, slots.Length);
        for (var i = 0; i < slots.Length; i++)
        {
            var value = ValueOf(ref c, cluster, metric, slots[i]);
            values[i] = isDescending ? -value : value;
        }
        values.Span.Sort(slots);
        SortEqual(values.Span, slots);
        ReplySlotStats(ref c, cluster, slots[..Math.Min(slots.Length, limit)]);
    }

    /// <summary>Puts slots of the same value in their order.</summary>
    static void SortEqual(ReadOnlySpan<long> values, Span<short> slots)
    {
        for (var start = 0; start < values.Length;)
        {
            var end = start + 1;
            while (end < values.Length && values[end] == values[start]) end++;
            slots[start..end].Sort();
            start = end;
        }
    }

    static SlotMetric? MetricOf(ref CommandContext c)
    {
        if (c.IsToken(3, "KEY-COUNT"u8)) return SlotMetric.KeyCount;
        if (!c.Server.Config.Cluster.ClusterSlotStatsEnabled) return null;
        if (c.IsToken(3, "CPU-USEC"u8)) return SlotMetric.CpuMicroseconds;
        if (c.IsToken(3, "NETWORK-BYTES-IN"u8)) return SlotMetric.BytesIn;
        return c.IsToken(3, "NETWORK-BYTES-OUT"u8) ? SlotMetric.BytesOut : null;
    }

    static bool TryOrder(ref CommandContext c, out int limit, out bool isDescending)
    {
        (limit, isDescending) = (KeySlot.Count, true);
        var (limits, orders) = (0, 0);
        for (var i = 4; i < c.Count; i++)
        {
            if (c.IsToken(i, "LIMIT"u8) && i + 1 < c.Count)
            {
                limits++;
                if (!Numbers.TryParseInt64(c.Arg(++i), out var number) || number is < 1 or > KeySlot.Count)
                {
                    c.Fail(Errors.SlotStatsLimit);
                    return false;
                }
                limit = (int)number;
            }
            else if (c.IsToken(i, "ASC"u8) || c.IsToken(i, "DESC"u8))
            {
                orders++;
                isDescending = c.IsToken(i, "DESC"u8);
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
            if (limits <= 1 && orders <= 1) continue;
            c.Fail(Errors.SlotStatsTwice);
            return false;
        }
        return true;
    }

    /// <summary>Writes the slots of a run that this node's shard serves. Returns how many there are.</summary>
    static int OwnSlots(ClusterHost cluster, int first, int last, Span<short> slots)
    {
        var count = 0;
        if (cluster.Machine.MyMaster is not { } master) return 0;
        for (var slot = first; slot <= last; slot++)
        {
            if (cluster.Machine.Slots.Owner(slot) == master) slots[count++] = (short)slot;
        }
        return count;
    }

    static long ValueOf(ref CommandContext c, ClusterHost cluster, SlotMetric metric, int slot)
    {
        if (metric == SlotMetric.KeyCount) return cluster.SlotKeys.Count(slot);
        var (ticks, input, output) = c.Server.SlotStatistics.Of(slot);
        return metric switch
        {
            SlotMetric.CpuMicroseconds => c.Server.Clock.Microseconds(0, ticks),
            SlotMetric.BytesIn => input,
            _ => output,
        };
    }

    static void ReplySlotStats(ref CommandContext c, ClusterHost cluster, scoped ReadOnlySpan<short> slots)
    {
        var isOn = c.Server.SlotStatistics.IsOn;
        c.Reply.Array(slots.Length);
        foreach (var slot in slots)
        {
            c.Reply.Array(2);
            c.Reply.Integer(slot);
            c.Reply.Map(isOn ? 4 : 1);
            c.Reply.Pair("key-count", ValueOf(ref c, cluster, SlotMetric.KeyCount, slot));
            if (!isOn) continue;
            c.Reply.Pair("cpu-usec", ValueOf(ref c, cluster, SlotMetric.CpuMicroseconds, slot));
            c.Reply.Pair("network-bytes-in", ValueOf(ref c, cluster, SlotMetric.BytesIn, slot));
            c.Reply.Pair("network-bytes-out", ValueOf(ref c, cluster, SlotMetric.BytesOut, slot));
        }
    }
}
