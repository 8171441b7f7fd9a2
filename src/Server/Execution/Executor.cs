using System.Buffers;
using MiniRedis.Resp;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>
/// Runs commands, one at a time. The thread that received a batch parses it, executes it and writes its replies under the
/// executor's lock, so that with one loop thread the lock is never contended and with several it serializes whole batches.
/// Whether a command may run at all is decided in Executor.Gates.cs.
/// </summary>
sealed partial class Executor(MiniRedisServer server) : IConnectionHandler
{
    /// <summary>
    /// Commands of one batch before the others get a turn. A full receive buffer of the smallest requests holds about 4,700.
    /// </summary>
    const int BatchCommands = 4096;

    /// <summary>Time of one batch before the others get a turn: well under the latency at which a user would notice.</summary>
    const long BatchMicroseconds = 2000;

    /// <summary>
    /// Bytes of replies of one batch: then they are sent, or found to be over the client's limit, before more are made.
    /// </summary>
    const long BatchReplyBytes = 1024 * 1024;

    /// <summary>When the cron is called again after it failed: seldom enough that its log lines stay readable.</summary>
    const int CronRetryMilliseconds = 1000;

    readonly Lock _lock = new();
    readonly Clock _clock = server.Clock;
    readonly ServerStatistics _statistics = server.Statistics;

    // Flags of the commands of the present batch.
    CommandFlags _seen;

    public Lock ExecutorLock => _lock;

    /// <summary>The command that is running; null while none is: what it may ask is not what the cron may ask.</summary>
    public Command? Running { get; private set; }

    /// <summary>The client whose command is running: in a script, the one that called it.</summary>
    public Client? RunningFor { get; private set; }

    public void OnReceived(Connection connection)
    {
        lock (_lock)
        {
            if (connection.Closing != CloseMode.Open || server.Exiting.HasBegun)
            {
                // It is on its way out, or was refused, or the server goes: what it goes on sending is not kept.
                connection.Input.Consume(connection.Input.Length);
                return;
            }
            var client = (Client)connection.State!;
            try
            {
                if (server.ClientEviction.IsDue) server.ClientEviction.Run();
                if (!client.IsGone) ProcessInputLocked(client);
            }
            catch (Exception failure)
            {
                // A bug of ours, or no memory for what this client wants: it goes, the others stay.
                server.Log.BatchFailed(client.Id, failure);
                LoopState.Renew();
                LeaveCommand();
                connection.CloseLocked(CloseMode.AtOnce, "internal error");
            }
            connection.EndBatchLocked();
        }
    }

    void ProcessInputLocked(Client client)
    {
        var connection = client.Connection;
        var input = connection.Input;
        var arrived = input.Length;
        if (!input.TryRead(out var read)) return;

        _statistics.TotalReads++;
        var started = _clock.Advance();
        client.LastInteraction = _clock.Now;
        if (arrived + (client.Transaction?.Queue.QueuedBytes ?? 0) > server.Config.ClientQueryBufferLimit)
        {
            _statistics.QueryBufferLimitDisconnections++;
            server.Log.QueryBufferLimit(client.Id, arrived);
            connection.CloseLocked(CloseMode.AtOnce, "query buffer limit");
            return;
        }

        var loop = LoopState.Current;
        var reply = loop.Reply;
        reply.Attach(connection.Output, client.Protocol);
        client.IsAnswered = true;
        var commands = _statistics.CommandsProcessed;
        var appended = server.Aof.Position;
        _seen = CommandFlags.None;
        var consumed = RunBatch(client, read.Buffer, loop, started, out var wanted);
        if (server.Tracking.HasChangedPrefixes) Broadcast(client, reply);
        CountReplies(client, reply);
        reply.Complete();
        client.IsAnswered = false;
        server.Aof.HoldReplies(client, appended, (_seen & (CommandFlags.ReadOnly | CommandFlags.Write)) != 0);

        client.BytesReceived += consumed;
        _statistics.NetInputBytes += consumed;
        input.AdvanceTo(read.Buffer.GetPosition(consumed), read.Buffer.End);
        input.KeepUnread(wanted);
        server.Limits.CheckOutput(client);
        server.Memory.Account(client, batchEnds: true);
        _statistics.CountCycle(_clock.Timestamp - started, _statistics.CommandsProcessed - commands);
    }

    /// <summary>Tells of keys by prefix, the client whose batch is over behind its replies.</summary>
    void Broadcast(Client client, ReplyWriter reply)
    {
        server.Tracking.Broadcast();
        server.Pushes.WriteDeferred(client, reply);
    }

    void CountReplies(Client client, ReplyWriter reply)
    {
        if (reply.Written > 0) _statistics.TotalWrites++;
        client.BytesSent += reply.Written;
        if (reply.Written > client.ReplyPeak) client.ReplyPeak = reply.Written;
        _statistics.NetOutputBytes += reply.Written;
    }

