using MiniRedis.Cluster.Sentinel;
using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Sentinel;

/// <summary>What changes the state of a Sentinel: votes, masters, failovers by order.</summary>
static partial class SentinelCommands
{
    static void IsMasterDown(ref CommandContext c)
    {
        if (!c.TryInteger(3, out var port) || !c.TryInteger(4, out var epoch)) return;
        var answer = Of(ref c).IsMasterDownByAddress(
            Word(ref c, 2), (int)Math.Clamp(port, -1, ushort.MaxValue + 1), (ulong)epoch, Word(ref c, 5), Now(ref c));
        // A vote that could not be written must not be told: this Sentinel would forget it when it ends.
        if (!c.Server.Sentinel!.Perform())
        {
            c.Fail(Errors.SentinelConfigNotSaved);
            return;
        }
        c.Reply.Array(3);
        c.Reply.Integer(answer.IsDown ? 1 : 0);
        Text(c.Reply, answer.Leader);
        c.Reply.Integer((long)answer.LeaderEpoch);
    }

    static void Monitor(ref CommandContext c)
    {
        if (!Numbers.TryParseInt64(c.Arg(5), out var quorum) || quorum > int.MaxValue)
        {
            c.Fail(Errors.InvalidQuorum);
            return;
        }
        if (!Numbers.TryParseInt64(c.Arg(4), out var port))
        {
            c.Fail(Errors.InvalidSentinelPort);
            return;
        }
        if (quorum <= 0)
        {
            c.Fail(Errors.QuorumTooSmall);
            return;
        }
        var refusal = Of(ref c).Monitor(
            Word(ref c, 2), Word(ref c, 3), (int)Math.Clamp(port, -1, ushort.MaxValue + 1), (int)quorum, Now(ref c));
        switch (refusal)
        {
            case SentinelRefusal.None: PerformAndReply(ref c); break;
            case SentinelRefusal.Unresolved: c.Fail(Errors.InvalidMasterAddress); break;
            case SentinelRefusal.InvalidPort: c.Fail(Errors.MasterPortOutOfRange); break;
            default: c.Fail(Errors.DuplicateMaster); break;
        }
    }

    static void Remove(ref CommandContext c)
    {
        if (!TryMaster(ref c, out var master)) return;
        Of(ref c).Remove(master, Now(ref c));
        PerformAndReply(ref c);
    }

    static void Reset(ref CommandContext c)
    {
        var machine = Of(ref c);
        var pattern = Word(ref c, 2);
        var masters = machine.Masters.Where(m => Matches(pattern, m.Name, ignoreCase: false)).ToList();
        foreach (var master in masters) machine.Reset(master, Now(ref c));
        c.Server.Sentinel!.Perform();
        c.Reply.Integer(masters.Count);
    }

    static void Failover(ref CommandContext c)
    {
        if (!TryMaster(ref c, out var master)) return;
        switch (Of(ref c).Failover(master, Now(ref c)))
        {
            case SentinelRefusal.None:
                c.Server.Sentinel!.Perform();
                c.Reply.Ok();
                break;
            case SentinelRefusal.InProgress:
                c.Fail(Errors.FailoverInProgress);
                break;
            default:
                c.Fail(Errors.NoGoodReplica);
                break;
        }
    }

    static void FlushConfig(ref CommandContext c)
    {
        Of(ref c).Flush(Now(ref c));
        PerformAndReply(ref c);
    }

    static void SimulateFailure(ref CommandContext c)
    {
        var simulated = SentinelMachine.SimulatedFailures.None;
        Of(ref c).Simulated = simulated;
        for (var i = 2; i < c.Count; i++)
        {
            if (c.IsToken(i, "CRASH-AFTER-ELECTION"u8))
            {
                simulated |= SentinelMachine.SimulatedFailures.CrashAfterElection;
            }
            else if (c.IsToken(i, "CRASH-AFTER-PROMOTION"u8))
            {
                simulated |= SentinelMachine.SimulatedFailures.CrashAfterPromotion;
            }
            else if (c.IsToken(i, "HELP"u8))
            {
                c.Reply.Array(2);
                Text(c.Reply, "crash-after-election");
                Text(c.Reply, "crash-after-promotion");
                return;
            }
            else
            {
                c.Fail(Errors.UnknownSimulation);
                return;
            }
            Of(ref c).Simulated = simulated;
        }
        c.Reply.Ok();
    }
}
