using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>The keys of slots.</summary>
static partial class ClusterCommands
{
    static Command[] OfKeys =>
    [
        Told("COUNTKEYSINSLOT", "3.0.0", 3, Telling, "O(1)", "Counts the keys of a slot.", CountKeysInSlot, args: Arg.Integer("slot")),
        Told("GETKEYSINSLOT", "3.0.0", 4, Telling, "O(N) where N is the number of keys that are asked for", "Lists keys of a slot.",
            GetKeysInSlot, varies: true, args: [Arg.Integer("slot"), Arg.Integer("count")]),
        Told("KEYSLOT", "3.0.0", 3, Telling, "O(N) where N is the number of bytes of the key", "Tells the slot of a key.",
            static (ref CommandContext c, ClusterHost _) => c.Reply.Integer(KeySlot.Of(c.Arg(2))), args: Arg.String("key")),
        SlotStatsSpec,
    ];

    static void CountKeysInSlot(ref CommandContext c, ClusterHost cluster)
    {
        if (!c.TryInteger(2, out var slot)) return;
        if (slot is < 0 or >= KeySlot.Count) c.Fail(Errors.NoSuchSlot);
        else c.Reply.Integer(cluster.SlotKeys.Count((int)slot, c.Database.Number));
    }

    static void GetKeysInSlot(ref CommandContext c, ClusterHost cluster)
    {
        if (!c.TryInteger(2, out var slot) || !c.TryInteger(3, out var count)) return;
        if (slot is < 0 or >= KeySlot.Count || count < 0)
        {
            c.Fail(Errors.InvalidSlotOrCount);
            return;
        }
        count = Math.Min(count, cluster.SlotKeys.Count((int)slot, c.Database.Number));
        c.Reply.Array(count);
        var names = new NamesOfKeys(c.Reply, count);
        var cursor = 0UL;
        while (names.Left > 0) cursor = c.Database.ScanSlot((int)slot, cursor, ref names);
    }

    /// <summary>Answers the names of some keys.</summary>
    struct NamesOfKeys(ReplyWriter reply, long count) : IRecordVisitor
    {
        public long Left { get; private set; } = count;

        public void Visit(Record record)
        {
            if (Left == 0) return;
            Left--;
            reply.Bulk(record.Key);
        }
    }
}
