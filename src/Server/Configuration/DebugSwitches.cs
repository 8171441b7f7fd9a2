namespace MiniRedis.Server.Configuration;

/// <summary>What DEBUG turns on and off for tests. Nothing else sets these; all are off in a server that serves.</summary>
sealed class DebugSwitches
{
    /// <summary>DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may call what is declared <c>noscript</c>.</summary>
    public bool ScriptsMayCallAnything { get; set; }

    /// <summary>DEBUG SET-SKIP-CHECKSUM-VALIDATION: payloads of RESTORE and snapshots are read whatever their checksum.</summary>
    public bool SkipChecksums { get; set; }

    /// <summary>What <see cref="ReplyPeakMilliseconds"/> is unless it is set.</summary>
    public const long DefaultReplyPeakMilliseconds = 5000;

    /// <summary>
    /// DEBUG REPLYBUFFER PEAK-RESET-TIME: how long a client sends nothing before the peak of its replies is forgotten; below 0 for never.
    /// The default is Redis's.
    /// </summary>
    public long ReplyPeakMilliseconds { get; set; } = DefaultReplyPeakMilliseconds;

    /// <summary>DEBUG AOF-FLUSH-SLEEP: microseconds that each write of the AOF is delayed.</summary>
    public int AofFlushDelay { get; set; }
}
