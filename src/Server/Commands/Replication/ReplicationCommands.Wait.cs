using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Commands.Replication;

/// <summary>WAIT and WAITAOF: the client's writes have reached replicas, or disks.</summary>
static partial class ReplicationCommands
{
    static readonly Command WaitSpec = new()
    {
        Name = "WAIT", Group = CommandGroup.Generic, Since = "3.0.0", Complexity = "O(1)",
        Summary = "Waits until replicas have the writes of this connection.",
        Arity = 3, Flags = CommandFlags.Blocking, AclCategories = AclCategory.Connection, InGroupCategory = false,
        Tips = ["request_policy:all_shards", "response_policy:agg_min"],
        Args = [Arg.Integer("numreplicas"), Arg.Integer("timeout")],
        Run = Wait,
    };

    static readonly Command WaitAofSpec = new()
    {
        Name = "WAITAOF", Group = CommandGroup.Generic, Since = "7.2.0", Complexity = "O(1)",
        Summary = "Waits until the writes of this connection are in the append-only files of this server and of replicas.",
        Arity = 4, Flags = CommandFlags.Blocking, AclCategories = AclCategory.Connection,
        InGroupCategory = false,
        Tips = ["request_policy:all_shards", "response_policy:agg_min"],
        Args = [Arg.Integer("numlocal"), Arg.Integer("numreplicas"), Arg.Integer("timeout")],
        Run = WaitAof,
    };

    static void Wait(ref CommandContext c)
    {
        var server = c.Server;
        if (server.History.IsReplica)
        {
            c.Fail(Errors.WaitOnReplica);
            return;
        }
        if (!c.TryInteger(1, out var wanted) || !c.TryTimeoutMilliseconds(2, out var deadline)) return;
        var awaited = c.Client.Waiting is { } call
            ? AwaitedWrites.Of(call)
            : new AwaitedWrites { Offset = server.Replicas.OffsetOf(c.Client), Replicas = wanted, Local = 0 };
        var reached = server.Replicas.CountAcks(awaited.Offset);
        if (reached >= wanted || HasToAnswer(c))
        {
            c.Reply.Integer(reached);
            return;
        }
        Await(ref c, awaited, deadline);
    }

    static void WaitAof(ref CommandContext c)
    {
        var server = c.Server;
        if (!c.TryInteger(1, out var local) || !IsBetween(c, local, 1)) return;
        if (!c.TryInteger(2, out var wanted) || !IsBetween(c, wanted, long.MaxValue)) return;
        if (!c.TryTimeoutMilliseconds(3, out var deadline)) return;
        if (server.History.IsReplica)
        {
            c.Fail(Errors.WaitAofOnReplica);
            return;
        }
        if (local > 0 && !server.Config.Persistence.AppendOnly)
        {
            c.Fail(Errors.WaitAofWithoutFile);
            return;
        }
        var awaited = c.Client.Waiting is { } call
            ? AwaitedWrites.Of(call)
            : new AwaitedWrites
            {
                Offset = server.Replicas.OffsetOf(c.Client), AofPosition = server.Aof.Position, IsAof = true, Replicas = wanted, Local = local,
            };
        var reached = server.Replicas.CountAofAcks(awaited.Offset);
        var reachedLocal = server.AckWaits.IsOnDisk(awaited) ? 1 : 0;
        if (reached >= wanted && reachedLocal >= local || HasToAnswer(c))
        {
            c.Reply.Array(2);
            c.Reply.Integer(reachedLocal);
            c.Reply.Integer(reached);
            return;
        }
        Await(ref c, awaited, deadline);
    }

    static bool IsBetween(in CommandContext c, long value, long most)
    {
        if (value >= 0 && value <= most) return true;
        if (most == long.MaxValue) c.Fail(Errors.MustBePositive);
        else c.Fail(Errors.NotBetween(0, most));
        return false;
    }

    /// <summary>Whether the command may not wait, or not any longer.</summary>
    static bool HasToAnswer(in CommandContext c) => !c.MayBlock || c.Client.Waiting is { IsOver: true };

    static void Await(ref CommandContext c, AwaitedWrites awaited, long deadline)
    {
        // It waits for no key.
        var call = c.Server.Blocking.Block(c.Client, c.Command, c.Request, first: 1, last: 0, default, deadline, onNoKey: false);
        c.Server.AckWaits.Add(call, awaited);
        c.Server.Replicas.RequestAcks();
    }
}
