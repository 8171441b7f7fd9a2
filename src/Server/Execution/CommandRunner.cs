using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution.Gates;
using MiniRedis.Server.Execution.Intake;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Monitoring;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;
using MiniRedis.Server.Transactions;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>
/// Runs single commands of any source: through the gates, as a unit of effects of its own, counted and shown to monitors. Under
/// the executor's lock. Transactions, waiting commands and commands of the AOF have a file each.
/// </summary>
sealed partial class CommandRunner(
    ServerParts parts, CommandGates gates, RunningCall running, ClientTransactions transactions,
    ClientPause pause, Snapshots snapshots, AppendOnlyFile aof, BlockedClients blocked, Pushes pushes,
    TrackedKeys tracking, DeclaredScripts declaredScripts,
    Monitors monitors, CallWatch callWatch, HotKeys hotKeys, Redactions redactions, EffectStream effects,
    RefusedMemory refusedMemory, ClientLimits limits, ClientMemory clientMemory, Admission admission, ServerStatistics statistics,
    CommandStatistics[] commandStatistics, RunningScript script, ReplicationHistory history, Keyspace keyspace, KeyAccess keys,
    CacheLeases leases, CommandTable<Command> commands, DebugSwitches switches, ObservationSettings settings, Clock clock, ServerLog log)
    : IBlockedRunner, IScriptCalls
{
    // Errors of a transaction's commands. They do not count as errors of EXEC.
    int _nestedErrors;

    /// <summary>The flags of the commands that have run since <see cref="BeginBatch"/>.</summary>
    public CommandFlags Seen { get; private set; }

    /// <summary>A client's batch begins.</summary>
    public void BeginBatch() => Seen = CommandFlags.None;

    /// <summary>Goes on with a batch whose command had others served.</summary>
    /// <param name="seen">What it had seen.</param>
    public void ResumeBatch(CommandFlags seen) => Seen = seen;

    /// <summary>Runs one request, or answers why it cannot run.</summary>
    /// <returns>
    /// False if the request waits: the client was held (CLIENT PAUSE, a snapshot) and repeats the same request later.
    /// </returns>
    public bool Execute(Client client, in Request request, Command? command, ulong? keyHash, ReplyWriter reply)
    {
        if (pause.IsActive && pause.Holds(client, command, request) && !IsReadOnlyScript(command, request)
            || snapshots.IsActive && snapshots.Holds(client, command, request)
            || aof.HoldsWrites && aof.Holds(client, command))
        {
            client.Flags |= ClientFlags.Paused;
            return false;
        }
        if (client.ImportedSlots is not null) reply.NotesErrors = true;
        if (client.ReplyMode != ReplyMode.On) StartMuted(client, reply);
        if (gates.TryResolve(client, request, reply, ref command) && gates.Admit(client, command, request, reply, keyHash))
        {
            if (client.LastCommand != command) client.LastCommand = command;
            if (client.Has(ClientFlags.Multi) && command.InMulti == InMulti.Queued)
            {
                Enqueue(client, command, request, keyHash, reply);
                if (SlotStatistics is { IsOn: true } slots) slots.Add(0, InputBytes(command, request), 0);
            }
            else
            {
                var context = new CommandContext(parts, client, command, reply, request, keyHash);
                Call(ref context);
                if (blocked.HasReady && !script.IsRunning) blocked.Serve();
            }
        }
        if (reply.Muted) EndMuted(client, command, reply);
        if (reply.NotesErrors) NoteImport(client, reply);
        if (client.Tracking is { } cached) EndCaching(client, cached, command);
        if (pushes.HasDeferred) pushes.WriteDeferred(client, reply);
        return true;
    }

    /// <summary>What the client's plain commands (<see cref="Command.IsPlain"/>) have to pass now, and until it runs another.</summary>
    public Passage PassageOf(Client client)
    {
        return pause.IsActive || snapshots.IsActive || aof.HoldsWrites || script.IsRunning
            || client.ImportedSlots is not null || client.ReplyMode != ReplyMode.On || client.Tracking is not null
            ? Passage.AllGates : gates.PassageOf(client);
    }

    /// <summary>As <see cref="Execute"/>, for a plain command with as many arguments as it takes, where not all gates have to be asked.</summary>
    /// <param name="parsed">The request, which is not copied.</param>
    /// <param name="bytes">The bytes that it lies in.</param>
    /// <param name="passage">What <see cref="PassageOf"/> says of the client.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void ExecutePlain(Client client, in ParsedRequest parsed, ReadOnlySpan<byte> bytes, ReplyWriter reply, Passage passage)
    {
        var command = parsed.Command!;
        var context = new CommandContext(parts, client, command, reply, parsed.ViewInPlace(bytes), parsed.KeyHash);
        if (passage == Passage.Free || gates.AdmitPlain(context))
        {
            if (client.LastCommand != command) client.LastCommand = command;
            Call(ref context);
            if (blocked.HasReady) blocked.Serve();
        }
        if (pushes.HasDeferred) pushes.WriteDeferred(client, reply);
    }

    /// <summary>A command of the source of a slot has run; an error of it ends the migration.</summary>
    void NoteImport(Client client, ReplyWriter reply)
    {
        reply.NotesErrors = false;
        if (reply.NotedError is not { } error) return;
        reply.NotedError = null;
        parts.Migrations!.NoteError(client, error);
    }

    /// <summary>CLIENT CACHING applies to one command or transaction. Other CLIENT subcommands may come between.</summary>
    static void EndCaching(Client client, ClientTracking cached, CommandSpec? command)
    {
        if (client.Has(ClientFlags.Multi | ClientFlags.Blocked) || command?.Parent is { Name: "CLIENT" }) return;
        cached.Modes &= ~TrackingModes.Caching;
    }

    /// <summary>What requests for each slot cost; null on a server that is no node of a cluster.</summary>
    public SlotStatistics? SlotStatistics { get; init; }

    /// <summary>A node of a cluster sends messages to all nodes, its replicas among them: in the stream they would come twice.</summary>
    public bool SendsMessagesOnItsOwn { get; init; }

    /// <summary>Runs a command as a unit of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Call(ref CommandContext context)
    {
        Invoke(ref context);
        // Beside a busy script: the unit is the script's, and not whole yet.
        if (script.IsRunning) return;
        // As in Valkey the stream's bytes count for each replica.
        if (SlotStatistics is { IsOn: true } slots) slots.Add(0, 0, (long)effects.UnitBytes * parts.Replicas.Count);
        effects.EndUnit(isOne: (context.Command.Flags & CommandFlags.TouchesArbitraryKeys) == 0);
        if (tracking.IsDue) tracking.EndCommand(context.Client);
    }

    /// <summary>Runs a command as a part of the current unit.</summary>
    void Invoke(ref CommandContext context)
    {
        var command = context.Command;
        var reply = context.Reply;
        var client = context.Client;
        var dirty = effects.Dirty;
        var errors = reply.Errors;
        var written = reply.Written;
        var mark = reply.Mark;
        var started = clock.Timestamp;
        Seen |= command.Flags;
        Run(ref context, written);

        var ticks = clock.Advance() - started;
        if (client.Waiting is { } waiting) ticks = waiting.Ticks += ticks;
        // A command that waits has not ended. It counts when it does.
        var failed = reply.Errors - errors != _nestedErrors;
        if (!client.Has(ClientFlags.Blocked)) CountCall(context, ticks, failed, reply.Written - written);
        _nestedErrors = 0;
        // What is refused says nothing of its keys.
        if (leases.Any && !failed && (command.Flags & CommandFlags.Write) != 0 && !command.ManagesLeases)
            leases.VoidKeysOf(command, context.Request, context.Database.Number, context.FirstKeyHash);
        if (monitors.Any && !_runsAgain) monitors.Show(client, command, context.Request, script.Caller == client);
        if (redactions.Any) redactions.Clear();
        CheckDeclaration(context, dirty, mark);

        if (client.Tracking is { Remembers: true }) tracking.Remember(client, command, context.Request, context.FirstKeyHash);
        if (effects.IsPropagating) Propagate(context, hasChanged: effects.Dirty != dirty, failed);
        if (keys.HasMade) FinishMade(context);
    }

    /// <summary>Tells the sinks of a command that is repeated as it came.</summary>
    void Propagate(in CommandContext context, bool hasChanged, bool failed)
    {
        var command = context.Command;
        if (command.Propagates == Propagation.Verbatim && hasChanged)
            effects.AddVerbatim(context.Database.Number, context.Request);
        else if (command.Propagates == Propagation.VerbatimToReplicas && !failed && (effects.Receivers & EffectTarget.Replicas) != 0
            && !(SendsMessagesOnItsOwn && command.Group == CommandGroup.PubSub))
            effects.AddVerbatim(context.Database.Number, context.Request, EffectTarget.Replicas);
    }

    /// <summary>Keys that a command has made get what policies and purges make of them. The client counts as who has changed them.</summary>
    void FinishMade(in CommandContext context)
    {
        var outer = running.Enter(context.Command, context.Client);
        keys.FinishMade(keyspace);
        running.Leave(outer);
    }

    /// <summary>Runs the handler and survives its bugs.</summary>
    /// <param name="context">The command.</param>
    /// <param name="written">Bytes of replies before it.</param>
    /// <remarks>
    /// A method of its own, since the JIT keeps locals that a try spans in memory. It is compiled without a profile: with one,
    /// the handler called most would be inlined here, into the try.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Run(ref CommandContext context, long written)
    {
        var reply = context.Reply;
        var depth = reply.Depth;
        var mark = reply.Mark;
        var outer = running.Enter(context.Command, context.Client);
        var dirty = effects.Dirty;
        try
        {
            if (!refusedMemory.TryBegin(context))
            {
                context.Fail(Errors.MemoryRefused);
                running.Leave(outer);
                return;
            }
            if (snapshots.IsActive) Prepare(context);
            context.Command.Run!(ref context);
        }
        catch (OutOfMemoryException failure)
        {
            // Not in a filter: that would run before the handler has freed what it frees itself.
            if (!refusedMemory.TryGiveUp(failure, dirty)) throw;
            reply.Unwind(depth, mark);
            effects.DropUnfinished();
            if (reply.Written == written) context.Fail(Errors.MemoryRefused);
            else context.Client.Connection.CloseLocked(CloseMode.AtOnce, "memory refused after part of a reply");
        }
        catch (Exception failure)
        {
            reply.Unwind(depth, mark);
            effects.DropUnfinished();
            Contain(ref context, failure, written);
        }
        refusedMemory.Leave();
        if (reply.IsCut) reply.Unwind(depth, mark);
        running.Leave(outer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Prepare(in CommandContext context) => snapshots.Prepare(context.Database, context.Command, context.Request);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void CountCall(in CommandContext context, long ticks, bool failed, long replyBytes)
    {
        var counts = commandStatistics[context.Command.Ordinal];
        var latency = counts.Latency;
        if ((latency is not null || !settings.LatencyTracking) && SlotStatistics is not { IsOn: true }
            && ticks < callWatch.LeastTicks && context.MostEncodedLength + replyBytes < callWatch.LeastBytes)
            Count(context, counts, latency, ticks, failed);
        else
            CountUnusual(context, counts, ticks, failed, replyBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Count(in CommandContext context, CommandStatistics counts, LatencyHistogram? latency, long ticks, bool failed)
    {
        counts.Calls++;
        counts.Ticks += ticks;
        if (failed) counts.FailedCalls++;
        if (settings.LatencyTracking) latency?.Record(clock.Microseconds(0, ticks) * 1000);
        if (!running.InTransaction) statistics.CommandTicks += ticks;
        statistics.CommandsProcessed++;
        context.Client.CommandsRun++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void CountUnusual(in CommandContext context, CommandStatistics counts, long ticks, bool failed, long replyBytes)
    {
        if (settings.LatencyTracking) counts.Latency ??= new();
        Count(context, counts, counts.Latency, ticks, failed);
        if (!running.InTransaction && SlotStatistics is { IsOn: true } slots)
            slots.Add(ticks, InputBytes(context.Command, context.Request, isKept: context.Client.Waiting is not null), replyBytes);
        if (ticks >= callWatch.LeastTicks) callWatch.NoteTime(context.Client, context.Command, context.Request, ticks);
        if (context.MostEncodedLength + replyBytes >= callWatch.LeastBytes) NoteBytes(context, ticks, replyBytes);
    }

    /// <summary>Bytes in which a client sent a request.</summary>
    /// <param name="isKept">The command has waited: its request is kept without the form in which it came.</param>
    static long InputBytes(CommandSpec command, in Request request, bool isKept = false)
    {
        // An inline request begins with its first word, and has a byte between each two.
        if (request.Base is [not (byte)'*', ..] && !isKept) return request.ArgumentBytes + request.Count + 1;
        // EXEC brings the request of MULTI with it, of which nobody knew yet that it would be for this slot.
        return request.EncodedLength + (command.InMulti == InMulti.RunsQueue ? "*1\r\n$5\r\nmulti\r\n"u8.Length : 0);
    }

    void NoteBytes(in CommandContext context, long ticks, long replyBytes)
    {
        callWatch.NoteBytes(context.Client, context.Command, context.Request, replyBytes);
        if (hotKeys.IsOn)
            hotKeys.Note(context.Database, context.Command, context.Request, context.FirstKeyHash, ticks, script.IsRunning ? null : replyBytes);
    }

    /// <summary>Ends a command that an exception has left, so that none of its state counts for the next one.</summary>
    public void LeaveCommand()
    {
        running.LeaveAll();
        refusedMemory.Leave();
        _nestedErrors = 0;
        redactions.Clear();
        effects.EndUnit();
        tracking.DropPending();
    }

    /// <summary>
    /// A handler's bug costs one request, not the server. It is logged with the command's name (never its arguments, which may
    /// hold secrets), and the client gets a generic error. If a part of the reply is already out, the stream cannot be repaired
    /// and the connection is closed instead.
    /// </summary>
    void Contain(ref CommandContext context, Exception failure, long written)
    {
        statistics.UnexpectedErrors++;
        log.HandlerFailed(context.Command.FullName, failure);
        if (context.Reply.Written == written) context.Fail(Errors.Internal);
        else context.Client.Connection.CloseLocked(CloseMode.AtOnce, "internal error after part of a reply");
    }

    static void StartMuted(Client client, ReplyWriter reply)
    {
        if (client.ReplyMode == ReplyMode.SkipNext) client.ReplyMode = ReplyMode.SkipThis;
        reply.Muted = true;
    }

    /// <summary>After a command under CLIENT REPLY OFF or SKIP; the command itself may have been CLIENT REPLY ON.</summary>
    void EndMuted(Client client, CommandSpec? command, ReplyWriter reply)
    {
        // What a replica is sent is the stream. One that asks for something else takes it for something else.
        if (reply.HasDropped && client.Has(ClientFlags.Replica) && client.Connection.Closing == CloseMode.Open)
        {
            log.ReplicaGotReply(command?.FullName ?? "<unknown>", client.Replica!.Name);
            client.Connection.CloseLocked(CloseMode.AtOnce, "a replica was about to be answered");
        }
        // The reply of a waiting command is still to come.
        if (client.ReplyMode == ReplyMode.SkipThis && !client.Has(ClientFlags.Blocked)) client.ReplyMode = ReplyMode.On;
        reply.Muted = false;
    }

    /// <summary>Counts what was written to a client.</summary>
    public void CountReplies(Client client, ReplyWriter reply)
    {
        if (reply.Written > 0) statistics.CountWrite(client.Connection.IoThread);
        client.BytesSent += reply.Written;
        if (reply.Written > client.ReplyPeak) client.ReplyPeak = reply.Written;
        statistics.NetOutputBytes += reply.Written;
    }
}
