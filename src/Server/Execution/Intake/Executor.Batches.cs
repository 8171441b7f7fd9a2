using System.Buffers;
using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution.Gates;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution.Intake;

/// <summary>Runs the requests that a client has sent, for as long as its turn lasts.</summary>
sealed partial class Executor
{
    /// <summary>
    /// Most commands of one batch before other clients get a turn. A full receive buffer of the smallest requests holds about
    /// 4,700.
    /// </summary>
    const int BatchCommands = 4096;

    /// <summary>Longest time of one batch before other clients get a turn: well below a latency that users notice.</summary>
    const long BatchMicroseconds = 2000;

    /// <summary>The same of a source of slots, which has always more to send: as long as a slice of any other work in the background.</summary>
    const long ImportMicroseconds = 500;

    /// <summary>
    /// Most bytes of replies of one batch. Then they are sent, or found to exceed the client's limit, before more are written.
    /// </summary>
    const long BatchReplyBytes = 1024 * 1024;

    public void OnReceived(Connection connection)
    {
        lock (_lock)
        {
            if (connection.Closing != CloseMode.Open || exit.HasBegun)
            {
                // The connection is closing or refused, or the server ends: further input is dropped.
                connection.Input.Consume(connection.Input.Length);
                return;
            }
            var client = (Client)connection.State!;
            // What its caller sends meanwhile waits for the script's end.
            if (script.Caller == client) return;
            try
            {
                if (clientEviction.IsDue && !script.IsRunning) clientEviction.Run();
                if (!client.IsGone) ProcessInputLocked(client);
            }
            catch (OutOfMemoryException failure)
            {
                refusedMemory.End(failure, "a batch of requests");
                LoopState.Renew();
                runner.LeaveCommand();
                connection.CloseLocked(CloseMode.AtOnce, "out of memory");
            }
            catch (Exception failure)
            {
                // A bug of ours: the client is closed, the others stay.
                log.BatchFailed(client.Id, failure);
                LoopState.Renew();
                runner.LeaveCommand();
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

        statistics.CountRead(connection.IoThread);
        var started = clock.Advance();
        client.LastInteraction = clock.Now;
        if (arrived + (client.Transaction?.Queue.QueuedBytes ?? 0) > settings.ClientQueryBufferLimit)
        {
            statistics.QueryBufferLimitDisconnections++;
            log.QueryBufferLimit(client.Id, arrived);
            connection.CloseLocked(CloseMode.AtOnce, "query buffer limit");
            return;
        }

        var loop = LoopState.Current;
        var reply = loop.Writers.Reply;
        reply.Attach(connection.Output, client.Protocol);
        client.IsAnswered = true;
        var commands = statistics.CommandsProcessed;
        var appended = aof.Position;
        var offset = replicas.OffsetBeforeBatch = history.Offset;
        runner.BeginBatch();
        loop.Served = connection;
        var consumed = RunBatch(client, read.Buffer, loop.Window, reply, started, out var wanted);
        if (tracking.HasChangedPrefixes) Broadcast(client, reply);
        runner.CountReplies(client, reply);
        reply.Complete();
        loop.Served = null;
        client.IsAnswered = false;
        client.CountForUser();
        if (history.Offset != offset) client.WriteOffset = history.Offset;
        aof.HoldReplies(client, appended, (runner.Seen & (CommandFlags.ReadOnly | CommandFlags.Write)) != 0);

        client.BytesReceived += consumed;
        statistics.NetInputBytes += consumed;
        input.AdvanceTo(read.Buffer.GetPosition(consumed), read.Buffer.End);
        input.KeepUnread(wanted);
        limits.CheckOutput(client);
        clientMemory.Account(client, batchEnds: true);
        statistics.CountCycle(clock.Timestamp - started, statistics.CommandsProcessed - commands);
    }

    /// <summary>Sends invalidations by prefix. The client whose batch is over gets them after its replies.</summary>
    void Broadcast(Client client, ReplyWriter reply)
    {
        tracking.Broadcast();
        pushes.WriteDeferred(client, reply);
    }

    /// <summary>Parses and runs requests until the bytes or the budget are used up, or the client may run no more.</summary>
    /// <returns>Bytes consumed.</returns>
    int RunBatch(
        Client client, ReadOnlySequence<byte> buffer, RequestWindow window, ReplyWriter reply, long started, out long wanted)
    {
        // Our pipes have one segment. Input of several segments (a TLS stream's) is copied into one and parsed.
        var unread = buffer.IsSingleSegment ? buffer.FirstSpan : buffer.ToArray();
        var consumed = 0;
        var budget = BatchCommands;
        wanted = 0;
        var longest = client.ImportedSlots is null ? BatchMicroseconds : ImportMicroseconds;
        if (CrossProtocol.IsTls(unread)) gates.RefuseTls(client);
        while (consumed < unread.Length && client.MayRun)
        {
            // Clients whose memory the batch has filled by its messages are to go before it fills more.
            if (budget <= 0 || reply.Written >= BatchReplyBytes || clientEviction.IsDue
                || clock.Microseconds(started, clock.Timestamp) > longest)
            {
                client.Connection.WantsResume = true;
                break;
            }
            var bounds = new ParserLimits { MaxBulkLength = settings.ProtoMaxBulkLen, Authenticated = client.IsAuthenticated };
            reply.Limit = Math.Min(limits.MostReplies(client, reply), clientEviction.MostReplies(client, reply));
            window.Fill(ref client.Parser, unread, consumed, bounds, commands, client.Database);
            if (client.Tracking is { Remembers: true }) PrefetchTracked(window);
            budget -= window.Count;
            if (!RunWindow(client, window, unread, reply, ref consumed))
            {
                // Requests that were parsed ahead are parsed again: now, or when the client goes on.
                client.Parser.Reset();
                continue;
            }
            if (window.End == ParseStatus.NeedMore)
            {
                wanted = window.Wanted;
                break;
            }
            if (window.End == ParseStatus.Empty) consumed += window.EndLength;
            else if (window.End == ParseStatus.ProtocolError) RefuseProtocol(client, reply, window.Error!);
        }
        return consumed;
    }

    /// <summary>Runs the requests of a window.</summary>
    /// <returns>
    /// False if some may not have run: the client is held or closing, its parsing limits have changed, or its replies are long.
    /// </returns>
    bool RunWindow(Client client, RequestWindow window, ReadOnlySpan<byte> unread, ReplyWriter reply, ref int consumed)
    {
        var passage = runner.PassageOf(client);
        var isOver = false;
        for (var i = 0; i < window.Count; i++)
        {
            ref readonly var parsed = ref window[i];
            if (passage != Passage.AllGates && parsed is { IsCopied: false, Command.IsPlain: true } && parsed.Command.AcceptsCount(parsed.Count))
            {
                runner.ExecutePlain(client, parsed, unread, reply, passage);
            }
            else
            {
                var authenticated = client.IsAuthenticated;
                if (!RunGated(client, parsed, unread, reply)) return false;
                // AUTH lifts the limits under which the rest was parsed.
                isOver = client.IsAuthenticated != authenticated;
                passage = runner.PassageOf(client);
            }
            consumed = parsed.End;
            var written = reply.Written;
            if (written >= reply.Limit || reply.IsCut) CutOff(client, reply);
            if (!client.MayRun || isOver || written >= BatchReplyBytes) return false;
        }
        return true;
    }

    /// <remarks>Not inlined: what it needs would be kept for plain commands too.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    bool RunGated(Client client, in ParsedRequest parsed, ReadOnlySpan<byte> unread, ReplyWriter reply) =>
        runner.Execute(client, parsed.View(unread), parsed.Command, parsed.KeyHash, reply);

    /// <summary>Closes a client with more replies than it may have: than its output limit allows, or than all clients may take.</summary>
    void CutOff(Client client, ReplyWriter reply)
    {
        var pending = client.Connection.Output.PendingBytes + reply.Written - reply.HandedOver;
        if (clientEviction.MostReplies(client, reply) <= limits.MostReplies(client, reply)) clientEviction.Evict(client, pending);
        else limits.CutOff(client, pending);
    }

    void RefuseProtocol(Client client, ReplyWriter reply, string error)
    {
        log.ProtocolError(client.Id, error);
        gates.Reject(client, null, reply, "ERR " + error);
        client.CloseAfterReply("protocol error");
    }

    /// <summary>
    /// Prefetches the entries of the table of tracked keys that a tracking client's requests will look up, as the window did for
    /// the keyspace.
    /// </summary>
    void PrefetchTracked(RequestWindow window)
    {
        if (window.Count < 2) return;
        for (var i = 0; i < window.Count; i++)
        {
            if (window[i].KeyHash is { } hash) tracking.PrefetchBucket(hash);
        }
        for (var i = 0; i < window.Count; i++)
        {
            if (window[i].KeyHash is { } hash) tracking.PrefetchRecord(hash);
        }
    }
}
