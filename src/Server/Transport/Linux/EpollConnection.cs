using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>A connection of one <see cref="EpollLoop"/>: a bare descriptor, no Socket object around it.</summary>
sealed class EpollConnection(EpollLoop loop, int fd, NativeBuffer sharedInput, string remote, string local, bool unix)
    : Connection(sharedInput, remote, local, unix, loop.Number)
{
    public override int Descriptor => fd;

    /// <summary>Set by the owning thread.</summary>
    public override bool WatchesWritable => IsWatchingWritable;

    public bool IsWatchingWritable { get; set; }

    /// <summary>Whether it is in the loop's list of connections with requests left to run. Owning thread only.</summary>
    public bool IsQueuedToResume { get; set; }

    /// <summary>Whether it is in the loop's list of connections that need attention. Under the executor's lock.</summary>
    public bool NeedsAttention { get; set; }

    public bool IsClosed { get; set; }

    /// <summary>How the peer has ended its TLS session; Complete while it has not. Requests that came before may have to run yet.</summary>
    public TlsStatus End { get; set; }

    public override void RequestAttentionLocked() => loop.AddAttentionLocked(this);

    public override void DelaySmallSends()
    {
        if (!IsUnixSocket) LibC.SetNoDelay(fd, false);
    }

    public override void SetKeepAlive(int seconds)
    {
        if (!IsUnixSocket) LibC.SetKeepAlive(fd, seconds);
    }
}
