namespace MiniRedis.Server.Timing;

/// <summary>Requests a run of the cron before its due time. Any thread.</summary>
sealed class CronSignal
{
    /// <summary>
    /// Wakes the loop that runs the cron. The host sets it before there are threads; without it nothing is woken.
    /// </summary>
    public Action? Wake { get; set; }

    /// <summary>When the cron runs next (unix milliseconds). The executor sets it.</summary>
    public long NextRun { get; set; }

    public void Request() => Wake?.Invoke();

    /// <summary>Requests a run if the next one would be later than <paramref name="deadline"/> (unix milliseconds).</summary>
    public void RequestBefore(long deadline)
    {
        if (deadline < NextRun) Request();
    }
}
