using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Execution.Gates;

/// <summary>Decides whether the user of a client may run a command. Nothing is asked of users without restrictions.</summary>
sealed partial class CommandGates
{
    /// <summary>Whether the client's user may run the command. If not, the error has been answered.</summary>
    bool IsPermitted(Client client, Command command, in Request request, ReplyWriter reply)
    {
        var isQueued = client.Has(ClientFlags.Multi);
        var denial = AccessCheck.Check(client.User, command, request, isQueued ? DatabaseOfQueue(client) : client.Database.Number);
        if (denial.IsAllowed)
        {
            if (isQueued && command.Name == "SELECT") NoteSelected(client, request);
            return true;
        }
        // The log shows it, as it shows the client's last command at any other time.
        client.LastCommand = command;
        denials.Note(client, command, request, denial, isQueued ? AclContext.Multi : AclContext.TopLevel);
        Reject(client, command, reply, Errors.NoPerm(denial.Text(client.User, command)));
        return false;
    }

    /// <summary>Whether the client's user may run a command that it has queued: rights may have changed since. If not, that is answered.</summary>
    public bool IsStillPermitted(Client client, Command command, in Request request, ReplyWriter reply)
    {
        var denial = AccessCheck.Check(client.User, command, request, client.Database.Number);
        if (denial.IsAllowed) return true;
        denials.Note(client, command, request, denial, AclContext.Multi);
        var error = Errors.AclChanged(denial.QueuedText);
        statistics.CountError(error);
        reply.Error(error);
        return false;
    }

    /// <summary>Why the user of a script's caller may not run a command that it calls; empty if it may.</summary>
    public ReadOnlySpan<byte> WhyNotPermitted(Client caller, Command command, in Request request)
    {
        var denial = AccessCheck.Check(caller.User, command, request, caller.Database.Number);
        if (denial.IsAllowed) return default;
        denials.Note(caller, command, request, denial, AclContext.Lua);
        return Errors.AclFailureInScript(denial.Text(caller.User, command));
    }

    /// <summary>The database in which a command that is queued now will run.</summary>
    static int DatabaseOfQueue(Client client) => client.Transaction!.SelectedDatabase ?? client.Database.Number;

    static void NoteSelected(Client client, in Request request)
    {
        if (Numbers.TryParseInt64(request[1], out var number) && number is >= 0 and <= int.MaxValue)
            client.Transaction!.SelectedDatabase = (int)number;
    }
}
