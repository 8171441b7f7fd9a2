namespace MiniRedis.Cluster.Sentinel;

/// <summary>A script that runs or waits to run.</summary>
public sealed class ScriptJob
{
    internal ScriptJob(long id, IReadOnlyList<string> arguments)
    {
        Id = id;
        Arguments = arguments;
    }

    internal long Id { get; }

    /// <summary>The path, and what the script is told.</summary>
    public IReadOnlyList<string> Arguments { get; }
    public bool IsRunning { get; internal set; }

    /// <summary>0 while it does not run.</summary>
    public int Pid { get; internal set; }

    /// <summary>How often it was started.</summary>
    public int Attempts { get; internal set; }

    /// <summary>When it was started, or before which time it is not to be started again.</summary>
    public long StartAt { get; internal set; } = SentinelMachine.Never;
}

/// <summary>
/// Scripts that tell an operator or clients of an event. They run in the order of the events, up to sixteen at a time. One that
/// ends with 1, or by a signal, is tried again, ten times in all, with twice the delay each time. All figures are Redis's.
/// </summary>
public sealed class ScriptQueue
{
    const int MostJobs = 256;
    const int MostRunning = 16;
    const int MostAttempts = 10;

    readonly List<ScriptJob> _jobs = [];
    long _nextId;

    internal ScriptQueue()
    {
    }

    public IReadOnlyList<ScriptJob> Jobs => _jobs;

    public int Running { get; private set; }

    /// <summary>Adds a job. Where the queue is full, the oldest that does not run is dropped.</summary>
    internal void Schedule(params IReadOnlyList<string> arguments)
    {
        _jobs.Add(new ScriptJob(++_nextId, arguments));
        if (_jobs.Count > MostJobs) _jobs.RemoveAt(_jobs.FindIndex(j => !j.IsRunning));
    }

    /// <summary>The next job that is due, marked as running; null if there is none or enough run.</summary>
    internal ScriptJob? StartNext(long now)
    {
        if (Running >= MostRunning) return null;
        var job = _jobs.Find(j => !j.IsRunning && j.StartAt <= now);
        if (job is null) return null;
        job.IsRunning = true;
        job.StartAt = now;
        job.Attempts++;
        Running++;
        return job;
    }

    internal ScriptJob? Find(long id) => _jobs.Find(j => j.Id == id);

    /// <summary>A job could not be started: it stays in the queue, and is due at once.</summary>
    internal void Refused(ScriptJob job)
    {
        job.IsRunning = false;
        job.Pid = 0;
        Running--;
    }

    /// <summary>True if the job is done with; false if it will run again.</summary>
    internal bool Ended(ScriptJob job, int exitCode, int signal, long now, long retryDelay)
    {
        Running--;
        if ((signal != 0 || exitCode == 1) && job.Attempts != MostAttempts)
        {
            job.IsRunning = false;
            job.Pid = 0;
            job.StartAt = now + (retryDelay << (job.Attempts - 1));
            return false;
        }
        _jobs.Remove(job);
        return true;
    }
}
