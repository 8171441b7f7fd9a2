namespace MiniRedis.Server.Transport.Linux;

/// <summary>A connection of one <see cref="EpollLoop"/>: a bare descriptor, no Socket object around it.</summary>
sealed class EpollConnection(EpollLoop loop, int fd, NativeBuffer sharedInput, string remote, string local, bool unix)
    : Connection(sharedInput, remote, local, unix)
{
    public override int Descriptor => fd;

    /// <summary>Whether the loop asked the kernel to say when the socket takes more. Owning thread only.</summary>
    public bool WatchesWritable { get; set; }

    /// <summary>In the loop's list of connections that need attention. Under the executor's lock.</summary>
    public bool NeedsAttention { get; set; }

    public bool IsClosed { get; set; }

    public override void RequestAttentionLocked() => loop.AddAttentionLocked(this);

    public override void SetKeepAlive(int seconds)
    {
        if (!IsUnixSocket) LibC.SetKeepAlive(fd, seconds);
    }
}
