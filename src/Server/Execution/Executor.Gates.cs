using System.Diagnostics.CodeAnalysis;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Eviction;

namespace MiniRedis.Server.Execution;

partial class Executor
{
    /// <summary>
    /// Checks that the request names a command, or of a container a subcommand, and has the number of arguments it asks for.
    /// </summary>
    bool TryResolve(Client client, in Request request, ReplyWriter reply, [NotNullWhen(true)] ref Command? command)
    {
        if (command is null)
        {
            Reject(client, null, reply, Errors.UnknownCommand(request));
            return false;
        }
        if (command.IsContainer && request.Count > 1)
        {
            if (server.Commands.FindSubcommand(command, request[1]) is not { } subcommand)
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

    /// <summary>Whether the client may run the command now. What refuses it has answered.</summary>
    bool Admit(Client client, Command command, ReplyWriter reply)
    {
        var flags = command.Flags;
        if ((flags & CommandFlags.Protected) != 0 && !ConfigService.IsAllowed(server.Config.Security.EnableDebugCommand, client.IsLocal))
        {
            Reject(client, command, reply, Errors.DebugNotAllowed);
            return false;
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
            // What EXEC runs is checked once more, and as a whole: the times may have changed.
            if (command.InMulti == InMulti.RunsQueue)
            {
                var queue = client.Transaction!.Queue;
                flags = (flags | queue.Flags) & ~(CommandFlags.Loading & ~queue.SharedFlags);
            }
        }
        if (server.Loading.IsLoading && (flags & CommandFlags.Loading) == 0)
        {
            Reject(client, command, reply, Errors.Loading);
            return false;
        }
        if (server.Config.Memory.MaxMemory > 0 && !MakeRoom(client, reply) && (flags & CommandFlags.DenyOom) != 0)
        {
            Reject(client, command, reply, Errors.OutOfMemory);
            return false;
        }
        // PING tells it too, so that who watches the server by it notices.
        if ((server.BackgroundSaving.StopsWrites || server.Aof.Error is not null) && ((flags & CommandFlags.Write) != 0 || command.Name == "PING"))
        {
            var reason = server.Aof.Error;
            if (reason is null) Reject(client, command, reply, Errors.CannotSave);
            else Reject(client, command, reply, Errors.AofFailed(reason));
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

    /// <summary>Evicts keys if the memory is over its bound. Returns false if it is, and nothing can be evicted.</summary>
    bool MakeRoom(Client client, ReplyWriter reply)
    {
        var result = server.Eviction.Run();
        // Of what was evicted, clients have to hear before the command: it may be about the same keys, anew.
        if (server.Pushes.HasDeferred) server.Pushes.WriteDeferred(client, reply);
        return result != EvictionResult.OutOfMemory;
    }

    void Reject(Client client, Command? command, ReplyWriter reply, string error) =>
        Reject(client, command, reply, System.Text.Encoding.UTF8.GetBytes(error));

    /// <summary>Answers why a request cannot run. Its client's transaction fails with it.</summary>
    /// <param name="command">The command whose call is refused; null if the request names none.</param>
    void Reject(Client client, Command? command, ReplyWriter reply, ReadOnlySpan<byte> error)
    {
        if (command is not null) server.CommandStatistics[command.Ordinal].RejectedCalls++;
        if (command is { InMulti: InMulti.RunsQueue })
        {
            server.Transactions.Discard(client);
            error = Errors.ExecAbortBecause(error);
        }
        else if (client.Has(ClientFlags.Multi))
        {
            server.Transactions.Abort(client);
        }
        _statistics.CountError(error);
        reply.Error(error);
    }
}
