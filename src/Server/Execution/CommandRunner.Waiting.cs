using MiniRedis.Resp;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Execution;

/// <summary>What the executor does for clients that wait: see <see cref="BlockedClients"/>.</summary>
sealed partial class CommandRunner
{
    // The command that runs has run before, and waited since.
    bool _runsAgain;

    /// <inheritdoc/>
    public void RunAgain(BlockingCall call)
    {
        var client = call.Client;
        var appended = aof.Position;
        blocked.Release(call);
        var reply = AttachWaiting(client);
        _runsAgain = true;
        try
        {
            if (gates.Admit(client, (Command)call.Command, reply))
            {
                var context = new CommandContext(parts, client, (Command)call.Command, reply, call.Request);
                Call(ref context);
            }
        }
        catch (Exception failure)
        {
            // As for a batch of its own: the one who waited goes, the one whose command woke it does not suffer for it.
            log.BatchFailed(client.Id, failure);
            LoopWriters.Current.RenewAwakened();
            LeaveCommand();
            admission.KillLocked(client, "internal error");
            return;
        }
        finally
        {
            _runsAgain = false;
        }
        CompleteWaiting(client, reply);
        aof.HoldReplies(client, appended, hasSeen: true);
    }

    /// <inheritdoc/>
    public void EndWait(BlockingCall call, bool withError)
    {
        var client = call.Client;
        blocked.Release(call);
        var reply = AttachWaiting(client);
        var context = new CommandContext(parts, client, (Command)call.Command, reply, call.Request);
        if (withError) context.Fail(Errors.Unblocked);
        else reply.NullArray();
        CountCall(context, call.Ticks, failed: withError, reply.Written);
        CompleteWaiting(client, reply);
    }

    static ReplyWriter AttachWaiting(Client client)
    {
        var reply = LoopWriters.Current.Awakened;
        reply.Attach(client.Connection.Output, client.Protocol);
        client.IsAnswered = true;
        reply.Muted = client.ReplyMode != ReplyMode.On;
        return reply;
    }

    /// <summary>
    /// Sends what was replied, by the loop that owns the connection, and has that go on with what the client sent meanwhile.
    /// </summary>
    void CompleteWaiting(Client client, ReplyWriter reply)
    {
        if (!client.Has(ClientFlags.Blocked))
        {
            client.Waiting = null;
            if (reply.Muted) EndMuted(client, reply);
            if (client.Tracking is { } cached) EndCaching(client, cached, client.LastCommand);
        }
        if (pushes.HasDeferred) pushes.WriteDeferred(client, reply);
        CountReplies(client, reply);
        reply.Complete();
        client.IsAnswered = false;
        limits.CheckOutput(client);
        clientMemory.Account(client);
        if (client.Connection.Input.Length > 0 && client.MayRun) client.Connection.WantsResume = true;
        client.Connection.RequestAttentionLocked();
    }
}
