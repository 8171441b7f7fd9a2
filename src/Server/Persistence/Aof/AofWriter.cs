using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// Writes the AOF's current file, and has the disk take it as often as appendfsync says.
/// <para>
/// With "everysec" and "no" what a turn of the loop changed is written by the executor itself, before the turn's replies are sent: a write into
/// the page cache costs less than waking a thread, and a process that dies has lost nothing that it acknowledged. While the file is being
/// synced a write might wait for the disk; then, and whenever the disk refuses, a thread of the writer's own takes over, and the
/// executor goes on. Syncs run on another thread still, so that what is handed over meanwhile is written at once.
/// </para>
/// <para>
/// With "always" the thread writes and syncs, one sync for everybody whose commands were executed before it began (group commit). Clients
/// that had their replies from one sync send their next commands at about the same time, so a sync that begins the moment it can
/// would serve half of them, the other half the next, in turns; waiting a moment for those that are expected makes one group of
/// them. The idea is PostgreSQL's commit_delay; what is waited for is learned here from the last group.
/// </para>
/// </summary>
/// <remarks>
/// Public members are for the executor's thread unless they say otherwise; all state is under one lock, which nobody holds for the disk
/// but the executor when it writes. Positions count bytes handed over since the start, whatever files they went to.
/// </remarks>
sealed partial class AofWriter : IDisposable
{
    const long SyncMilliseconds = 1000, RetryMilliseconds = 1000;

    const int MostSpare = 16;

    readonly object _lock = new();
    readonly IFileStore _files;
    readonly TimeProvider _time;
    readonly Action _onProgress;
    readonly Thread _writing, _syncing;
    readonly Stack<AofChunk> _spare = new();

    Queue<Item> _inbox = new(), _taken = new();

    // The last of the inbox, as long as more may be added to it.
    AofChunk? _tail;
    AppendFsync _policy;
    IFileWriter _file;

    // The file that was switched from, until the disk has all of it. Nothing is written to the next one before: a crash could else leave
    // this one torn with commands behind it, and what is missing in the middle is missed by all that follows.
    IFileWriter? _retired;
    bool _isBusy, _isSyncing, _isUrgent, _hasGivenUp;
    volatile bool _stop;
    long _waitingBytes, _written, _synced, _syncingTo, _delayed;

    // When the oldest bytes that the disk may not have were handed over; the same of those behind the ones being synced. -1: none.
    long _unsyncedSince = -1, _unsyncedBehind = -1;
    long _retryAt;
    int _failures;
    volatile string? _writeError, _syncError;

    /// <param name="files">The disk.</param>
    /// <param name="path">The file to begin with.</param>
    /// <param name="time">What a second is measured by.</param>
    /// <param name="onProgress">Called on another thread when something was synced, or an error came or went.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public AofWriter(IFileStore files, string path, TimeProvider time, Action onProgress)
    {
        _file = files.Append(path);
        (_files, _time, _onProgress) = (files, time, onProgress);
        _writing = new Thread(Run) { Name = "aof", IsBackground = true };
        _syncing = new Thread(RunSyncs) { Name = "aof-sync", IsBackground = true };
        _writing.Start();
        _syncing.Start();
    }

    /// <summary>Bytes to write, or, where those are null, the file to go on in.</summary>
    readonly record struct Item(AofChunk? Chunk, string? Path);

    /// <summary>Up to where the disk has everything. Any thread.</summary>
    public long Synced => Interlocked.Read(ref _synced);

    /// <summary>Up to where everything is written, if not synced. Any thread.</summary>
    public long Written => Interlocked.Read(ref _written);

    /// <summary>Why the last attempt to write or sync failed; null if it did not. Any thread.</summary>
    public string? Error => _writeError ?? _syncError;

    /// <summary>Syncs that began more than a second late: INFO's aof_delayed_fsync. Any thread.</summary>
    public long Delayed => Interlocked.Read(ref _delayed);

    /// <summary>Milliseconds for which the oldest bytes handed over have waited for the disk; 0 if none do, and with "no".</summary>
    public long Age
    {
        get
        {
            var since = Interlocked.Read(ref _unsyncedSince);
            return since < 0 ? 0 : Now - since;
        }
    }

    /// <summary>
    /// Whether so many clients that wait for the disk had better be handed over before the rest of the turn has run: with "always", half of
    /// those there are, while the disk has nothing to do. It works for the one half while the other's commands run and replies are sent.
    /// </summary>
    public bool WantsAlready(int waiters) => !Volatile.Read(ref _isBusy) && waiters * 2 >= Volatile.Read(ref _expected);

