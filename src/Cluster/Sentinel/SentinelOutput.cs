namespace MiniRedis.Cluster.Sentinel;

/// <summary>How loud an event is. All but the quietest are published; the loudest also run the notification script.</summary>
public enum EventLevel
{
    Debug,
    Verbose,
    Notice,
    Warning,
}

/// <summary>
/// What the machine wants done. The host does it in the order given: <see cref="Persist"/> stands before every message that tells
/// what is to be persisted.
/// </summary>
public abstract record SentinelOutput
{
    /// <summary>Open a connection. Commands that follow are sent as soon as it is open; until then the host keeps them.</summary>
    public sealed record Connect(long Connection, InstanceAddress Address, bool IsPubSub) : SentinelOutput;

    /// <summary>Close a connection. The machine takes nothing more from it.</summary>
    public sealed record Close(long Connection) : SentinelOutput;

    public sealed record Send(long Connection, params IReadOnlyList<string> Arguments) : SentinelOutput;

    /// <summary>Log it, and publish it unless it is a debugging one: the type is the channel.</summary>
    public sealed record Event(EventLevel Level, string Type, string Text) : SentinelOutput;

    public sealed record Log(EventLevel Level, string Text) : SentinelOutput;

    /// <summary>
    /// Say in the log that no failover of a master starts before some time from now, which the host words as a date.
    /// </summary>
    public sealed record LogNextFailover(long Milliseconds) : SentinelOutput;

    /// <summary>Write <see cref="SentinelMachine.ConfigLines"/> to disk, and be sure that they are there.</summary>
    public sealed record Persist : SentinelOutput
    {
        public static readonly Persist Instance = new();
    }

    /// <summary>
    /// Run a script; <see cref="SentinelMachine.ScriptStarted"/> and <see cref="SentinelMachine.ScriptEnded"/> tell of it.
    /// </summary>
    public sealed record RunScript(long Job, IReadOnlyList<string> Arguments) : SentinelOutput;

    public sealed record KillScript(int Pid) : SentinelOutput;

    /// <summary>End the process at once: SENTINEL SIMULATE-FAILURE has asked for it.</summary>
    public sealed record Crash : SentinelOutput
    {
        public static readonly Crash Instance = new();
    }
}
