using MiniRedis.Server.Clients;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution.Intake;

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

    /// <summary>Begins batches within a batch. What is returned goes to <see cref="EndNested"/>.</summary>
    public static LoopState BeginNested()
    {
        var outer = Current;
        t_current = outer._nested;
        LoopWriters.Use(t_current?.Writers);
        return outer;
    }

    /// <summary>Goes on with the outer batch.</summary>
    public static void EndNested(LoopState outer)
    {
        outer._nested = t_current;
        t_current = outer;
        LoopWriters.Use(outer.Writers);
    }

    // For batches within one of its batches: a script that runs too long has others served.
    LoopState? _nested;

    /// <summary>The connection whose batch runs; null between batches.</summary>
    public Connection? Served { get; set; }

    public RequestWindow Window { get; } = new();

    public LoopWriters Writers { get; } = LoopWriters.Current;
}
