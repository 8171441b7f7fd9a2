using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution.Gates;
using MiniRedis.Server.Following;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Text;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Tracking;

namespace MiniRedis.Server.Execution.Intake;

/// <summary>
/// Runs the commands of a master's stream: sixteen are parsed ahead and their keys prefetched, as in a client's pipeline. On the thread of
/// the link, under the executor's lock.
/// </summary>
sealed class MasterReplay(
    CommandRunner runner, CommandTable<Command> commands, TrackedKeys tracking, AppendOnlyFile aof, RefusedMemory refusedMemory,
    RunningScript script, ServerStatistics statistics, ServerExit exit, ReplicationSettings settings, Clock clock, ServerLog log)
    : IMasterReplay
{
    /// <summary>Longest turn before clients are served: that of one of their batches.</summary>
    const long TurnMicroseconds = 2000;

    readonly RequestWindow _window = new();
    ReplyWriter _reply = new() { NotesErrors = true };

    /// <summary>Answers REPLCONF GETACK. Set by the root.</summary>
    public Action? Acknowledge { get; set; }

    public int Applied { get; private set; }

    public MasterRun Run(Client master, ReadOnlySpan<byte> unread)
    {
        Applied = 0;
        // What a script does is one change: the stream goes on behind it.
        if (script.IsRunning) return new(MasterRunEnd.Waits, 0, 0);
        master.Flags &= ~ClientFlags.Paused;
        var started = clock.Advance();
        var commandsBefore = statistics.CommandsProcessed;
        _reply.Attach(master.Connection.Output, 2);
        _reply.Muted = true;
        try
        {
            runner.BeginBatch();
            var run = RunTurn(master, unread, started);
            _reply.Complete();
            return run;
        }
        catch (OutOfMemoryException failure)
        {
            refusedMemory.End(failure, "a command of the master");
            return Leave(MasterRunEnd.Broken);
        }
        catch (Exception failure)
        {
            // A bug of ours. What ran before must not run again: the data are no copy any more, and are sent anew.
            log.MasterCommandFailed(failure);
            return Leave(MasterRunEnd.NotCommands);
        }
        finally
        {
            if (tracking.HasChangedPrefixes) tracking.Broadcast();
            if (aof.HasGathered) aof.Submit();
            master.Connection.Output.Discard();
            statistics.CountCycle(clock.Timestamp - started, statistics.CommandsProcessed - commandsBefore);
        }
    }

    MasterRun Leave(MasterRunEnd end)
    {
        // It may be in the middle of a reply.
        _reply = new ReplyWriter { NotesErrors = true };
        LoopState.Renew();
        runner.LeaveCommand();
        Applied = 0;
        return new(end, 0, 0);
    }

    MasterRun RunTurn(Client master, ReadOnlySpan<byte> unread, long started)
    {
        var bounds = new ParserLimits { MaxBulkLength = ParserLimits.LargestBulk };
        var consumed = 0;
        statistics.CountRead(master.Connection.IoThread);
        while (consumed < unread.Length)
        {
            if (clock.Microseconds(started, clock.Timestamp) > TurnMicroseconds) return End(MasterRunEnd.TurnEnds, consumed);
            _window.Fill(ref master.Parser, unread, consumed, bounds, commands, master.Database);
            for (var i = 0; i < _window.Count; i++)
            {
                // Masters send arrays only. Anything else shows that the stream is torn.
                if (unread[consumed] != '*') return End(MasterRunEnd.NotCommands, consumed);
                ref readonly var parsed = ref _window[i];
                if (!RunOne(master, parsed, parsed.View(unread)))
                {
                    // What was parsed ahead is parsed again.
                    master.Parser.Reset();
                    return End(MasterRunEnd.Waits, consumed);
                }
                consumed = parsed.End;
                if (!master.Has(ClientFlags.Multi)) Applied = consumed;
                if (exit.HasBegun || master.IsGone) return End(MasterRunEnd.Broken, consumed);
            }
            if (_window.End == ParseStatus.NeedMore) return End(MasterRunEnd.NeedsMore, consumed, _window.Wanted);
            if (_window.End == ParseStatus.ProtocolError) return End(MasterRunEnd.NotCommands, consumed);
            if (_window.End == ParseStatus.Empty)
            {
                consumed += _window.EndLength;
                if (!master.Has(ClientFlags.Multi)) Applied = consumed;
            }
        }
        return End(MasterRunEnd.NeedsMore, consumed);
    }

    MasterRun End(MasterRunEnd end, int consumed, long wanted = 0)
    {
        statistics.NetInputBytes += consumed;
        statistics.NetReplicationInputBytes += consumed;
        return new(end, consumed, wanted);
    }

    bool RunOne(Client master, in ParsedRequest parsed, in Request request)
    {
        if (Ascii.EqualsIgnoreCase(request[0], "REPLCONF"u8))
        {
            if (request.Count > 1 && Ascii.EqualsIgnoreCase(request[1], "GETACK"u8)) Acknowledge?.Invoke();
            return true;
        }
        var command = parsed.Command;
        if (!runner.ExecuteOfMaster(master, request, ref command, parsed.KeyHash, _reply)) return false;
        if (_reply.NotedError is not null) NoteError(command);
        return true;
    }

    /// <summary>A command of the master has failed here: the two data sets are not the same.</summary>
    void NoteError(Command? command)
    {
        log.ErrorForMaster(_reply.NotedError!, command?.FullName ?? "unknown");
        _reply.NotedError = null;
        statistics.UnexpectedErrors++;
        // Where clients write too, other data than the master's are to be expected.
        if (!settings.ReplicaReadOnly) return;
        if (settings.PropagationErrorBehavior is PropagationErrorBehavior.Panic or PropagationErrorBehavior.PanicOnReplicas) exit.Panic();
    }
}
