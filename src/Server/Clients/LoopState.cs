using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Clients;

/// <summary>What a thread needs to parse and answer, whichever connection it serves: a window of requests and a reply writer.</summary>
sealed class LoopState
{
    [ThreadStatic] static LoopState? t_current;

    public static LoopState Current => t_current ??= new LoopState();

    /// <summary>Starts afresh on this thread, after an exception left a reply half written.</summary>
    public static void Renew() => t_current = null;

    public RequestWindow Window { get; } = new();

    /// <summary>Writes the replies of the batch that runs.</summary>
    public ReplyWriter Reply { get; } = new();

    /// <summary>Writes to other clients while a batch runs: pushes, wake-ups, refusals.</summary>
    public ReplyWriter Push { get; } = new();

    /// <summary>Writes the reply of a command that waited: it may itself push to others.</summary>
    public ReplyWriter Awakened { get; private set; } = new();

    /// <summary>Starts that one afresh, after an exception left a reply half written.</summary>
    public void RenewAwakened() => Awakened = new ReplyWriter();
}
