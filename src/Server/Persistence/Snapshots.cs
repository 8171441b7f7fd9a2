using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Files;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// Takes snapshots of the keyspace while commands run. The cron drives the walk in slices, values are captured before a command
/// changes them, and another thread writes. There is one snapshot at a time, for BGSAVE, rewrites of the AOF and full
/// synchronizations alike. Under the executor's lock. See <see cref="Snapshot"/>.
/// </summary>
sealed class Snapshots(Keyspace keyspace, ClientPause pause, ServerStatistics statistics, Clock clock, CronSignal cronSignal)
{
    /// <summary>Longest time of one slice: a command that arrives meanwhile waits no longer.</summary>
    const long SliceMicroseconds = 300;

    /// <summary>Buckets between two looks at the clock: some hundred keys, twenty microseconds.</summary>
    const int BucketsBetweenLooks = 16;

    /// <summary>
    /// Write commands wait while more captured bytes than this, or than a tenth of the data, wait for the disk. With a disk that
    /// keeps up there are some megabytes.
    /// </summary>
    const long LeastBacklog = 64 << 20;

    /// <summary>How long held clients wait for a disk that makes no progress before the snapshot is given up.</summary>
    const long PatienceMilliseconds = 10_000;

    static readonly TimeSpan s_stopPatience = TimeSpan.FromSeconds(2);

    /// <summary>Starts the thread that writes. Tests replace it.</summary>
    public Action<string, Action> StartThread { get; set; } = PersistenceThread.Run;

    Snapshot? _snapshot;
    SnapshotJob? _job;
    volatile Exception? _failure;
    bool _holding;
    long _progress, _progressAt;

    /// <summary>A snapshot has begun or is over.</summary>
    public event Action? Changed;

    /// <summary>Whether a snapshot is running or being given up.</summary>
    public bool IsActive => _snapshot is not null;

    /// <summary>The running snapshot; null if there is none.</summary>
    public Snapshot? Current => _snapshot;

    /// <summary>Begins a snapshot. No other may be running.</summary>
    /// <exception cref="IOException">There is no thread to write it. Nothing has begun.</exception>
    public void Start(SnapshotJob job)
    {
        Debug.Assert(!IsActive);
        // The thread comes first: what cannot be written must not begin. It waits until there is something to write.
        var begun = new TaskCompletionSource<Snapshot?>();
        StartThread("snapshot", () => Write(begun.Task, job));
        Snapshot snapshot;
        try
        {
            snapshot = keyspace.BeginSnapshot(job.Slots);
        }
        catch
        {
            begun.SetResult(null);
            throw;
        }
        statistics.Snapshots++;
        _snapshot = snapshot;
        _job = job;
        _failure = null;
        _progress = 0;
        _progressAt = clock.Now;
        snapshot.Feed.OnProgress = () => cronSignal.Request();
        begun.SetResult(snapshot);
        Changed?.Invoke();
        cronSignal.Request();
    }

    /// <summary>
    /// Gives the running snapshot up. It is over when its writer has noticed; then <see cref="SnapshotJob.Ended"/> is called.
    /// </summary>
    public void Abandon() => _snapshot?.Abandon();

