namespace MiniRedis.Server.Transport;

/// <summary>A connection within this process: its user puts requests in and takes replies out.</summary>
class SocketlessConnection(NativeBuffer sharedInput, string remote, string local) : Connection(sharedInput, remote, local, isUnixSocket: false)
{
    public override int Descriptor => -1;

    public override bool WatchesWritable => false;

    public override void RequestAttentionLocked()
    {
    }

    public override void SetKeepAlive(int seconds)
    {
    }
}
