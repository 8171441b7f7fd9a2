using System.Diagnostics.CodeAnalysis;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Eviction;
using MiniRedis.Server.Following;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Monitoring;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Routing;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Transactions;

namespace MiniRedis.Server.Execution.Gates;

/// <summary>Decides whether a command may run, and answers why not. Under the executor's lock.</summary>
sealed partial class CommandGates(
    Keyspace keyspace, CrossProtocol crossProtocol, KeyEviction eviction, BackgroundSaving backgroundSaving, AppendOnlyFile aof,
    Replicas replicas, ClientTransactions transactions, Pushes pushes, DatasetState dataset, ServerStatistics statistics,
    CommandStatistics[] commandStatistics, RunningScript script, Denials denials, Follower follower, ReplicationHistory history,
    SlotRouter? router, SlotStatistics slotStatistics, DeclaredScripts declaredScripts, MemorySettings memorySettings,
    SecuritySettings securitySettings, ReplicationSettings replicationSettings)
{
    /// <summary>
    /// Checks that the request names a command, or of a container a subcommand, and has the number of arguments it asks for. What refuses it
    /// has answered, or has closed the connection.
    /// </summary>
    public bool TryResolve(Client client, in Request request, ReplyWriter reply, [NotNullWhen(true)] ref Command? command)
    {
        if (command is null)
        {
            if (CrossProtocol.Begins(request[0])) crossProtocol.Refuse(client);
            else Reject(client, null, reply, Errors.UnknownCommand(request));
            return false;
        }
        if (command.IsContainer && request.Count > 1)
        {
            if (command.FindSubcommand(request[1]) is not Command subcommand)
            {
                Reject(client, null, reply, Errors.UnknownSubcommand(request[1], command.Name));
                return false;
            }
            command = subcommand;
        }
        if (command.Run is not null && command.AcceptsCount(request.Count)) return true;
        Reject(client, command, reply, Errors.WrongArity(command.FullName));
        return false;
    }

    /// <summary>Ends a connection whose bytes are those of TLS.</summary>
    public void RefuseTls(Client client) => crossProtocol.RefuseTls(client);

    /// <summary>Whether the client may run the command now. If not, the error has been answered.</summary>
    /// <param name="keyHash">The hash of its first key, if it is known.</param>
    public bool Admit(Client client, Command command, in Request request, ReplyWriter reply, ulong? keyHash = null)
    {
        var flags = command.Flags;
        if ((flags & CommandFlags.Protected) != 0)
        {
            var isModule = command.Parent is { Name: "MODULE" };
            if (!ConfigService.IsAllowed(isModule ? securitySettings.EnableModuleCommand : securitySettings.EnableDebugCommand, client.IsLocal))
            {
                Reject(client, command, reply, isModule ? Errors.ModuleNotAllowed : Errors.DebugNotAllowed);
                return false;
            }
        }
        if (!client.IsAuthenticated && (flags & CommandFlags.NoAuth) == 0)
        {
            Reject(client, command, reply, Errors.NoAuth);
            return false;
        }
        if (client.Has(ClientFlags.Multi))
        {
            if ((flags & CommandFlags.NoMulti) != 0)
            {
                Reject(client, command, reply, Errors.NotInTransaction);
                return false;
            }
            // The queue of EXEC is checked once more as a whole: conditions may have changed.
            if (command.InMulti == InMulti.RunsQueue)
            {
                var queue = client.Transaction!.Queue;
                flags = (flags | queue.Flags) & ~((CommandFlags.Loading | CommandFlags.Stale) & ~queue.SharedFlags);
            }
        }
        if (client.User.IsRestricted && !IsPermitted(client, command, request, reply)) return false;
        if (router is not null && !IsServedHere(client, command, flags, request, keyHash, reply)) return false;
        if (client.Has(ClientFlags.CanRedirect) && IsSentToMaster(client, command, flags, reply)) return false;
        if (dataset.IsLoading && (flags & CommandFlags.Loading) == 0
            || dataset.IsLoadingBeside && (flags & CommandFlags.NoAsyncLoading) != 0)
        {
            Reject(client, command, reply, Errors.Loading);
            return false;
        }
        if (IsReplica && WhyNotOnReplica(DeclaredFlags(command, request, flags)) is { IsEmpty: false } refusal)
        {
            Reject(client, command, reply, refusal);
            return false;
        }
        if (script.IsBusy)
        {
            // Nor is anything evicted for those that may run: the script is in the middle of its changes.
            if ((flags & CommandFlags.AllowBusy) == 0)
            {
                Reject(client, command, reply, script.BusyError);
                return false;
            }
        }
        else if (memorySettings.MaxMemory > 0 && !HasMemory(client, command, flags, request, reply))
        {
            return false;
        }
        // A transaction is refused as a whole. Of any other command RefusedMemory asks for the reserve when it begins.
        if (client.Has(ClientFlags.Multi) && (flags & CommandFlags.DenyOom) != 0
            && !keyspace.Arena.HasReserve && !keyspace.Arena.TryFillReserve())
        {
            Reject(client, command, reply, Errors.MemoryRefused);
            return false;
        }
        // PING fails too, so that monitoring by PING notices.
        if (CannotWriteToDisk && ((DeclaredFlags(command, request, flags) & CommandFlags.Write) != 0 || command.Name == "PING"))
        {
            var reason = aof.Error;
            if (reason is null) Reject(client, command, reply, Errors.CannotSave);
            else Reject(client, command, reply, Errors.AofFailed(reason));
            return false;
        }
        if (replicas.AreTooFew && (DeclaredFlags(command, request, flags) & CommandFlags.Write) != 0
            && !client.Has(ClientFlags.Master) && client.ImportedSlots is null)
        {
            Reject(client, command, reply, Errors.NotEnoughReplicas);
            return false;
        }
        if (client.Has(ClientFlags.PubSub) && client.Protocol == 2 && !command.RunsSubscribed)
        {
            Reject(client, command, reply, Errors.InSubscribedMode(command.FullName));
            return false;
        }
        if (client.Has(ClientFlags.Monitor | ClientFlags.Replica)
            && (flags & (CommandFlags.Write | CommandFlags.ReadOnly | CommandFlags.MayReplicate)) != 0)
        {
            Reject(client, command, reply, Errors.ReplicaMayNotUseKeys);
            return false;
        }
        return true;
    }

    /// <summary>What the client's plain commands (<see cref="Command.IsPlain"/>) have to pass now, as far as gates are concerned.</summary>
    public Passage PassageOf(Client client)
    {
        if (!client.IsAuthenticated
            || client.Has(ClientFlags.Multi | ClientFlags.CanRedirect | ClientFlags.PubSub | ClientFlags.Monitor | ClientFlags.Replica)
            || dataset.IsLoading || dataset.IsLoadingBeside || IsReplica || script.IsBusy || CannotWriteToDisk || replicas.AreTooFew)
            return Passage.AllGates;
        return client.User.IsRestricted || router is not null || memorySettings.MaxMemory > 0 ? Passage.OwnGates : Passage.Free;
    }

    /// <summary>As <see cref="Admit"/>, for a plain command of a client whose passage is <see cref="Passage.OwnGates"/>.</summary>
    public bool AdmitPlain(in CommandContext context)
    {
        var (client, command, reply) = (context.Client, context.Command, context.Reply);
        var request = context.Request;
        return !(client.User.IsRestricted && !IsPermitted(client, command, request, reply))
            && (router is null || IsServedHere(client, command, command.Flags, request, context.FirstKeyHash, reply))
            && (memorySettings.MaxMemory <= 0 || HasMemory(client, command, command.Flags, request, reply));
    }

    /// <summary>Makes room under maxmemory. If there is none, a command that needs it, or that will be run later, has been refused.</summary>
    bool HasMemory(Client client, Command command, CommandFlags flags, in Request request, ReplyWriter reply)
    {
        IsOverMemory = !MakeRoom(client, reply);
        if (!IsOverMemory || !(client.Has(ClientFlags.Multi) && command.InMulti == InMulti.Queued)
            && (DeclaredFlags(command, request, flags) & CommandFlags.DenyOom) == 0)
            return true;
        Reject(client, command, reply, Errors.OutOfMemory);
        return false;
    }

    /// <summary>Whether memory exceeded maxmemory when the last client's command began, and nothing could be evicted.</summary>
    bool IsOverMemory { get; set; }

    /// <summary>Evicts keys if memory exceeds its bound. Returns false if it does and nothing can be evicted.</summary>
    bool MakeRoom(Client client, ReplyWriter reply)
    {
        var result = eviction.Run();
        // Clients hear of evicted keys before the command runs: it may create the same keys again.
        if (pushes.HasDeferred) pushes.WriteDeferred(client, reply);
        return result != EvictionResult.OutOfMemory;
    }

    public void Reject(Client client, Command? command, ReplyWriter reply, string error) =>
        Reject(client, command, reply, System.Text.Encoding.UTF8.GetBytes(error));

    /// <summary>Answers why a request cannot run. Its client's transaction fails with it.</summary>
    /// <param name="command">The command whose call is refused; null if the request names none.</param>
    public void Reject(Client client, Command? command, ReplyWriter reply, ReadOnlySpan<byte> error)
    {
        if (command is not null) commandStatistics[command.Ordinal].RejectedCalls++;
        // A request that names no command is the next one all the same.
        if (!client.Has(ClientFlags.Multi)) client.Flags &= ~ClientFlags.AskingNext;
        if (command is { InMulti: InMulti.RunsQueue })
        {
            transactions.Discard(client);
            error = Errors.ExecAbortBecause(error);
        }
        else if (client.Has(ClientFlags.Multi))
        {
            transactions.Abort(client);
        }
        Answer(reply, error);
    }

    void Answer(ReplyWriter reply, ReadOnlySpan<byte> error)
    {
        statistics.CountError(error);
        reply.Error(error);
    }
}
