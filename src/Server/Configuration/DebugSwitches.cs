namespace MiniRedis.Server.Configuration;

/// <summary>Switches that DEBUG sets for tests. Nothing else sets them, and all are off in production.</summary>
sealed class DebugSwitches
{
    /// <summary>DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may call what is declared <c>noscript</c>.</summary>
    public bool ScriptsMayCallAnything { get; set; }

    /// <summary>DEBUG SET-SKIP-CHECKSUM-VALIDATION: payloads of RESTORE and snapshots are read whatever their checksum.</summary>
    public bool SkipChecksums { get; set; }

    /// <summary>The default of <see cref="ReplyPeakMilliseconds"/>, which is Redis's.</summary>
    public const long DefaultReplyPeakMilliseconds = 5000;

    /// <summary>
    /// DEBUG REPLYBUFFER PEAK-RESET-TIME: after how long without input a client's peak of replies is reset; negative for never.
    /// </summary>
    public long ReplyPeakMilliseconds { get; set; } = DefaultReplyPeakMilliseconds;

    /// <summary>DEBUG AOF-FLUSH-SLEEP: microseconds that each write of the AOF is delayed.</summary>
    public int AofFlushDelay { get; set; }

    /// <summary>
    /// DEBUG DELAY-RDB-CLIENT-FREE-SECONDS: how long a replica's main connection is awaited after the one that brought it the file has ended.
    /// The default is Valkey's.
    /// </summary>
    public int RdbClientGraceSeconds { get; set; } = 60;

    /// <summary>DEBUG PAUSE-AFTER-FORK: the process stops in the middle of a full synchronization.</summary>
    public bool StopsInFullSync { get; set; }
}
