using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// How the server ends: SHUTDOWN and signals ask for it, the data are saved if they have to be, and from then on nothing is executed any
/// more, so that no client is told of a change that is in no file. Under the executor's lock.
/// </summary>
sealed class Exiting(MiniRedisServer server)
{
    ShutdownFlags _requested;
    volatile bool _isRequested;

    /// <summary>Stops the process; set by the host. The argument is the exit code.</summary>
    public Action<int>? Stop { get; set; }

    /// <summary>Whether the server is on its way out: what arrives is not executed.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Whether a signal has asked for the end, and the data are not saved yet. Any thread.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Has the cron end the server: a signal asks.</summary>
    public void Request(ShutdownFlags flags)
    {
        _requested = flags;
        _isRequested = true;
        server.RequestTick?.Invoke();
    }

    /// <summary>Takes back what a signal asked for.</summary>
    /// <returns>False if none has, or the end has begun.</returns>
    public bool TryAbort()
    {
        if (!_isRequested || HasBegun) return false;
        _isRequested = false;
        server.Log.ShutdownAborted();
        return true;
    }

    /// <summary>Does what a signal asked for. Called by the cron.</summary>
    public void RunRequested()
    {
        if (_isRequested && !HasBegun) _isRequested = TryBegin(_requested);
    }

    /// <summary>Saves what has to be saved, and has the process end.</summary>
    /// <returns>False if it could not be saved; the server then goes on, unless forced.</returns>
    public bool TryBegin(ShutdownFlags flags)
    {
        if (HasBegun) return true;
        if (Stop is null) return false;
        server.Log.ShutdownRequested();
        if (server.AofRewriting.AwaitsBase)
        {
            if ((flags & ShutdownFlags.Force) == 0)
            {
                server.Log.CannotExitWithoutBase();
                return false;
            }
            server.Log.ExitsWithoutBase();
        }
        server.BackgroundSaving.Cancel();
        server.AofRewriting.Cancel();
        if (!server.Aof.TryFlush()) server.Log.AofNotFlushed();
        if (MustSave(flags))
        {
            server.Log.SavingBeforeExit();
            if (!server.Saving.TrySave())
            {
                server.Log.CannotExit();
                if ((flags & ShutdownFlags.Force) == 0) return false;
            }
        }
        Begin(0);
        return true;
    }

    /// <summary>Ends a server that cannot go on.</summary>
    public void Fail() => Begin(1);

    void Begin(int exitCode)
    {
        HasBegun = true;
        Stop?.Invoke(exitCode);
    }

    /// <summary>Half a data set must not take the place of a whole one.</summary>
    bool MustSave(ShutdownFlags flags)
    {
        if (server.Loading.IsLoading || (flags & ShutdownFlags.NoSave) != 0) return false;
        return (flags & ShutdownFlags.Save) != 0 || server.Config.Persistence.SavePoints.Length > 0;
    }
}
