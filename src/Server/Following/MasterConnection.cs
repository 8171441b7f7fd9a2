using MiniRedis.Server.Links;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Following;

/// <summary>
/// The connection of the client that is the master, as CLIENT LIST and CLIENT KILL see it. Its commands come through the thread of the link,
/// and it gets no replies.
/// </summary>
sealed class MasterConnection(Link link) : SocketlessConnection(s_noInput, link.Remote?.ToString() ?? "", link.Local?.ToString() ?? "")
{
    static readonly NativeBuffer s_noInput = new(1);

    /// <summary>What the thread of the link waits for while the master's commands are held.</summary>
    public AutoResetEvent Attention { get; } = new(initialState: false);

    public override void RequestAttentionLocked()
    {
        if (Closing != CloseMode.Open) link.Abort();
        Attention.Set();
    }
}
