using System.Buffers;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution;

/// <summary>What a client has sent, request by request, for as long as it is its turn.</summary>
sealed partial class Executor
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

    public void OnReceived(Connection connection)
    {
        lock (_lock)
        {
            if (connection.Closing != CloseMode.Open || exit.HasBegun)
            {
                // It is on its way out, or was refused, or the server goes: what it goes on sending is not kept.
                connection.Input.Consume(connection.Input.Length);
                return;
            }
            var client = (Client)connection.State!;
            try
            {
                if (clientEviction.IsDue) clientEviction.Run();
                if (!client.IsGone) ProcessInputLocked(client);
            }
            catch (Exception failure)
            {
                // A bug of ours, or no memory for what this client wants: it goes, the others stay.
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

        statistics.TotalReads++;
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
        runner.BeginBatch();
        var consumed = RunBatch(client, read.Buffer, loop.Window, reply, started, out var wanted);
        if (tracking.HasChangedPrefixes) Broadcast(client, reply);
        runner.CountReplies(client, reply);
        reply.Complete();
        client.IsAnswered = false;
        aof.HoldReplies(client, appended, (runner.Seen & (CommandFlags.ReadOnly | CommandFlags.Write)) != 0);

        client.BytesReceived += consumed;
        statistics.NetInputBytes += consumed;
        input.AdvanceTo(read.Buffer.GetPosition(consumed), read.Buffer.End);
        input.KeepUnread(wanted);
        limits.CheckOutput(client);
        clientMemory.Account(client, batchEnds: true);
        statistics.CountCycle(clock.Timestamp - started, statistics.CommandsProcessed - commands);
    }

    /// <summary>Tells of keys by prefix, the client whose batch is over behind its replies.</summary>
    void Broadcast(Client client, ReplyWriter reply)
    {
        tracking.Broadcast();
        pushes.WriteDeferred(client, reply);
    }

    /// <summary>Parses and runs requests until the bytes, the budget or the client's permission ends.</summary>
    /// <returns>Bytes that are done with.</returns>
    int RunBatch(
        Client client, ReadOnlySequence<byte> buffer, RequestWindow window, ReplyWriter reply, long started, out long wanted)
    {
        // Our pipes show one segment; a pipe that shows several (a TLS stream's) is parsed through one copy.
        var unread = buffer.IsSingleSegment ? buffer.FirstSpan : buffer.ToArray();
        var consumed = 0;
        var budget = BatchCommands;
        wanted = 0;
        while (consumed < unread.Length && client.MayRun)
        {
            if (budget <= 0 || reply.Written >= BatchReplyBytes
                || clock.Microseconds(started, clock.Timestamp) > BatchMicroseconds)
            {
                client.Connection.WantsResume = true;
                break;
            }
            var bounds = new ParserLimits { MaxBulkLength = settings.ProtoMaxBulkLen, Authenticated = client.IsAuthenticated };
            reply.Limit = limits.MostReplies(client, reply);
            window.Fill(ref client.Parser, unread, consumed, bounds, commands, client.Database);
            if (client.Tracking is { Remembers: true }) PrefetchTracked(window);
            budget -= window.Count;
            if (!RunWindow(client, window, unread, reply, ref consumed))
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
            else if (window.End == ParseStatus.ProtocolError) RefuseProtocol(client, reply, window.Error!);
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
            if (!runner.Execute(client, window.Request(i, unread), window.Command(i), window.KeyHash(i), reply)) return false;
            consumed = window.EndOf(i);
            if (reply.Written >= reply.Limit || reply.IsCut)
                limits.CutOff(client, client.Connection.Output.PendingBytes + reply.Written - reply.HandedOver);
            if (!client.MayRun || client.IsAuthenticated != authenticated || reply.Written >= BatchReplyBytes) return false;
        }
        return true;
    }

    void RefuseProtocol(Client client, ReplyWriter reply, string error)
    {
        log.ProtocolError(client.Id, error);
        gates.Reject(client, null, reply, "ERR " + error);
        client.CloseAfterReply("protocol error");
    }

    /// <summary>
    /// Starts loading what a tracking client's requests will look up in the table of tracked keys, as the window did for the keyspace.
    /// </summary>
    void PrefetchTracked(RequestWindow window)
    {
        if (window.Count < 2) return;
        for (var i = 0; i < window.Count; i++)
        {
            if (window.KeyHash(i) is { } hash) tracking.PrefetchBucket(hash);
        }
        for (var i = 0; i < window.Count; i++)
        {
            if (window.KeyHash(i) is { } hash) tracking.PrefetchRecord(hash);
        }
    }
}