    /// <summary>Bytes handed over and not written yet. Any thread.</summary>
    public long WaitingBytes => Interlocked.Read(ref _waitingBytes);

    /// <summary>Microseconds that a write is delayed, for tests (DEBUG AOF-FLUSH-SLEEP).</summary>
    public int Delay { get; set; }

    /// <summary>appendfsync; "no" as well while a snapshot is written and no-appendfsync-on-rewrite says so.</summary>
    public AppendFsync Policy
    {
        set
        {
            lock (_lock)
            {
                _policy = value;
                if (value == AppendFsync.No) _unsyncedSince = _unsyncedBehind = -1;
                else if (HasUnsynced && _unsyncedSince < 0) _unsyncedSince = Now;
                Monitor.PulseAll(_lock);
            }
        }
    }

    long Now => (long)_time.GetElapsedTime(0, _time.GetTimestamp()).TotalMilliseconds;

    bool HasUnsynced => _written > _synced;

    bool SyncsAtOnce => _policy == AppendFsync.Always || _isUrgent;

    bool IsSyncDue => !_isSyncing
        && (_retired is not null || HasUnsynced && (SyncsAtOnce || _policy == AppendFsync.EverySec && Age >= SyncMilliseconds));

    /// <summary>Hands bytes over; they are written on return unless that would have to wait for the disk.</summary>
    /// <param name="chunk">The bytes.</param>
    /// <param name="waiters">Clients that wait until they are synced.</param>
    /// <returns>An empty chunk to go on with; the one handed over is the writer's from now on.</returns>
    public AofChunk Append(AofChunk chunk, int waiters)
    {
        lock (_lock)
        {
            NoteAge();
            if (TryWriteAtOnce(chunk)) return chunk;
            _waiters += waiters;
            _waitingBytes += chunk.Length;
            // Small ones share, or ten thousand turns during a slow sync would take as many chunks.
            if (_tail is { } tail && tail.HasRoom(chunk.Length))
            {
                tail.Write(chunk.Written);
                chunk.Clear();
            }
            else
            {
                _inbox.Enqueue(new(chunk, null));
                _tail = chunk;
                chunk = _spare.TryPop(out var spare) ? spare : new AofChunk();
            }
            Monitor.PulseAll(_lock);
            return chunk;
        }
    }

    void NoteAge()
    {
        if (_policy == AppendFsync.No) return;
        if (_unsyncedSince < 0)
        {
            _unsyncedSince = Now;
            // The thread is to look again in a second.
            Monitor.PulseAll(_lock);
        }
        else if (_isSyncing && _unsyncedBehind < 0)
        {
            _unsyncedBehind = Now;
        }
    }

    bool TryWriteAtOnce(AofChunk chunk)
    {
        if (_policy == AppendFsync.Always || _isBusy || _isSyncing || _retired is not null || _inbox.Count + _taken.Count > 0) return false;
        try
        {
            Write(chunk);
            chunk.Clear();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            NoteFailure(failure, isWrite: true);
            return false;
        }
    }

    /// <summary>What is appended from here on goes to another file, once the disk has all of the one before.</summary>
    public void SwitchTo(string path)
    {
        lock (_lock)
        {
            _inbox.Enqueue(new(null, path));
            _tail = null;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits until what was handed over is written and synced, or an attempt to do so has failed.</summary>
    /// <returns>False if the disk refuses.</returns>
    public bool Drain(long position)
    {
        lock (_lock)
        {
            _isUrgent = true;
            Monitor.PulseAll(_lock);
            for (var failures = _failures; _synced < position && _failures == failures && !_hasGivenUp;) Monitor.Wait(_lock);
            _isUrgent = false;
            return _synced >= position;
        }
    }

    /// <summary>Has the thread look whether something is due: its own waits are measured by the system's clock. Called by the cron.</summary>
    public void Nudge()
    {
        lock (_lock)
        {
            if (HasWork) Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Ends the threads; what is not written yet is lost. See <see cref="Drain"/>.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stop = true;
            Monitor.PulseAll(_lock);
        }
        HandToSyncing(null);
        _writing.Join();
        _syncing.Join();
        foreach (var item in _inbox.Concat(_taken)) item.Chunk?.Dispose();
        foreach (var chunk in _spare) chunk.Dispose();
        _retired?.Dispose();
        _file.Dispose();
    }
}
