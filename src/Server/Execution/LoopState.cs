using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Execution;

/// <summary>What a thread needs to run batches, whichever connection it serves: a window of requests, and the reply writers.</summary>
sealed class LoopState
{
    [ThreadStatic] static LoopState? t_current;

    public static LoopState Current => t_current ??= new LoopState();

    /// <summary>Starts afresh on this thread, after an exception left a reply half written.</summary>
    public static void Renew()
    {
        LoopWriters.Renew();
        t_current = null;
    }

    public RequestWindow Window { get; } = new();

    public LoopWriters Writers { get; } = LoopWriters.Current;
}
