namespace MiniRedis.Server.Transport;

/// <summary>
/// What a client has that is nobody's: the one that runs the commands of a file. Nothing comes from it, and replies to it are muted.
/// </summary>
sealed class NoConnection() : SocketlessConnection(s_noInput, "", "")
{
    static readonly NativeBuffer s_noInput = new(1);
}
