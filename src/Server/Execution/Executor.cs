using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>
/// Runs commands, one at a time. The thread that received a batch parses it, executes it and writes its replies under the
/// executor's lock, so that with one loop thread the lock is never contended and with several it serializes whole batches.
/// Whether a command may run at all is decided in Executor.Gates.cs.
/// </summary>
sealed partial class Executor(MiniRedisServer server) : IConnectionHandler
{
    /// <summary>When the cron is called again after it failed: seldom enough that its log lines stay readable.</summary>
    const int CronRetryMilliseconds = 1000;

    readonly Lock _lock = new();
    readonly Clock _clock = server.Clock;
    readonly ServerStatistics _statistics = server.Statistics;

    public Lock ExecutorLock => _lock;

    // Commands that run: EXEC and one of its own make two. The next two fields are of the innermost and stay behind when it ends, so
    // that a pipeline of the same command does not write them (a write barrier each) again and again.
    int _runs;
    Command? _running;
    Client? _runningFor;

    /// <summary>The command that is running; null while none is: what it may ask is not what the cron may ask.</summary>
    public Command? Running => _runs > 0 ? _running : null;

    /// <summary>The client whose command is running: in a script, the one that called it.</summary>
    public Client? RunningFor => _runs > 0 ? _runningFor : null;

    /// <summary>Runs one request, or answers why not.</summary>
    /// <returns>False if it is to wait: the client was held (CLIENT PAUSE, a snapshot) and comes back to the same request later.</returns>
    bool Execute(Client client, in Request request, Command? command, ulong? keyHash, ReplyWriter reply)
    {
        if (server.Pause.IsActive && server.Pause.Holds(client, command, request)
            || server.Snapshots.IsActive && server.Snapshots.Holds(client, command, request)
            || server.Aof.HoldsWrites && server.Aof.Holds(client, command))
        {
            client.Flags |= ClientFlags.Paused;
            return false;
        }
        if (client.ReplyMode != ReplyMode.On) StartMuted(client, reply);
        if (TryResolve(client, request, reply, ref command) && Admit(client, command, reply))
        {
            if (client.LastCommand != command) client.LastCommand = command;
            if (client.Has(ClientFlags.Multi) && command.InMulti == InMulti.Queued)
            {
                Enqueue(client, command, request, keyHash, reply);
            }
            else
            {
                var context = new CommandContext(server, client, command, reply, request, keyHash);
                Call(ref context);
                if (server.Blocking.HasReady) server.Blocking.Serve();
            }
        }
        if (reply.Muted) EndMuted(client, reply);
        if (client.Tracking is { } tracking) EndCaching(client, tracking, command);
        if (server.Pushes.HasDeferred) server.Pushes.WriteDeferred(client, reply);
        return true;
    }

    /// <summary>CLIENT CACHING applies to one command or transaction; more of CLIENT may stand between.</summary>
    static void EndCaching(Client client, ClientTracking tracking, Command? command)
    {
        if (client.Has(ClientFlags.Multi | ClientFlags.Blocked) || command?.Parent is { Name: "CLIENT" }) return;
        tracking.Modes &= ~TrackingModes.Caching;
    }

    /// <summary>Runs a command as a unit of its own.</summary>
    void Call(ref CommandContext context)
    {
        Invoke(ref context);
        server.Effects.EndUnit(isOne: (context.Command.Flags & CommandFlags.TouchesArbitraryKeys) == 0);
        if (server.Tracking.IsDue) server.Tracking.EndCommand(context.Client);
    }

    /// <summary>Runs a command, as a part of whatever unit it is in.</summary>
    void Invoke(ref CommandContext context)
    {
        var command = context.Command;
        var reply = context.Reply;
        var client = context.Client;
        var effects = server.Effects;
        var dirty = effects.Dirty;
        var errors = reply.Errors;
        var written = reply.Written;
        var mark = reply.Mark;
        var started = _clock.Timestamp;
        _seen |= command.Flags;
        Run(ref context);

        var ticks = _clock.Advance() - started;
        if (client.Waiting is { } waiting) ticks = waiting.Ticks += ticks;
        // One that waits has not ended; it counts when it does.
        var failed = reply.Errors - errors != _nestedErrors;
        if (!client.Has(ClientFlags.Blocked)) CountCall(context, ticks, failed, reply.Written - written);
        _nestedErrors = 0;
        if (server.Monitors.Any && !_runsAgain) server.Monitors.Show(context);
        if (server.Redactions.Any) server.Redactions.Clear();
        CheckDeclaration(context, dirty, mark);

        if (client.Tracking is { Remembers: true }) server.Tracking.Remember(context);
        if (!effects.IsPropagating) return;
        if (command.Propagates == Propagation.Verbatim && effects.Dirty != dirty)
            effects.AddVerbatim(context.Database.Number, context.Request);
        else if (command.Propagates == Propagation.VerbatimToReplicas && !failed)
            effects.AddVerbatim(context.Database.Number, context.Request, EffectTarget.Replicas);
    }

