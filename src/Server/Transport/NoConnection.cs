namespace MiniRedis.Server.Transport;

/// <summary>
/// What a client has that is nobody's: the one that runs the commands of a file. Nothing comes from it, and replies to it are muted.
/// </summary>
sealed class NoConnection() : Connection(s_noInput, "", "", isUnixSocket: false)
{
    static readonly NativeBuffer s_noInput = new(1);

    public override int Descriptor => -1;

    public override bool WatchesWritable => false;

    public override void RequestAttentionLocked()
    {
    }

    public override void SetKeepAlive(int seconds)
    {
    }
}
