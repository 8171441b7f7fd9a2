namespace MiniRedis.Server.Lifecycle;

/// <summary>
/// The end of the server. Once it has begun, nothing is executed any more: no client is told of a change that is in no file.
/// Under the executor's lock.
/// </summary>
sealed class ServerExit
{
    /// <summary>Stops the process. Set by the host. The argument is the exit code.</summary>
    public Action<int>? Stop { get; set; }

    /// <summary>Ends the process at once, by SIGABRT or with code 1 (use-exit-on-panic). Set by the host.</summary>
    public Action? Abort { get; set; }

    /// <summary>Whether the end has begun: requests are no longer executed.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>
    /// Whether the data set may hold half a change. Then nothing may look at it any more: not the cron, not a snapshot, not the
    /// clean-up at the end.
    /// </summary>
    public bool IsTorn { get; private set; }

    /// <summary>Begins the end in the middle of a change.</summary>
    public void BeginTorn()
    {
        IsTorn = true;
        Begin(1);
    }

    /// <summary>Ends a server that has found itself broken: at once, where the host knows how.</summary>
    public void Panic()
    {
        Abort?.Invoke();
        BeginTorn();
    }

    /// <summary>Begins the end.</summary>
    /// <param name="code">0 for a normal end; 1 if the server cannot go on.</param>
    public void Begin(int code)
    {
        HasBegun = true;
        Stop?.Invoke(code);
    }
}
