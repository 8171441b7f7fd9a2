using MiniRedis.Cluster.Nodes;
using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>
/// CLUSTER SETSLOT. A master has its replicas do it first, and waits for them, as Valkey 8: if it dies right after its reply, the replica
/// that takes its place knows which slots are on the move, and which it has got.
/// </summary>
static partial class ClusterCommands
{
    /// <summary>How long replicas are waited for if the request does not say: Valkey's CLUSTER_OPERATION_TIMEOUT.</summary>
    const long SetSlotMilliseconds = 2000;

    /// <summary>The first version whose replicas do what their master tells them of slots; the number of Valkey 8's check.</summary>
    const int ReplicatesSetSlot = 0x070300;

    static Command SetSlotSpec => new()
    {
        Name = "SETSLOT", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "O(1)", Summary = "Moves a slot, step by step.",
        History = [("8.0.0", "Added the `TIMEOUT` option.")],
        Arity = -4, Flags = Changing | CommandFlags.MayReplicate,
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
        if (!TrySlot(ref c, 2, out var slot) || !TryMove(ref c, out var move) || !TryDeadline(ref c, move, out var deadline)) return;
        var node = move == SlotMove.Stable ? "" : Word(c, 4);
        var isFromMaster = c.Client.Has(ClientFlags.Master);
        if (!isFromMaster && move is SlotMove.Importing or SlotMove.Migrating && c.Server.Migrations!.Machine.WhyNotByHand() is { } busy)
        {
            c.Fail(busy);
            return;
        }
        if (cluster.Machine.WhyNotSetSlot(move, slot, node, isFromMaster) is { } refusal)
        {
            c.Fail(refusal);
            return;
        }
        if (c.MayBlock && !isFromMaster && cluster.Machine.Myself.IsMaster && !HaveReplicasDone(ref c, deadline)) return;
        PerformAndReply(ref c, cluster, cluster.Machine.SetSlot(move, slot, node, isFromMaster, cluster.Now));
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

    static bool TryDeadline(ref CommandContext c, SlotMove move, out long deadline)
    {
        deadline = c.Server.Clock.Now + SetSlotMilliseconds;
        for (var i = move == SlotMove.Stable ? 4 : 5; i < c.Count; i++)
        {
            if (!c.IsToken(i, "TIMEOUT"u8)) continue;
            if (i + 1 < c.Count) return c.TryTimeoutMilliseconds(i + 1, out deadline);
            c.Fail(Errors.SetSlotNoTimeout);
            return false;
        }
        return true;
    }

    /// <summary>Whether all replicas have done it. If not, the command waits for them, or has failed.</summary>
    static bool HaveReplicasDone(ref CommandContext c, long deadline)
    {
        var server = c.Server;
        if (c.Client.Waiting is { Awaited: AwaitedWrites awaited } call)
        {
            if (server.Replicas.CountAcks(awaited.Offset) >= awaited.Replicas) return true;
            if (call.IsOver) c.Fail(Errors.SetSlotNotReplicated);
            else Await(ref c, awaited, deadline);
            return false;
        }
        var able = server.Replicas.All.Count(r => r.State == ReplicaState.Online && r.Version >= ReplicatesSetSlot);
        if (able == 0) return true;
        server.Effects.AddVerbatim(c.Database.Number, c.Request, EffectTarget.Replicas);
        // Replicas acknowledge whole commands, and this one is the next.
        Await(ref c, new AwaitedWrites { Offset = server.History.Offset + 1, Replicas = able, Local = 0, OutlivesRole = true }, deadline);
        return false;
    }

    static void Await(ref CommandContext c, AwaitedWrites awaited, long deadline)
    {
        // It waits for no key.
        var call = c.Server.Blocking.Block(c.Client, c.Command, c.Request, first: 1, last: 0, default, deadline, onNoKey: false);
        c.Server.AckWaits.Add(call, awaited);
        c.Server.Replicas.RequestAcks();
    }
}
