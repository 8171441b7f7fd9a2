using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>What an operator changes of slots.</summary>
static partial class ClusterCommands
{
    static void AddSlots(ref CommandContext c, ClusterHost cluster)
    {
        if (TrySlots(ref c, out var slots)) PerformAndReply(ref c, cluster, cluster.Machine.AddSlots(slots, cluster.Now));
    }

    static void DelSlots(ref CommandContext c, ClusterHost cluster)
    {
        if (TrySlots(ref c, out var slots)) PerformAndReply(ref c, cluster, cluster.Machine.DelSlots(slots, cluster.Now));
    }

    static void AddSlotsRange(ref CommandContext c, ClusterHost cluster)
    {
        if (TryRanges(ref c, out var slots)) PerformAndReply(ref c, cluster, cluster.Machine.AddSlots(slots, cluster.Now));
    }

    static void DelSlotsRange(ref CommandContext c, ClusterHost cluster)
    {
        if (TryRanges(ref c, out var slots)) PerformAndReply(ref c, cluster, cluster.Machine.DelSlots(slots, cluster.Now));
    }

    static void FlushSlots(ref CommandContext c, ClusterHost cluster) =>
        PerformAndReply(ref c, cluster, cluster.Machine.FlushSlots(cluster.Now));

    static bool TrySlots(ref CommandContext c, out int[] slots)
    {
        slots = new int[c.Count - 2];
        for (var i = 0; i < slots.Length; i++)
        {
            if (!TrySlot(ref c, i + 2, out slots[i])) return false;
        }
        return true;
    }

    static bool TryRanges(ref CommandContext c, out List<int> slots)
    {
        slots = [];
        if (c.Count % 2 == 1)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return false;
        }
        for (var i = 2; i < c.Count; i += 2)
        {
            if (!TrySlot(ref c, i, out var first) || !TrySlot(ref c, i + 1, out var last)) return false;
            if (first > last)
            {
                c.Fail(Errors.SlotsBackward(first, last));
                return false;
            }
            // A slot that is named twice is refused: more than all there are need not be remembered.
            for (var slot = first; slot <= last && slots.Count <= KeySlot.Count; slot++) slots.Add(slot);
        }
        return true;
    }

    static bool TrySlot(ref CommandContext c, int index, out int slot)
    {
        slot = 0;
        if (Numbers.TryParseInt64(c.Arg(index), out var number) && number is >= 0 and < KeySlot.Count)
        {
            slot = (int)number;
            return true;
        }
        c.Fail(Errors.SlotOutOfRange);
        return false;
    }
}
