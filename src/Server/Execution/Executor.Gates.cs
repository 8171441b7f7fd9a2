using System.Diagnostics.CodeAnalysis;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;

namespace MiniRedis.Server.Execution;

partial class Executor
{
    /// <summary>
    /// Checks that the request names a command, or of a container a subcommand, and has the number of arguments it asks for.
    /// </summary>
    bool TryResolve(in Request request, ReplyWriter reply, [NotNullWhen(true)] ref Command? command)
    {
        if (command is null)
        {
            Reject(reply, Errors.UnknownCommand(request));
            return false;
        }
        if (command.IsContainer && request.Count > 1)
        {
            if (server.Commands.FindSubcommand(command, request[1]) is not { } subcommand)
            {
                Reject(reply, Errors.UnknownSubcommand(request[1], command.Name));
                return false;
            }
            command = subcommand;
        }
        if (command.Run is not null && command.AcceptsCount(request.Count)) return true;
        server.CommandStatistics[command.Ordinal].RejectedCalls++;
        Reject(reply, Errors.WrongArity(command.FullName));
        return false;
    }

    /// <summary>Whether the client may run the command now. What refuses it has answered.</summary>
    bool Admit(Client client, Command command, ReplyWriter reply)
    {
        var flags = command.Flags;
        if ((flags & CommandFlags.Protected) != 0 && !ConfigService.IsAllowed(server.Config.EnableDebugCommand, client.IsLocal))
        {
            server.CommandStatistics[command.Ordinal].RejectedCalls++;
            Reject(reply, Errors.DebugNotAllowed);
            return false;
        }
        if (!client.IsAuthenticated && (flags & CommandFlags.NoAuth) == 0)
        {
            server.CommandStatistics[command.Ordinal].RejectedCalls++;
            Reject(reply, Errors.NoAuth);
            return false;
        }
        if ((flags & CommandFlags.DenyOom) != 0 && server.Config.MaxMemory > 0 && server.Limits.IsOutOfMemory())
        {
            server.CommandStatistics[command.Ordinal].RejectedCalls++;
            Reject(reply, Errors.OutOfMemory);
            return false;
        }
        return true;
    }

    void Reject(ReplyWriter reply, string error) => Reject(reply, System.Text.Encoding.UTF8.GetBytes(error));

    void Reject(ReplyWriter reply, ReadOnlySpan<byte> error)
    {
        _statistics.CountError(error);
        reply.Error(error);
    }
}
