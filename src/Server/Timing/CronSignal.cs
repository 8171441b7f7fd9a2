namespace MiniRedis.Server.Timing;

/// <summary>Asks for the cron to run soon, whenever it would be due otherwise. Any thread may ask.</summary>
sealed class CronSignal
{
    /// <summary>Wakes the loop that runs the cron; set by the host before there are threads. Without it nobody is woken.</summary>
    public Action? Wake { get; set; }

    /// <summary>When the cron is to run next (unix milliseconds); the executor says.</summary>
    public long NextRun { get; set; }

    public void Request() => Wake?.Invoke();

    /// <summary>Asks for a run if the next would be later than <paramref name="deadline"/> (unix milliseconds).</summary>
    public void RequestBefore(long deadline)
    {
        if (deadline < NextRun) Request();
    }
}
