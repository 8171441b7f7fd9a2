using System.Buffers;
using MiniRedis.Resp;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Clients;

/// <summary>
/// Sends clients what is not the reply to a command of theirs: published messages, notifications, MONITOR's lines. Under the
/// executor's lock.
/// <para>
/// A client whose own command runs has a <see cref="ReplyWriter"/> in the middle of its output, so what it is sent
/// meanwhile is put aside and follows the reply of that command: of EXEC, if it is one of a transaction (as since Redis 7.2; before,
/// the message tore the reply of EXEC apart). Anyone else's goes to the output at once and is sent by the owning loop, when the
/// batch that runs is over.
/// </para>
/// </summary>
sealed class Pushes(ClientMemory clientMemory, ClientLimits limits, ServerStatistics statistics)
{
    FrameBuffer? _spare;
    int _deferring;

    /// <summary>Whether anything is put aside, for whomever.</summary>
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
        output.Push(messages);
        client.BytesSent += messages.Length;
        statistics.NetOutputBytes += messages.Length;
        connection.RequestAttentionLocked();
        if (output.PendingBytes <= ChunkPool.ChunkBytes) return;
        // Whoever reads has less than a chunk waiting. The limit counts at once, or a batch of long messages would pass it by far.
        limits.CheckOutput(client, goesAtOnce: false);
        clientMemory.Account(client);
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

    /// <summary>Writes what was put aside while a command of the client ran, now that it has replied.</summary>
    public void WriteDeferred(Client client, ReplyWriter reply)
    {
        if (client.Deferred is not { } buffer) return;
        // CLIENT REPLY OFF keeps replies back, not messages.
        var muted = reply.Muted;
        reply.Muted = false;
        reply.Messages(buffer.Written);
        reply.Muted = muted;
        Forget(client);
    }

    /// <summary>Drops what was put aside.</summary>
    public void Forget(Client client)
    {
        if (client.Deferred is not { } buffer) return;
        buffer.Clear();
        client.Deferred = null;
        _spare = buffer;
        _deferring--;
    }
}