    /// <summary>Runs the handler, and survives its bugs.</summary>
    /// <remarks>
    /// By itself, as the JIT keeps in memory what a try spans; and compiled without a profile, by which the handler that is called most
    /// would be inlined here, into the try.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Run(ref CommandContext context)
    {
        var reply = context.Reply;
        var written = reply.Written;
        var depth = reply.Depth;
        var mark = reply.Mark;
        var (outer, outerFor) = (_running, _runningFor);
        if (_running != context.Command) _running = context.Command;
        if (_runningFor != context.Client) _runningFor = context.Client;
        _runs++;
        try
        {
            if (server.Snapshots.IsActive) server.Snapshots.Prepare(context);
            context.Command.Run!(ref context);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            reply.Unwind(depth, mark);
            server.Effects.DropUnfinished();
            Contain(ref context, failure, written);
        }
        if (reply.IsCut) reply.Unwind(depth, mark);
        if (--_runs > 0) (_running, _runningFor) = (outer, outerFor);
    }

    void CountCall(in CommandContext context, long ticks, bool failed, long replyBytes)
    {
        var statistics = server.CommandStatistics[context.Command.Ordinal];
        statistics.Calls++;
        statistics.Ticks += ticks;
        if (failed) statistics.FailedCalls++;
        if (server.Config.Observation.LatencyTracking) (statistics.Latency ??= new()).Record(_clock.Microseconds(0, ticks) * 1000);
        if (!_inTransaction) _statistics.CommandTicks += ticks;
        _statistics.CommandsProcessed++;
        context.Client.CommandsRun++;
        var watch = server.CallWatch;
        if (ticks >= watch.LeastTicks) watch.NoteTime(context, ticks);
        if (context.MostEncodedLength + replyBytes >= watch.LeastBytes) watch.NoteBytes(context, replyBytes);
    }

    /// <summary>Ends a command that an exception tore out of its call, so that nothing of it is taken for the next one's.</summary>
    void LeaveCommand()
    {
        _runs = 0;
        _nestedErrors = 0;
        server.Redactions.Clear();
        server.Effects.EndUnit();
        server.Tracking.DropPending();
    }

    /// <summary>
    /// A handler's bug must cost one request, not the server: it is logged by the command's name (never its arguments, which
    /// may hold secrets), and the client gets a generic error. If a part of a reply is out, the stream cannot be mended and
    /// the connection is closed instead.
    /// </summary>
    void Contain(ref CommandContext context, Exception failure, long written)
    {
        _statistics.UnexpectedErrors++;
        server.Log.HandlerFailed(context.Command.FullName, failure);
        if (context.Reply.Written == written) context.Fail(Errors.Internal);
        else context.Client.Connection.CloseLocked(CloseMode.AtOnce, "internal error after part of a reply");
    }

    static void StartMuted(Client client, ReplyWriter reply)
    {
        if (client.ReplyMode == ReplyMode.SkipNext) client.ReplyMode = ReplyMode.SkipThis;
        reply.Muted = true;
    }

    /// <summary>After a command under CLIENT REPLY OFF or SKIP; the command itself may have been CLIENT REPLY ON.</summary>
    static void EndMuted(Client client, ReplyWriter reply)
    {
        // The reply of one that waits is still to come.
        if (client.ReplyMode == ReplyMode.SkipThis && !client.Has(ClientFlags.Blocked)) client.ReplyMode = ReplyMode.On;
        reply.Muted = false;
    }

    public void OnAccepted(Connection connection)
    {
        lock (_lock) server.Admission.AcceptLocked(connection);
    }

    public void OnAcceptFailed(string reason) => server.Log.AcceptFailed(reason);

    public void OnClosed(Connection connection)
    {
        lock (_lock) server.Admission.RemoveLocked((Client?)connection.State, connection);
    }

    // Without the lock: what another thread adds at this moment, that thread's own turn hands on.
    public bool KeepsReplies => server.Aof.HasGathered;

    public void OnTurnEnded()
    {
        if (!server.Aof.HasGathered) return;
        lock (_lock) server.Aof.Submit();
    }

    public void OnSendingLocked() => server.Aof.Submit();

    public int OnTick()
    {
        lock (_lock)
        {
            var started = _clock.Advance();
            var wait = CronRetryMilliseconds;
            try
            {
                // What a failed run emitted before it failed has happened, and is told now.
                server.Effects.EndUnit();
                wait = server.Cron.RunLocked();
                if (server.Tracking.HasChangedPrefixes) server.Tracking.Broadcast();
            }
            catch (Exception failure)
            {
                // A bug of ours must not end the thread that serves everybody; what is due is tried again.
                server.Log.CronFailed(failure);
            }
            var ticks = _clock.Advance() - started;
            _statistics.CronTicks += ticks;
            _statistics.CountCycle(ticks, commands: 0);
            NextTick = _clock.Now + wait;
            return wait;
        }
    }
}
