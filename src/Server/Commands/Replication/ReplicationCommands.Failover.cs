using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Following;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Commands.Replication;

/// <summary>FAILOVER: this master hands its part over to a replica.</summary>
static partial class ReplicationCommands
{
    static readonly Command FailoverSpec = new()
    {
        Name = "FAILOVER", Group = CommandGroup.Server, Since = "6.2.0", Complexity = "O(1)",
        Summary = "Makes a replica the master, and this server its replica.",
        Arity = -1, Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Stale,
        Args =
        [
            Arg.Block("target", Arg.String("host"), Arg.Integer("port"), Arg.Token("FORCE").Optional()).After("TO").Optional(),
            Arg.Token("ABORT").Optional(), Arg.Integer("milliseconds").After("TIMEOUT").Optional(),
        ],
        Run = FailOver,
    };

    static void FailOver(ref CommandContext c)
    {
        var server = c.Server;
        if (server.Config.Cluster.ClusterEnabled)
        {
            c.Fail(Errors.FailoverInCluster);
            return;
        }
        if (c.Count == 2 && c.IsToken(1, "ABORT"u8))
        {
            if (server.Failover.State == FailoverState.None)
            {
                c.Fail(Errors.NoFailover);
                return;
            }
            server.Failover.Abort("Failover manually aborted");
            c.Reply.Ok();
            return;
        }
        if (!TryFailoverOptions(ref c, out var target, out var timeout, out var isForced)) return;
        if (WhyNotFailOver(server, target, timeout, isForced) is { IsEmpty: false } refusal)
        {
            c.Fail(refusal);
            return;
        }
        server.Failover.Start(target, timeout, isForced);
        c.Reply.Ok();
    }

    static bool TryFailoverOptions(ref CommandContext c, out MasterAddress? target, out long timeout, out bool isForced)
    {
        (target, timeout, isForced) = (null, 0, false);
        for (var i = 1; i < c.Count; i++)
        {
            if (timeout == 0 && i + 1 < c.Count && c.IsToken(i, "TIMEOUT"u8))
            {
                if (!c.TryInteger(++i, out timeout)) return false;
                if (timeout > 0) continue;
                c.Fail(Errors.FailoverTimeout);
                return false;
            }
            if (target is null && i + 2 < c.Count && c.IsToken(i, "TO"u8))
            {
                if (!c.TryInteger(i + 2, out var port)) return false;
                target = new MasterAddress(ConfigText.FromBytes(c.Arg(i + 1)), (int)Math.Clamp(port, 0, ushort.MaxValue + 1));
                i += 2;
            }
            else if (!isForced && c.IsToken(i, "FORCE"u8))
            {
                isForced = true;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    static ReadOnlySpan<byte> WhyNotFailOver(ServerParts server, MasterAddress? target, long timeout, bool isForced)
    {
        if (server.Failover.State != FailoverState.None) return Errors.FailoverUnderWay;
        if (server.History.IsReplica) return Errors.FailoverOnReplica;
        if (server.Replicas.Count == 0) return Errors.FailoverWithoutReplicas;
        if (isForced && (timeout == 0 || target is null)) return Errors.FailoverForceNeeds;
        if (target is null) return default;
        if (server.Replicas.Find(target.Host, target.Port) is not { } replica) return Errors.FailoverOfNoReplica;
        return replica.State == ReplicaState.Online ? default : Errors.FailoverOfOffline;
    }
}
