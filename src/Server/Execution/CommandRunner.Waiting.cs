using MiniRedis.Resp;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Routing;

namespace MiniRedis.Server.Execution;

/// <summary>Runs and ends the commands of blocked clients: see <see cref="BlockedClients"/>.</summary>
sealed partial class CommandRunner
{
    // Whether the running command has run before and waited since.
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
            if (gates.Admit(client, (Command)call.Command, call.Request, reply))
            {
                var context = new CommandContext(parts, client, (Command)call.Command, reply, call.Request);
                Call(ref context);
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // As in a batch of its own: the waiting client is closed, and the client whose command woke it is not affected.
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
        client.WriteOffset = history.Offset;
        aof.HoldReplies(client, appended, hasSeen: true);
    }

    /// <inheritdoc/>
    public void EndWait(BlockingCall call, bool withError)
    {
        if (call.Awaited is not null && !withError)
        {
            call.IsOver = true;
            RunAgain(call);
            return;
        }
        EndWait(call, withError ? Errors.Unblocked : default);
    }

    /// <inheritdoc/>
    public void EndForRole(BlockingCall call)
    {
        if (call.Awaited is AwaitedWrites { OutlivesRole: true })
        {
            EndWait(call, withError: false);
            return;
        }
        EndWait(call, Errors.UnblockedByRole);
        call.Client.CloseAfterReply("the server became a replica");
    }

    /// <inheritdoc/>
    void IBlockedRunner.EndWait(BlockingCall call, byte[] error) => EndWait(call, error.AsSpan());

    void EndWait(BlockingCall call, ReadOnlySpan<byte> error)
    {
        var client = call.Client;
        blocked.Release(call);
        var reply = AttachWaiting(client);
        var context = new CommandContext(parts, client, (Command)call.Command, reply, call.Request);
        if (error.IsEmpty) reply.NullArray();
        else context.Fail(error);
        if (SlotStatistics is { IsOn: true } slots) slots.Current = SlotRouter.SlotOf(call.Command, call.Request);
        CountCall(context, call.Ticks, failed: !error.IsEmpty, reply.Written);
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
    /// Lets the loop that owns the connection send the reply and go on with requests that the client has sent meanwhile.
    /// </summary>
    void CompleteWaiting(Client client, ReplyWriter reply)
    {
        if (!client.Has(ClientFlags.Blocked))
        {
            client.Waiting = null;
            if (reply.Muted) EndMuted(client, client.LastCommand, reply);
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
