using System.Buffers;
using System.Diagnostics;
using MiniRedis.Resp;

namespace MiniRedis.Server.Execution;

// The idea. A message that nobody asked for may go to any client at any moment, and must never stand inside a reply:
//
//     the client whose command runs      kept until that command, or the transaction it is in, has replied
//     one whose batch runs around it     behind the replies it has so far, through the writer that has its output
//     any other                          straight into its output, which its own loop then sends
//
// CLIENT REPLY OFF and SKIP silence replies, not these.

/// <summary>Writes out-of-band messages to clients: one at a time, from <see cref="Begin"/> to <see cref="End"/>.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class Pushes(MiniRedisServer server)
{
    /// <summary>Messages kept for a running command beyond which their buffer is not kept for the next ones.</summary>
    const int KeptBytes = 64 * 1024;

    readonly ReplyWriter _keeping = new();
    ArrayBufferWriter<byte> _kept = new(256);

    // The message that is being written.
    Client? _target;
    ReplyWriter? _writer;
    bool _wasMuted;

    /// <summary>Something is to be sent once the command that runs is over: messages kept here, or what others say.</summary>
    public bool AreDue { get; set; }

    /// <summary>Starts a message: write it, in the protocol of the writer, then call <see cref="End"/>.</summary>
    public ReplyWriter Begin(Client target)
    {
        Debug.Assert(_target is null, "a message within a message");
        _target = target;
        var output = target.Connection.Output;
        var loop = LoopState.Current;
        if (server.Executor.RunningFor == target)
        {
            AreDue = true;
            _writer = _keeping;
            _writer.Attach(_kept, target.Protocol);
            return _writer;
        }
        if (loop.Reply.IsAttachedTo(output)) _writer = loop.Reply;
        else if (loop.Awakened.IsAttachedTo(output)) _writer = loop.Awakened;
        else
        {
            _writer = loop.Push;
            _writer.Attach(output, target.Protocol);
        }
        _wasMuted = _writer.Muted;
        _writer.Muted = false;
        return _writer;
    }

    /// <summary>Ends the message. A client whose output is over its limit by it is closed.</summary>
    public void End()
    {
        var (target, writer) = (_target!, _writer!);
        _target = null;
        _writer = null;
        if (writer == _keeping)
        {
            writer.Complete();
            return;
        }
        if (writer != LoopState.Current.Push)
        {
            // Counted and held to its limits with the rest of its batch.
            writer.Muted = _wasMuted;
            return;
        }
        server.Executor.CountReplies(target, writer);
        writer.Complete();
        server.Limits.CheckOutput(target);
        server.Memory.Account(target);
        target.Connection.RequestAttentionLocked();
    }

    /// <summary>Sends what was kept for the client while its command ran.</summary>
    public void SendKept(Client client)
    {
        if (_kept.WrittenCount == 0) return;
        Begin(client).Raw(_kept.WrittenSpan);
        End();
        Drop();
    }

    /// <summary>Forgets what was kept: its client is being closed.</summary>
    public void Drop()
    {
        if (_kept.Capacity > KeptBytes) _kept = new(256);
        else _kept.ResetWrittenCount();
    }
}
