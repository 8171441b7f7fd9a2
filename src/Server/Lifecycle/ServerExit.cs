namespace MiniRedis.Server.Lifecycle;

/// <summary>
/// The end of the server. Once it has begun, nothing is executed any more, so that no client is told of a change that is in no file. Under
/// the executor's lock.
/// </summary>
sealed class ServerExit
{
    /// <summary>Stops the process; set by the host. The argument is the exit code.</summary>
    public Action<int>? Stop { get; set; }

    /// <summary>Whether the server is on its way out: what arrives is not executed.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Begins the end.</summary>
    /// <param name="code">0 if all is well; 1 if the server cannot go on.</param>
    public void Begin(int code)
    {
        HasBegun = true;
        Stop?.Invoke(code);
    }
}
