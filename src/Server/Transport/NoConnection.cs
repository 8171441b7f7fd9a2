namespace MiniRedis.Server.Transport;

/// <summary>
/// The connection of the client that replays the commands of a file. It has no input, and replies to it are muted.
/// </summary>
sealed class NoConnection() : SocketlessConnection(s_noInput, "", "")
{
    static readonly NativeBuffer s_noInput = new(1);
}
