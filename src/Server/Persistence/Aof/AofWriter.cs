using System.Diagnostics;
using MiniRedis.Server.Configuration;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// The thread that owns the AOF's current file: it writes what the executor hands over, and has the disk take it as often as
/// appendfsync says. The executor never waits for the disk.
/// <para>
/// With "always", one sync serves everybody whose commands were executed before it began (group commit). Where a sync takes
/// longer than clients take for a round trip, those that were served by one send their next commands while the next is under way, so
/// that each sync would serve half of them; waiting a moment for those that are expected makes one group of them. The idea
/// is PostgreSQL's commit_delay; what is waited for is learned here from the last groups. On a disk that syncs in less than a
/// millisecond nothing is gained by that, and nothing is waited for.
/// </para>
/// </summary>
/// <remarks>
/// Members are for the executor's thread unless they say otherwise; the thread shares with it what stands under the lock.
/// Positions count bytes handed over since the start, whatever files they went to.
/// </remarks>
sealed class AofWriter : IDisposable
{
    const long SyncMilliseconds = 1000, RetryMilliseconds = 1000;

    /// <summary>Syncs that take less wait for nobody.</summary>
    static readonly TimeSpan s_slowSync = TimeSpan.FromMilliseconds(1);

    readonly object _lock = new();
    readonly IFileStore _files;
    readonly Action _onProgress;
    readonly Thread _thread;
    Queue<Item> _inbox = new(), _taken = new();
    long _waitingBytes;
    int _waiters, _expected;
    bool _stop;
    AppendFsync _policy;
    TimeSpan _syncTime;
    IFileWriter? _file;
    long _unsyncedSince = -1;
    long _written, _synced, _delayed;
    volatile string? _error;

