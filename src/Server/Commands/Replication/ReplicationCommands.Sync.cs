using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Commands.Connection;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Following;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Commands.Replication;

/// <summary>SYNC and PSYNC: a client becomes a replica.</summary>
static partial class ReplicationCommands
{
    const CommandFlags Synchronizing = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.NoAsyncLoading | CommandFlags.NoMulti;

    static readonly Command SyncSpec = new()
    {
        Name = "SYNC", Group = CommandGroup.Server, Since = "1.0.0",
        Summary = "Sends the data set and then all changes.",
        Arity = 1, Flags = Synchronizing, MayStaySilent = true, Run = Sync,
    };

    static readonly Command PsyncSpec = new()
    {
        Name = "PSYNC", Group = CommandGroup.Server, Since = "2.8.0",
        Summary = "Sends all changes from an offset on, or the data set and then all changes.",
        Arity = -3, Flags = Synchronizing, MayStaySilent = true,
        Args = [Arg.String("replicationid"), Arg.Integer("offset")],
        Run = Psync,
    };

    static void Sync(ref CommandContext c)
    {
        if (!MaySync(ref c, out var replica)) return;
        replica.IsBeforePsync = true;
        BeginFullSync(ref c, replica);
    }

    static void Psync(ref CommandContext c)
    {
        if (c.Client.Has(ClientFlags.Replica)) return;
        if (c.Count > 3 && c.IsToken(3, "FAILOVER"u8) && !TryBecomeMaster(ref c)) return;
        if (!MaySync(ref c, out var replica)) return;
        if (!c.TryInteger(2, out var offset))
        {
            c.Server.Log.ReplicaAsksWithWrongOffset(replica.Name);
            return;
        }
        var id = Encoding.Latin1.GetString(c.Arg(1));
        if (CanContinue(c.Server, replica, id, offset))
        {
            Continue(ref c, replica, offset);
            return;
        }
        if (id is not ['?', ..]) c.Server.Statistics.RefusedPartialSyncs++;
        if ((replica.Capabilities & ReplicaCapabilities.DualChannel) != 0)
        {
            // It comes back with another connection for the file, and asks on this one for what follows it.
            c.Server.Log.DualChannelOffered(replica.Name);
            c.Reply.SimpleString("DUALCHANNELSYNC"u8);
            return;
        }
        BeginFullSync(ref c, replica);
    }

    /// <summary>A master hands its part over to this server, which has all that it has.</summary>
    static bool TryBecomeMaster(ref CommandContext c)
    {
        var server = c.Server;
        server.Log.FailoverRequestReceived(Encoding.Latin1.GetString(c.Arg(1)));
        if (!server.History.IsReplica)
        {
            c.Fail(Errors.FailoverOfMaster);
            return false;
        }
        if (!Encoding.Latin1.GetString(c.Arg(1)).Equals(server.History.Id, StringComparison.OrdinalIgnoreCase))
        {
            c.Fail(Errors.FailoverOfOtherHistory);
            return false;
        }
        server.Follower.StopFollowing();
        server.Log.MasterModeByFailover(ClientDescription.ForReport([c.Client], server).TrimEnd());
        return true;
    }

    static bool MaySync(ref CommandContext c, out Replica replica)
    {
        var client = c.Client;
        replica = client.Replica ??= new Replica(client);
        // It is a replica already.
        if (client.Has(ClientFlags.Replica)) return false;
        if (c.Server.Failover.State != FailoverState.None)
        {
            c.Fail(Errors.SyncInFailover);
            return false;
        }
        var history = c.Server.History;
        if (history is { IsReplica: true, IsLinkUp: false })
        {
            c.Fail(Errors.NoMasterLink);
            return false;
        }
        // The reply would be mixed with what is still to be sent.
        if (client.Connection.Output.PendingBytes > 0 || c.Reply.Written > 0)
        {
            c.Fail(Errors.SyncWithPendingOutput);
            return false;
        }
        if (replica.NeedsStreaming && (replica.Capabilities & ReplicaCapabilities.Eof) == 0)
        {
            c.Fail(Errors.FilterNeedsEof);
            return false;
        }
        c.Server.Log.ReplicaAsks(replica.Name);
        return true;
    }

    /// <summary>Whether the replica's data are this server's data up to before an offset, and what follows is still here.</summary>
    static bool CanContinue(ServerParts server, Replica replica, string id, long offset)
    {
        var (history, stream, log) = (server.History, server.ReplicationStream, server.Log);
        var isOurs = id.Equals(history.Id, StringComparison.OrdinalIgnoreCase);
        var isSecond = id.Equals(history.Id2, StringComparison.OrdinalIgnoreCase);
        if (!isOurs && (!isSecond || offset > history.SecondOffset))
        {
            if (id is ['?', ..]) log.FullResyncRequested(replica.Name);
            else if (isSecond) log.PartialResyncBeyondSecond(offset, history.SecondOffset);
            else log.PartialResyncOfOtherHistory(id, history.Id, history.Id2);
            return false;
        }
        // While nobody followed nobody has dropped what repl-backlog-size does not keep.
        server.Replicas.TrimStream();
        // Offsets count from 1.
        if (stream.Has(offset - 1)) return true;
        log.PartialResyncLacksBacklog(replica.Name, offset);
        if (offset > history.Offset) log.ReplicaIsAhead(replica.Name);
        return false;
    }

    static void Continue(ref CommandContext c, Replica replica, long offset)
    {
        var server = c.Server;
        replica.State = server.AwaitedChannels.Release(replica.RdbClientId) ? ReplicaState.LoadsBeside : ReplicaState.Online;
        replica.Position = offset - 1;
        c.Reply.SimpleString(Encoding.ASCII.GetBytes(
            (replica.Capabilities & ReplicaCapabilities.Psync2) != 0 ? "CONTINUE " + server.History.Id : "CONTINUE"));
        server.Replicas.Add(replica);
        server.Statistics.PartialSyncs++;
        server.Log.PartialResyncAccepted(replica.Name, server.History.Offset - replica.Position, offset);
    }

    static void BeginFullSync(ref CommandContext c, Replica replica)
    {
        var server = c.Server;
        server.Statistics.FullSyncs++;
        if (!server.ReplicationStream.HasBacklog)
        {
            // Changes were counted nowhere so far, so no replica can know a part of this history.
            if (!server.History.IsReplica) server.History.Begin();
            server.ReplicationStream.Open();
            server.Log.BacklogCreated(server.History.Id, server.History.Id2);
        }
        if (server.Config.Replication.ReplDisableTcpNoDelay) replica.Client.Connection.DelaySmallSends();
        server.FullSyncs.Request(replica);
    }
}
