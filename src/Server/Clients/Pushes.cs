using System.Buffers;
using MiniRedis.Resp;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Clients;

/// <summary>
/// Sends clients messages that are no replies: published messages, notifications, MONITOR's lines. Under the executor's lock.
/// <para>
/// A client whose own command runs has a <see cref="ReplyWriter"/> in the middle of its output. Messages to it are deferred until
/// after the reply of that command, or of EXEC in a transaction (as since Redis 7.2; before, a message could split the reply of
/// EXEC). Messages to other clients go to their output at once, and the owning loop sends them when the running batch is over.
/// </para>
/// </summary>
sealed class Pushes(ClientMemory clientMemory, ClientLimits limits, ServerStatistics statistics)
{
    FrameBuffer? _spare;
    int _deferring;

    /// <summary>Whether any client has deferred messages.</summary>
    public bool HasDeferred => _deferring > 0;

    /// <summary>Sends whole messages in the client's protocol.</summary>
    public void Send(Client client, ReadOnlySpan<byte> messages)
    {
        var connection = client.Connection;
        if (connection.Closing != CloseMode.Open) return;
        if (client.IsAnswered)
        {
            Defer(client, messages);
            return;
        }
        var output = connection.Output;
        // A client that reads has less than a chunk pending. Otherwise the limit is checked each time, and first: a batch of long messages
        // to many clients would exceed it by far.
        var isLong = output.PendingBytes + messages.Length > ChunkPool.ChunkBytes;
        if (isLong && !limits.CheckOutput(client, goesAtOnce: false, messages.Length)) return;
        output.Push(messages);
        client.BytesSent += messages.Length;
        statistics.NetOutputBytes += messages.Length;
        connection.RequestAttentionLocked();
        if (isLong) clientMemory.Account(client);
    }

    void Defer(Client client, ReadOnlySpan<byte> messages)
    {
        if (client.Deferred is not { } buffer)
        {
            client.Deferred = buffer = _spare ?? new FrameBuffer();
            _spare = null;
            _deferring++;
        }
        buffer.Write(messages);
    }

    /// <summary>Writes the messages that were deferred while a command of the client ran, once it has replied.</summary>
    public void WriteDeferred(Client client, ReplyWriter reply)
    {
        if (client.Deferred is not { } buffer) return;
        // CLIENT REPLY OFF mutes replies, not messages.
        var muted = reply.Muted;
        reply.Muted = false;
        reply.Messages(buffer.Written);
        reply.Muted = muted;
        Forget(client);
    }

    /// <summary>Drops the client's deferred messages.</summary>
    public void Forget(Client client)
    {
        if (client.Deferred is not { } buffer) return;
        client.Deferred = null;
        _deferring--;
        buffer.Clear();
        if (_spare is null) _spare = buffer;
        else buffer.Free();
    }
}
