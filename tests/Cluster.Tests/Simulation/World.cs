namespace MiniRedis.Cluster.Tests.Simulation;

/// <summary>
/// Processes and a network in one thread, in a time of their own. All chance comes from one seed, so a run is repeated by its
/// seed, event by event, and then tells its story.
/// </summary>
sealed class World
{
    readonly PriorityQueue<Action, (long Time, long Order)> _due = new();
    readonly List<string>? _story;
    long _order;

    /// <param name="seed">Decides everything.</param>
    /// <param name="withStory">Keep a line of everything that happens: not in the run that only looks whether a seed holds.</param>
    public World(int seed, bool withStory)
    {
        Random = new Random(seed);
        Network = new Network(this);
        _story = withStory ? [] : null;
    }

    /// <summary>Milliseconds since the beginning of time: true time, which no process sees.</summary>
    public long Now { get; private set; }

    public Random Random { get; }

    public Network Network { get; }

    public bool HasStory => _story is not null;

    public IEnumerable<string> Story => _story ?? [];

    public void Tell(string line) => _story?.Add($"{Now / 1000.0,9:F3} {line}");

    public void At(long time, Action action) => _due.Enqueue(action, (Math.Max(time, Now), ++_order));

    public void After(long delay, Action action) => At(Now + delay, action);

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public long Between(int least, int most) => Random.Next(least, most + 1);

    /// <summary>Lets time pass until then, or until the condition holds, which is asked between events.</summary>
    public void RunUntil(long end, Func<bool>? isDone = null)
    {
        while (isDone?.Invoke() != true && _due.TryPeek(out var action, out var due) && due.Time <= end)
        {
            _due.Dequeue();
            Now = due.Time;
            action();
        }
        if (isDone is null) Now = Math.Max(Now, end);
    }
}

/// <summary>A promise that was not kept; the message says which, and when.</summary>
sealed class BrokenPromise(string what) : Exception(what);
