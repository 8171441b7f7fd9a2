namespace MiniRedis.Cluster.Sentinel;

/// <summary>Running the scripts of the queue.</summary>
public sealed partial class SentinelMachine
{
    /// <summary>What a script that could not be started is reported to have ended by.</summary>
    const int StartFailed = 99;

    void RunScripts()
    {
        while (Scripts.StartNext(_now) is { } job) _outputs.Add(new SentinelOutput.RunScript(job.Id, job.Arguments));
        foreach (var job in Scripts.Jobs)
        {
            if (!job.IsRunning || job.Pid == 0 || _now - job.StartAt <= Periods.ScriptMaxRuntime) continue;
            Event(EventLevel.Warning, "-script-timeout", $"{job.Arguments[0]} {job.Pid}");
            _outputs.Add(new SentinelOutput.KillScript(job.Pid));
        }
    }

    public void ScriptStarted(long job, int pid, long now)
    {
        _now = now;
        if (Scripts.Find(job) is not { } found) return;
        found.Pid = pid;
        Event(EventLevel.Debug, "+script-child", $"{pid}");
    }

    /// <summary>The system refused to start a script: it is tried again at the next tick.</summary>
    public void ScriptRefused(long job, long now)
    {
        _now = now;
        if (Scripts.Find(job) is not { } found) return;
        Event(EventLevel.Warning, "-script-error", $"{found.Arguments[0]} {StartFailed} 0");
        Scripts.Refused(found);
    }

    public void ScriptEnded(long job, int exitCode, int signal, long now)
    {
        _now = now;
        if (Scripts.Find(job) is not { } found) return;
        Event(EventLevel.Debug, "-script-child", $"{found.Pid} {exitCode} {signal}");
        if (Scripts.Ended(found, exitCode, signal, now, Periods.ScriptRetryDelay) && (signal != 0 || exitCode != 0))
            Event(EventLevel.Warning, "-script-error", $"{found.Arguments[0]} {signal} {exitCode}");
    }
}
