using MiniRedis.Resp;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Execution;

/// <summary>What the executor does for clients that wait: see <see cref="BlockedClients"/>.</summary>
sealed partial class Executor
{
    /// <summary>Unix milliseconds at which the cron is to run next.</summary>
    public long NextTick { get; private set; }

    // The command that runs has run before, and waited since.
    bool _runsAgain;

    /// <summary>Runs the command of a waiting client once more. It may end up waiting again.</summary>
    public void RunAgain(BlockingCall call)
    {
        var client = call.Client;
        var appended = server.Aof.Position;
        server.Blocking.Release(call);
        var reply = AttachWaiting(client);
        _runsAgain = true;
        try
        {
            if (Admit(client, call.Command, reply))
            {
                var context = new CommandContext(server, client, call.Command, reply, call.Request);
                Call(ref context);
            }
        }
        catch (Exception failure)
        {
            // As for a batch of its own: the one who waited goes, the one whose command woke it does not suffer for it.
            server.Log.BatchFailed(client.Id, failure);
            LoopState.Current.RenewAwakened();
            LeaveCommand();
            server.Admission.KillLocked(client, "internal error");
            return;
        }
        finally
        {
            _runsAgain = false;
        }
        CompleteWaiting(client, reply);
        server.Aof.HoldReplies(client, appended, hasSeen: true);
    }

    /// <summary>Ends a wait without what was waited for: its time is over, or CLIENT UNBLOCK said so.</summary>
    public void EndWait(BlockingCall call, bool withError)
    {
        var client = call.Client;
        server.Blocking.Release(call);
        var reply = AttachWaiting(client);
        var context = new CommandContext(server, client, call.Command, reply, call.Request);
        if (withError) context.Fail(Errors.Unblocked);
        else reply.NullArray();
        CountCall(context, call.Ticks, failed: withError, reply.Written);
        CompleteWaiting(client, reply);
    }

    static ReplyWriter AttachWaiting(Client client)
    {
        var reply = LoopState.Current.Awakened;
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
            if (client.Tracking is { } tracking) EndCaching(client, tracking, client.LastCommand);
        }
        if (server.Pushes.HasDeferred) server.Pushes.WriteDeferred(client, reply);
        CountReplies(client, reply);
        reply.Complete();
        client.IsAnswered = false;
        server.Limits.CheckOutput(client);
        server.Memory.Account(client);
        if (client.Connection.Input.Length > 0 && client.MayRun) client.Connection.WantsResume = true;
        client.Connection.RequestAttentionLocked();
    }
}
