using MiniRedis.Cluster;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Clients;
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
            for (var slot = first; slot <= last && slots.Count <= HashSlot.Count; slot++) slots.Add(slot);
        }
        return true;
    }

    static bool TrySlot(ref CommandContext c, int index, out int slot)
    {
        slot = 0;
        if (Numbers.TryParseInt64(c.Arg(index), out var number) && number is >= 0 and < HashSlot.Count)
        {
            slot = (int)number;
            return true;
        }
        c.Fail(Errors.InvalidSlot);
        return false;
    }

    static Command SetSlotSpec => new()
    {
        Name = "SETSLOT", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "O(1)", Summary = "Moves a slot, step by step.",
        History = [("8.0.0", "Added the `TIMEOUT` option.")],
        Arity = -4, Flags = Changing,
        Args =
        [
            Arg.Integer("slot"),
            Arg.OneOf("subcommand",
                Arg.String("importing").After("IMPORTING"), Arg.String("migrating").After("MIGRATING"),
                Arg.String("node").After("NODE"), Arg.Token("STABLE")),
            Arg.Integer("timeout").After("TIMEOUT").Optional().AddedIn("8.0.0"),
        ],
        Run = OnNode(SetSlot),
    };

    static void SetSlot(ref CommandContext c, ClusterHost cluster)
    {
        if (!TrySlot(ref c, 2, out var slot) || !TryMove(ref c, out var move)) return;
        var node = move == SlotMove.Stable ? "" : Word(c, 4);
        PerformAndReply(ref c, cluster, cluster.Machine.SetSlot(move, slot, node, c.Client.Has(ClientFlags.Master), cluster.Now));
    }

    static bool TryMove(ref CommandContext c, out SlotMove move)
    {
        move = SlotMove.Stable;
        if (c.IsToken(3, "STABLE"u8)) return true;
        if (c.Count >= 5)
        {
            (move, var isKnown) = c.IsToken(3, "MIGRATING"u8) ? (SlotMove.Migrating, true)
                : c.IsToken(3, "IMPORTING"u8) ? (SlotMove.Importing, true)
                : (SlotMove.Node, c.IsToken(3, "NODE"u8));
            if (isKnown) return true;
        }
        c.Fail(Errors.SetSlotForm);
        return false;
    }
}
