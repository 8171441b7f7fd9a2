using System.Buffers;
using MiniRedis.Resp;
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

    // Flags of the commands of the present batch.
    CommandFlags _seen;

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
            if (reply.Written >= reply.Limit || reply.IsCut)
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
}
