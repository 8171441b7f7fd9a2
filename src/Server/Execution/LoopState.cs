using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Execution;

/// <summary>
/// The state of a thread that runs batches, for all connections it serves: a window of requests and the reply writers.
/// </summary>
sealed class LoopState
{
    [ThreadStatic] static LoopState? t_current;

    public static LoopState Current => t_current ??= new LoopState();

    /// <summary>Replaces the state of this thread after an exception left a reply half written.</summary>
    public static void Renew()
    {
        LoopWriters.Renew();
        t_current = null;
    }

    public RequestWindow Window { get; } = new();

    public LoopWriters Writers { get; } = LoopWriters.Current;
}
