namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>
/// rdb-key-save-delay, with which tests make saving slow: microseconds for each key or, if -n, one microsecond for every n keys.
/// Waits are summed up, since the system cannot wait for less than about a millisecond.
/// </summary>
sealed class KeySaveDelay(int setting)
{
    const long LeastWaitNanoseconds = 1_000_000;

    /// <summary>How often a wait checks whether the snapshot was given up.</summary>
    const int LookMilliseconds = 10;

    readonly long _nanosecondsAKey = setting >= 0 ? setting * 1000L : 1000 / -setting;
    long _owed;

    public bool IsSet => setting != 0;

    /// <summary>Waits for one key. False if the snapshot was given up meanwhile.</summary>
    public bool Wait(SnapshotFeed? feed)
    {
        for (_owed += _nanosecondsAKey; _owed >= LeastWaitNanoseconds;)
        {
            if (feed is { IsCancelled: true }) return false;
            var milliseconds = (int)Math.Min(_owed / 1_000_000, LookMilliseconds);
            Thread.Sleep(milliseconds);
            _owed -= milliseconds * 1_000_000L;
        }
        return true;
    }
}
