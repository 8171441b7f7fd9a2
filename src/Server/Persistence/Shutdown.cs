using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// Ends the server on SHUTDOWN or a signal. The data are saved if necessary, and from then on nothing is executed, so that no
/// client is told of a change that is in no file. Under the executor's lock.
/// </summary>
sealed class Shutdown(
    RdbSaving saving, BackgroundSaving backgroundSaving, AppendOnlyFile aof, AofRewriting aofRewriting,
    DatasetState dataset, ServerExit exit, CronSignal cronSignal, PersistenceSettings settings, ServerLog log)
{
    ShutdownFlags _requested;
    volatile bool _isRequested;

    /// <summary>Whether something has to be done first, which takes its time. Set by the root.</summary>
    public Func<ShutdownFlags, bool> Waits { get; set; } = _ => false;

    /// <summary>A request was aborted or has failed: the server goes on.</summary>
    public event Action? GivenUp;

    /// <summary>Whether a signal has asked for the end and the data are not saved yet. Any thread.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Lets the cron end the server after a signal.</summary>
    public void Request(ShutdownFlags flags)
    {
        _requested = flags;
        _isRequested = true;
        cronSignal.Request();
    }

    /// <summary>Takes back the request of a signal.</summary>
    /// <returns>False if there is none, or the end has begun.</returns>
    public bool TryAbort()
    {
        if (!_isRequested || exit.HasBegun) return false;
        _isRequested = false;
        log.ShutdownAborted();
        GivenUp?.Invoke();
        return true;
    }

    /// <summary>Carries out the request of a signal. Called by the cron.</summary>
    public void RunRequested()
    {
        if (!_isRequested || exit.HasBegun || Waits(_requested)) return;
        try
        {
            _isRequested = TryBegin(_requested);
            if (_isRequested) return;
            log.CannotShutDown();
            GivenUp?.Invoke();
        }
        catch (Exception failure)
        {
            // The next attempt would meet the same bug. The server ends, so that the one who asked for the shutdown does not wait
            // for ever.
            log.ShutdownFailed(failure);
            exit.Begin(1);
        }
    }

    /// <summary>Saves the data if necessary and ends the process.</summary>
    /// <returns>False if saving failed. The server then goes on, unless forced.</returns>
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

    /// <summary>Whether the data must be saved. A half-loaded data set must not replace a complete file.</summary>
    bool MustSave(ShutdownFlags flags)
    {
        if (dataset.IsLoadingAny || (flags & ShutdownFlags.NoSave) != 0) return false;
        return (flags & ShutdownFlags.Save) != 0 || settings.SavePoints.Length > 0;
    }
}
