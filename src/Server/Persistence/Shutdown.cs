using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// How the server ends: SHUTDOWN and signals ask for it, the data are saved if they have to be, and from then on nothing is executed any
/// more, so that no client is told of a change that is in no file. Under the executor's lock.
/// </summary>
sealed class Shutdown(
    RdbSaving saving, BackgroundSaving backgroundSaving, AppendOnlyFile aof, AofRewriting aofRewriting,
    DatasetState dataset, ServerExit exit, CronSignal cronSignal, PersistenceSettings settings, ServerLog log)
{
    ShutdownFlags _requested;
    volatile bool _isRequested;

    /// <summary>Whether a signal has asked for the end, and the data are not saved yet. Any thread.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Has the cron end the server: a signal asks.</summary>
    public void Request(ShutdownFlags flags)
    {
        _requested = flags;
        _isRequested = true;
        cronSignal.Request();
    }

    /// <summary>Takes back what a signal asked for.</summary>
    /// <returns>False if none has, or the end has begun.</returns>
    public bool TryAbort()
    {
        if (!_isRequested || exit.HasBegun) return false;
        _isRequested = false;
        log.ShutdownAborted();
        return true;
    }

    /// <summary>Does what a signal asked for. Called by the cron.</summary>
    public void RunRequested()
    {
        if (_isRequested && !exit.HasBegun) _isRequested = TryBegin(_requested);
    }

    /// <summary>Saves what has to be saved, and has the process end.</summary>
    /// <returns>False if it could not be saved; the server then goes on, unless forced.</returns>
    public bool TryBegin(ShutdownFlags flags)
    {
        if (exit.HasBegun) return true;
        if (exit.Stop is null) return false;
        log.ShutdownRequested();
        if (aofRewriting.AwaitsBase)
        {
            if ((flags & ShutdownFlags.Force) == 0)
            {
                log.CannotExitWithoutBase();
                return false;
            }
            log.ExitsWithoutBase();
        }
        backgroundSaving.Cancel();
        aofRewriting.Cancel();
        if (!aof.TryFlush()) log.AofNotFlushed();
        if (MustSave(flags))
        {
            log.SavingBeforeExit();
            if (!saving.TrySave())
            {
                log.CannotExit();
                if ((flags & ShutdownFlags.Force) == 0) return false;
            }
        }
        exit.Begin(0);
        return true;
    }

    /// <summary>Half a data set must not take the place of a whole one.</summary>
    bool MustSave(ShutdownFlags flags)
    {
        if (dataset.IsLoading || (flags & ShutdownFlags.NoSave) != 0) return false;
        return (flags & ShutdownFlags.Save) != 0 || settings.SavePoints.Length > 0;
    }
}