    /// <param name="files">The disk.</param>
    /// <param name="onProgress">Called on the writing thread when something was synced, or an error came or went.</param>
    public AofWriter(IFileStore files, Action onProgress)
    {
        _files = files;
        _onProgress = onProgress;
        _thread = new Thread(Run) { Name = "aof", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Bytes to write, or, where those are null, the file to go on in.</summary>
    readonly record struct Item(AofChunk? Chunk, string? Path);

    /// <summary>Up to where the disk has everything. Any thread.</summary>
    public long Synced => Interlocked.Read(ref _synced);

    /// <summary>Up to where everything is written, if not synced. Any thread.</summary>
    public long Written => Interlocked.Read(ref _written);

    /// <summary>Why the last attempt to write or sync failed; null if it did not. Any thread.</summary>
    public string? Error => _error;

    /// <summary>Syncs that began more than two seconds late: INFO's aof_delayed_fsync. Any thread.</summary>
    public long Delayed => Interlocked.Read(ref _delayed);

    /// <summary>Milliseconds for which the oldest bytes handed over have waited for the disk, by the system's clock; 0 if none do.</summary>
    public long Age
    {
        get
        {
            var since = Interlocked.Read(ref _unsyncedSince);
            return since < 0 ? 0 : Environment.TickCount64 - since;
        }
    }

    /// <summary>Bytes handed over and not written yet. Any thread.</summary>
    public long WaitingBytes => Interlocked.Read(ref _waitingBytes);

    /// <summary>appendfsync; "no" as well while a rewrite is under way and no-appendfsync-on-rewrite says so.</summary>
    public AppendFsync Policy
    {
        set
        {
            lock (_lock)
            {
                _policy = value;
                Monitor.Pulse(_lock);
            }
        }
    }

    /// <summary>Hands bytes over. The chunk is the writer's from now on.</summary>
    /// <param name="chunk">The bytes.</param>
    /// <param name="waiters">Clients that wait until they are synced.</param>
    public void Append(AofChunk chunk, int waiters)
    {
        lock (_lock)
        {
            _waiters += waiters;
            Interlocked.Add(ref _waitingBytes, chunk.Length);
            Interlocked.CompareExchange(ref _unsyncedSince, Environment.TickCount64, -1);
            _inbox.Enqueue(new(chunk, null));
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>What is appended from here on goes to another file; the one before is synced and closed first.</summary>
    public void SwitchTo(string path)
    {
        lock (_lock)
        {
            _inbox.Enqueue(new(null, path));
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Waits until what was handed over is written and synced, or cannot be.</summary>
    /// <returns>False if the disk refuses.</returns>
    public bool Drain(long position)
    {
        lock (_lock)
        {
            var policy = _policy;
            _policy = AppendFsync.Always;
            Monitor.Pulse(_lock);
            while (Synced < position && _error is null) Monitor.Wait(_lock);
            _policy = policy;
            return Synced >= position;
        }
    }

    /// <summary>Ends the thread; what is not written yet is lost. See <see cref="Drain"/>.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stop = true;
            Monitor.PulseAll(_lock);
        }
        _thread.Join();
        _file?.Dispose();
    }

    void Run()
    {
        while (TryTake(out var policy))
        {
            try
            {
                while (_taken.TryPeek(out var item))
                {
                    Process(item);
                    _taken.Dequeue();
                }
                if (policy == AppendFsync.Always || policy == AppendFsync.EverySec && Age >= SyncMilliseconds) Sync(policy);
                else if (policy == AppendFsync.No) Interlocked.Exchange(ref _unsyncedSince, -1);
                SetError(null);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                SetError(failure.Message);
                WaitToRetry();
            }
        }
    }

    /// <summary>Waits until there is something to write or to sync. False when the thread is to end.</summary>
    bool TryTake(out AppendFsync policy)
    {
        lock (_lock)
        {
            while (!_stop && _inbox.Count == 0 && _taken.Count == 0 && !IsSyncDue()) Monitor.Wait(_lock, WaitMilliseconds());
            policy = _policy;
            if (_stop) return false;
            if (policy == AppendFsync.Always && _syncTime > s_slowSync) GatherLocked();
            if (_taken.Count == 0) (_taken, _inbox) = (_inbox, _taken);
            else while (_inbox.TryDequeue(out var item)) _taken.Enqueue(item);
            _expected = _waiters;
            _waiters = 0;
        }
        return true;
    }

    bool HasUnsynced => _written > Interlocked.Read(ref _synced);

    bool IsSyncDue() => HasUnsynced && (_policy == AppendFsync.Always || _policy == AppendFsync.EverySec && Age >= SyncMilliseconds);

    int WaitMilliseconds() => HasUnsynced && _policy == AppendFsync.EverySec ? (int)Math.Max(1, SyncMilliseconds - Age) : -1;

    /// <summary>Waits for clients that are expected to commit as well, a quarter of a sync at most.</summary>
    void GatherLocked()
    {
        var started = Stopwatch.GetTimestamp();
        while (_waiters < _expected && !_stop && Stopwatch.GetElapsedTime(started) < _syncTime / 4)
            Monitor.Wait(_lock, Math.Max(1, (int)(_syncTime / 4).TotalMilliseconds));
    }

    void Process(Item item)
    {
        if (item.Chunk is not { } chunk)
        {
            _file?.Sync();
            var next = _files.Append(item.Path!);
            _file?.Dispose();
            _file = next;
            return;
        }
        var length = _file!.Length;
        try
        {
            _file.Write(chunk.Written);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A part of a command must not stand in front of what is written when there is room again.
            _file.Truncate(length);
            throw;
        }
        Interlocked.Add(ref _written, chunk.Length);
        Interlocked.Add(ref _waitingBytes, -chunk.Length);
        chunk.Return();
    }

    void Sync(AppendFsync policy)
    {
        if (!HasUnsynced) return;
        if (policy == AppendFsync.EverySec && Age > 2 * SyncMilliseconds) Interlocked.Increment(ref _delayed);
        var started = Stopwatch.GetTimestamp();
        _file!.Sync();
        // An average that follows a change of the disk's temper within some ten syncs.
        _syncTime += (Stopwatch.GetElapsedTime(started) - _syncTime) / 8;
        lock (_lock)
        {
            Interlocked.Exchange(ref _synced, _written);
            Interlocked.Exchange(ref _unsyncedSince, _inbox.Count > 0 ? Environment.TickCount64 : -1);
            // Those that are released, and those that wait already: they will come together from now on.
            _expected += _waiters;
            Monitor.PulseAll(_lock);
        }
        _onProgress();
    }

    void SetError(string? error)
    {
        if (_error == error) return;
        lock (_lock)
        {
            _error = error;
            Monitor.PulseAll(_lock);
        }
        _onProgress();
    }

    void WaitToRetry()
    {
        lock (_lock)
        {
            if (!_stop) Monitor.Wait(_lock, (int)RetryMilliseconds);
        }
    }
}
