using System.IO.Pipelines;
using System.Net;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport;

/// <summary>
/// One client's byte stream: a pipe in, a pipe out, and its end. The protocol above sees only this. The event loop below (epoll
/// on Linux, the platform's own completions elsewhere) derives from it.
/// </summary>
abstract class Connection(NativeBuffer sharedInput, string remote, string local, bool isUnixSocket, int ioThread = 0) : IDuplexPipe
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

    /// <summary>The encrypted stream around both pipes; null for a plain connection. Used by the owning thread.</summary>
    public TlsSession? Tls { get; init; }

    /// <summary>The peer's certificate, in DER, once the connection is accepted; null without TLS, or if the peer has sent none.</summary>
    public virtual byte[]? PeerCertificate => Tls?.PeerCertificate();

    /// <summary>The socket's descriptor, for CLIENT LIST; -1 if the platform has none to show.</summary>
    public abstract int Descriptor { get; }

    /// <summary>The number of the thread that serves it, for CLIENT LIST and INFO threads: 0 is the first.</summary>
    public int IoThread { get; } = ioThread;

    /// <summary>Whether no descriptor is left, and the connection has a spare one only to be told so.</summary>
    public bool IsOnSpareDescriptor { get; init; }

    /// <summary>The protocol's state of this connection. Set when it is accepted.</summary>
    public object? State { get; set; }

    /// <summary>Whether the connection is closing: at once, or when its output has been sent.</summary>
    public CloseMode Closing { get; private set; }

    /// <summary>The reason for closing, for the log. The first one counts.</summary>
    public string? CloseReason { get; private set; }

    /// <summary>
    /// Whether the batch stopped with requests left because its budget was used up. The loop serves other connections, then comes
    /// back without waiting for more bytes.
    /// </summary>
    public bool WantsResume { get; set; }

    /// <summary>
    /// Whether its output comes from a source that is never at its end: when everything has been sent, the handler is asked for more
    /// (<see cref="IConnectionHandler.OnDrained"/>). Set under the executor's lock.
    /// </summary>
    public bool IsFed { get; set; }

    // Whether the owning thread is to give back unused room of the input. Under the executor's lock.
    bool _wantsTrim, _trimsIdle;

    /// <summary>Lets the owning thread give back room of the input. Call under the executor's lock.</summary>
    /// <param name="idle">Whether nothing was received for a while; see <see cref="InputPipe.Trim"/>.</param>
    public void TrimInputLocked(bool idle)
    {
        (_wantsTrim, _trimsIdle) = (true, idle);
        RequestAttentionLocked();
    }

    /// <summary>Carries out <see cref="TrimInputLocked"/>. On the owning thread, under the executor's lock.</summary>
    public void TrimIfWantedLocked()
    {
        if (!_wantsTrim) return;
        _wantsTrim = false;
        Input.Trim(_trimsIdle);
    }

    /// <summary>Hands the replies of a batch over for sending. The thread that ran the batch owns the sending end.</summary>
    public virtual void EndBatchLocked() => Output.TakeForSendingLocked();

    /// <summary>Whether the loop waits until the socket is writable: the peer does not keep up.</summary>
    public abstract bool WatchesWritable { get; }

    /// <summary>Asks the owning loop to close. Call under the executor's lock; takes effect after the current batch.</summary>
    public void CloseLocked(CloseMode mode, string reason)
    {
        CloseReason ??= reason;
        if (mode > Closing) Closing = mode;
        RequestAttentionLocked();
    }

    /// <summary>
    /// Tells the owning loop that this connection has output or is to be closed or resumed, though it received nothing. Call
    /// under the executor's lock, from any thread.
    /// </summary>
    public abstract void RequestAttentionLocked();

    /// <summary>Lets the system gather small sends into larger ones (repl-disable-tcp-nodelay), which costs time and saves bandwidth.</summary>
    public virtual void DelaySmallSends()
    {
    }

    /// <summary>Turns the kernel's keepalive probes on; 0 <paramref name="seconds"/> leaves them off.</summary>
    public abstract void SetKeepAlive(int seconds);
}

/// <summary>How a connection ends. A later value overrides an earlier one.</summary>
enum CloseMode : byte
{
    Open,
    AfterOutput,
    AtOnce,
}