    void Write(Task<Snapshot?> begun, SnapshotJob job)
    {
        BackgroundThread.GiveWay();
        if (begun.GetAwaiter().GetResult() is not { } snapshot) return;
        try
        {
            job.Write(snapshot.Feed);
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
        snapshot.Feed.Finish();
    }

    /// <summary>Runs one slice. Returns whether there is more to do at once.</summary>
    public bool Run()
    {
        if (_snapshot is not { } snapshot) return false;
        if (_holding && IsStuck(snapshot)) _failure = new IOException("the disk has taken nothing for ten seconds, and clients wait for it");
        if (snapshot.Refused) _failure ??= new IOException("the system refuses memory");
        if (_failure is not null && !snapshot.IsAbandoned) snapshot.Abandon();
        var settled = snapshot.Settle(out var isOver);
        if (isOver)
        {
            End(snapshot);
            return false;
        }
        if (_holding && (settled || !IsCongested(snapshot))) Release();

        var started = clock.Advance();
        bool more;
        do more = snapshot.Walk(BucketsBetweenLooks);
        while (more && clock.Microseconds(started, clock.Advance()) < SliceMicroseconds);
        return more;
    }

    bool IsStuck(Snapshot snapshot)
    {
        if (snapshot.Feed.Progress is var progress && progress != _progress)
        {
            _progress = progress;
            _progressAt = clock.Now;
        }
        return clock.Now - _progressAt > PatienceMilliseconds;
    }

    /// <summary>
    /// Gives the running snapshot up and waits for its writer, which reads the keyspace. It does not wait long for a disk that
    /// hangs.
    /// </summary>
    /// <returns>Whether no thread reads the keyspace any more.</returns>
    public bool TryStop()
    {
        // A snapshot that is given up must not count as a success: a file that does not exist would be listed.
        if (IsActive) _failure ??= new DiskException(Errno.Canceled);
        Abandon();
        for (var started = Stopwatch.GetTimestamp(); IsActive && Stopwatch.GetElapsedTime(started) < s_stopPatience; Run()) Thread.Yield();
        return !IsActive;
    }

    /// <summary>
    /// Whether a request waits: it may change a value that is being read and is too large to copy, or the disk is too far behind
    /// to capture more. A held request stays unread in its connection.
    /// </summary>
    public bool Holds(Client client, CommandSpec? command, in Request request)
    {
        if (command is { IsContainer: true } && request.Count > 1) command = command.FindSubcommand(request[1]);
        if (command is null || client.Has(ClientFlags.Replica | ClientFlags.Master)) return false;
        var holds = false;
        if (client.Has(ClientFlags.Multi))
        {
            if (command.InMulti != InMulti.RunsQueue) return false;
            var queue = client.Transaction!.Queue;
            for (var i = 0; i < queue.Count && !holds; i++)
            {
                var queued = queue.Request(i, out var inner, out _);
                holds = Waits(client.Database, inner, queued);
            }
        }
        else holds = Waits(client.Database, command, request);
        _holding |= holds;
        return holds;
    }

    bool Waits(Database database, CommandSpec command, in Request request)
    {
        if (!MayChange(command)) return false;
        if ((command.Flags & CommandFlags.Write) != 0 && IsCongested(_snapshot!)) return true;
        keyspace.Arena.BeginAttempt();
        try
        {
            // Values that an abandoned snapshot still reads are copied: they are few, and waiting for a disk that hangs is worse.
            return Prepare(database, command, request, mayWait: !_snapshot!.IsAbandoned) == Readiness.Frozen;
        }
        catch (MemoryRefusedException)
        {
            if (!keyspace.TryGiveUp()) throw;
            // A copy was refused. What it was to be copied from is free when its writer has read it.
            return true;
        }
        finally
        {
            keyspace.Arena.EndAttempt();
        }
    }

    /// <summary>Captures or copies the values that a command that can no longer wait will change in place.</summary>
    public void Prepare(Database database, CommandSpec command, in Request request)
    {
        if (MayChange(command)) Prepare(database, command, request, mayWait: false);
    }

    static bool MayChange(CommandSpec command) => (command.Flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0;

    static Readiness Prepare(Database database, CommandSpec command, in Request request, bool mayWait)
    {
        var keys = new KeyBuffer(stackalloc KeyRef[16]);
        KeyExtractor.TryGetKeys(command, request, ref keys);
        var readiness = Readiness.Ready;
        foreach (var key in keys.Keys)
        {
            // A command that replaces or removes a value does not change it in place.
            if ((key.Flags & (KeyFlags.OW | KeyFlags.RM | KeyFlags.NotKey)) != 0) continue;
            var at = database.Lookup(request[key.Position]);
            if (!at.Found) continue;
            if (at.Record.Type == ObjectType.String)
            {
                // The methods that change strings need no preparation. But one may be read by a command that travels as it came (COPY, BITOP).
                if ((key.Flags & KeyFlags.RO) != 0) database.Keep(at);
            }
            else if (!mayWait) database.Seize(at);
            else if (database.Prepare(at) == Readiness.Frozen) readiness = Readiness.Frozen;
        }
        keys.Dispose();
        return readiness;
    }

    bool IsCongested(Snapshot snapshot) =>
        !snapshot.IsAbandoned && snapshot.WaitingBytes > Math.Max(LeastBacklog, keyspace.UsedBytes / 10);

    void End(Snapshot snapshot)
    {
        var job = _job!;
        _snapshot = null;
        _job = null;
        Release();
        Changed?.Invoke();
        job.Ended(snapshot, _failure);
    }

    void Release()
    {
        _holding = false;
        pause.Resume();
    }
}