    /// <summary>Parses and runs requests until the bytes, the budget or the client's permission ends.</summary>
    /// <returns>Bytes that are done with.</returns>
    int RunBatch(Client client, ReadOnlySequence<byte> buffer, LoopState loop, long started, out long wanted)
    {
        // Our pipes show one segment; a pipe that shows several (a TLS stream's) is parsed through one copy.
        var unread = buffer.IsSingleSegment ? buffer.FirstSpan : buffer.ToArray();
        var window = loop.Window;
        var consumed = 0;
        var budget = BatchCommands;
        wanted = 0;
        while (consumed < unread.Length && client.MayRun)
        {
            if (budget <= 0 || loop.Reply.Written >= BatchReplyBytes
                || _clock.Microseconds(started, _clock.Timestamp) > BatchMicroseconds)
            {
                client.Connection.WantsResume = true;
                break;
            }
            var limits = new ParserLimits { MaxBulkLength = server.Config.ProtoMaxBulkLen, Authenticated = client.IsAuthenticated };
            loop.Reply.Limit = server.Limits.MostReplies(client, loop.Reply);
            window.Fill(ref client.Parser, unread, consumed, limits, server.Commands, client.Database);
            if (client.Tracking is { Remembers: true }) server.Tracking.Prefetch(window);
            budget -= window.Count;
            if (!RunWindow(client, window, unread, loop.Reply, ref consumed))
            {
                // What was parsed ahead is parsed anew: now, or when the client goes on.
                client.Parser.Reset();
                continue;
            }
            if (window.End == ParseStatus.NeedMore)
            {
                wanted = window.Wanted;
                break;
            }
            if (window.End == ParseStatus.Empty) consumed += window.EndLength;
            else if (window.End == ParseStatus.ProtocolError) RefuseProtocol(client, loop.Reply, window.Error!);
        }
        return consumed;
    }

    /// <summary>Runs the requests of a window.</summary>
    /// <returns>
    /// False if not all need have run: the client is held or being closed, what it may send has changed, or its replies are long.
    /// </returns>
    bool RunWindow(Client client, RequestWindow window, ReadOnlySpan<byte> unread, ReplyWriter reply, ref int consumed)
    {
        for (var i = 0; i < window.Count; i++)
        {
            // AUTH lifts limits under which the rest was parsed.
            var authenticated = client.IsAuthenticated;
            if (!Execute(client, window.Request(i, unread), window.Command(i), window.KeyHash(i), reply)) return false;
            consumed = window.EndOf(i);
            if (reply.Written >= reply.Limit)
                server.Limits.CutOff(client, client.Connection.Output.PendingBytes + reply.Written - reply.HandedOver);
            if (!client.MayRun || client.IsAuthenticated != authenticated || reply.Written >= BatchReplyBytes) return false;
        }
        return true;
    }

    void RefuseProtocol(Client client, ReplyWriter reply, string error)
    {
        server.Log.ProtocolError(client.Id, error);
        Reject(client, null, reply, "ERR " + error);
        client.CloseAfterReply("protocol error");
    }

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
            client.LastCommand = command;
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
        var effects = server.Effects;
        var dirty = effects.Dirty;
        var errors = reply.Errors;
        var written = reply.Written;
        var depth = reply.Depth;
        var mark = reply.Mark;
        var started = _clock.Timestamp;
        var (outer, outerFor) = (Running, RunningFor);
        Running = command;
        RunningFor = context.Client;
        _seen |= command.Flags;
        try
        {
            if (server.Snapshots.IsActive) server.Snapshots.Prepare(context);
            command.Run!(ref context);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            reply.Unwind(depth, mark);
            effects.DropUnfinished();
            Contain(ref context, failure, written);
        }
        Running = outer;
        RunningFor = outerFor;

        var ticks = _clock.Advance() - started;
        if (context.Client.Waiting is { } waiting) ticks = waiting.Ticks += ticks;
        // One that waits has not ended; it counts when it does.
        var failed = reply.Errors - errors != _nestedErrors;
        if (!context.Client.Has(ClientFlags.Blocked)) CountCall(context, ticks, failed, reply.Written - written);
        _nestedErrors = 0;
        if (server.Monitors.Any && !_runsAgain) server.Monitors.Show(context);
        if (server.Redactions.Any) server.Redactions.Clear();
        if (reply.IsCut) reply.Unwind(depth, mark);
        CheckDeclaration(context, dirty, mark);

        if (context.Client.Tracking is { Remembers: true }) server.Tracking.Remember(context);
        if (!effects.IsPropagating) return;
        if (command.Propagates == Propagation.Verbatim && effects.Dirty != dirty)
            effects.AddVerbatim(context.Database.Number, context.Request);
        else if (command.Propagates == Propagation.VerbatimToReplicas && !failed)
            effects.AddVerbatim(context.Database.Number, context.Request, EffectTarget.Replicas);
    }

    void CountCall(in CommandContext context, long ticks, bool failed, long replyBytes)
    {
        var statistics = server.CommandStatistics[context.Command.Ordinal];
        statistics.Calls++;
        statistics.Ticks += ticks;
        if (failed) statistics.FailedCalls++;
        if (server.Config.LatencyTracking) (statistics.Latency ??= new()).Record(_clock.Microseconds(0, ticks) * 1000);
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
        Running = null;
        RunningFor = null;
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
