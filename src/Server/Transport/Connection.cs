using System.IO.Pipelines;
using System.Net;

namespace MiniRedis.Server.Transport;

/// <summary>
/// One client's byte stream: a pipe in, a pipe out, and how to end it. The protocol above sees only this; the event loop
/// below (epoll on Linux, the platform's own completions elsewhere) derives from it.
/// </summary>
abstract class Connection(NativeBuffer sharedInput, string remote, string local, bool isUnixSocket) : IDuplexPipe
{
    public InputPipe Input { get; } = new(sharedInput);
    public OutputPipe Output { get; } = new();

    PipeReader IDuplexPipe.Input => Input;
    PipeWriter IDuplexPipe.Output => Output;

    /// <summary>"ip:port", "[ip6]:port", or the path with ":0" for a unix socket, as CLIENT LIST shows it.</summary>
    public string Remote { get; } = remote;
    public string Local { get; } = local;
    public bool IsUnixSocket { get; } = isUnixSocket;

    /// <summary>A unix socket, or TCP from the loopback address.</summary>
    public bool IsLocal => IsUnixSocket || IPEndPoint.TryParse(Remote, out var peer) && IPAddress.IsLoopback(peer.Address);

    /// <summary>The socket's descriptor, for CLIENT LIST; -1 where the platform has none to show.</summary>
    public abstract int Descriptor { get; }

    /// <summary>The protocol's state of this connection; set when it is accepted.</summary>
    public object? State { get; set; }

    /// <summary>Set once the connection is to be closed: at once, or when what is pending has been sent.</summary>
    public CloseMode Closing { get; private set; }

    /// <summary>Why it is closing, for the log; the first reason stands.</summary>
    public string? CloseReason { get; private set; }

    /// <summary>
    /// The batch stopped with requests left, because its budget was used up: the loop serves the others, then comes back
    /// without waiting for more bytes.
    /// </summary>
    public bool WantsResume { get; set; }

    // The input holds room that is not used: its owner is to give that back. Under the executor's lock.
    bool _wantsTrim, _trimsIdle;

    /// <summary>Has the owning thread give back input room. Call under the executor's lock.</summary>
    /// <param name="idle">Nothing was received for a while; see <see cref="InputPipe.Trim"/>.</param>
    public void TrimInputLocked(bool idle)
    {
        (_wantsTrim, _trimsIdle) = (true, idle);
        RequestAttentionLocked();
    }

    /// <summary>Does what was asked for by <see cref="TrimInputLocked"/>. Owning thread, under the executor's lock.</summary>
    public void TrimIfWantedLocked()
    {
        if (!_wantsTrim) return;
        _wantsTrim = false;
        Input.Trim(_trimsIdle);
    }

    /// <summary>Hands the replies of a batch on, to be sent by the thread that ran it: it owns the sending end.</summary>
    public virtual void EndBatchLocked() => Output.TakeForSendingLocked();

    /// <summary>Whether the system is to say when the socket takes more: the peer does not keep up.</summary>
    public abstract bool WatchesWritable { get; }

    /// <summary>Asks the owning loop to close. Call under the executor's lock; takes effect after the current batch.</summary>
    public void CloseLocked(CloseMode mode, string reason)
    {
        CloseReason ??= reason;
        if (mode > Closing) Closing = mode;
        RequestAttentionLocked();
    }

    /// <summary>
    /// Tells the owning loop that this connection has output, or is to be closed or resumed, though nothing was received
    /// on it. Call under the executor's lock, from any thread.
    /// </summary>
    public abstract void RequestAttentionLocked();

    /// <summary>Turns the kernel's keepalive probing on; <paramref name="seconds"/> 0 leaves it off.</summary>
    public abstract void SetKeepAlive(int seconds);
}

/// <summary>How a connection ends; a later value overrides an earlier one.</summary>
enum CloseMode : byte
{
    Open,
    AfterOutput,
    AtOnce,
}
