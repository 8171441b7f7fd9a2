using MiniRedis.Resp;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Clients;

/// <summary>The reply writers of one thread, for all connections it serves.</summary>
sealed class LoopWriters
{
    [ThreadStatic] static LoopWriters? t_current;

    public static LoopWriters Current => t_current ??= new LoopWriters();

    /// <summary>Replaces the writers of this thread after an exception left a reply half written.</summary>
    public static void Renew() => t_current = null;

    /// <summary>Has this thread use other writers; null is for new ones.</summary>
    public static void Use(LoopWriters? writers) => t_current = writers;

    /// <summary>Writes the replies of the batch that runs.</summary>
    public ReplyWriter Reply { get; } = New();

    /// <summary>Writes to other clients while a batch runs: pushes, wake-ups, refusals.</summary>
    public ReplyWriter Push { get; } = New();

    /// <summary>Writes the reply of a command that waited. That command may itself push to others.</summary>
    public ReplyWriter Awakened { get; private set; } = New();

    /// <summary>Replaces <see cref="Awakened"/> after an exception left a reply half written.</summary>
    public void RenewAwakened() => Awakened = New();

    static ReplyWriter New() => new(ChunkPool.ForReplies);
}
