using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// Writes the AOF's current file, and syncs it as often as appendfsync says.
/// <para>
/// With "everysec" and "no" the executor itself writes the changes of a turn of the loop before the turn's replies are sent. A
/// write into the page cache costs less than waking a thread, and a process that dies loses nothing that it acknowledged. While
/// the file is being synced, a write might wait for the disk. Then, and whenever the disk refuses, the writer's own thread takes
/// over and the executor goes on. Syncs run on a second thread, so that bytes handed over meanwhile are written at once.
/// </para>
/// <para>
/// With "always" the thread writes and syncs, with one sync for all clients whose commands ran before it began (group commit).
/// Clients that were released by one sync send their next commands at about the same time. A sync that begins as soon as it can
/// would serve half of them, and the next sync the other half, in turns. Waiting a moment for the expected clients makes them one
/// group. The idea is PostgreSQL's commit_delay; the expected number is learned here from the last group.
/// </para>
/// </summary>
/// <remarks>
/// Public members are for the executor's thread unless they say otherwise. All state is under one lock. Only the executor holds
/// it during disk access, when it writes. Positions count bytes handed over since the start, across files.
/// </remarks>
sealed partial class AofWriter : IDisposable
{
    const long SyncMilliseconds = 1000, RetryMilliseconds = 1000;

    /// <summary>How long what follows a switch stays in memory while the disk syncs the file before.</summary>
    const long HangMilliseconds = 100;

    const int MostSpare = 16;

    readonly object _lock = new();
    readonly TimeProvider _time;
    readonly Action _onProgress;
    readonly Thread _writing, _syncing;
    readonly Stack<AofChunk> _spare = new();

    Queue<Item> _inbox = new(), _taken = new();

    // The last chunk of the inbox, while more may be added to it.
    AofChunk? _tail;
    AppendFsync _policy;
    IFileWriter _file;

    // The former files after a switch, until they are synced, each with the position of its end. While the disk is quick, nothing is
    // written to the next file before: otherwise a power failure could leave a file torn while later commands are on disk, and these
    // would run on wrong data. A disk that hangs is not waited for, since a process that is killed meanwhile would lose what it keeps
    // in memory. Then the next file begins with a note (AofNote), by which a start can tell.
    readonly Queue<(IFileWriter File, long To)> _retired = new();
    long _switchedAt;
    byte[] _note = [];
    bool _isNoted;

    // Of the current file: its path, and where a part of a command begins that could not be cut off; negative if there is none.
    string _path;
    long _tornAt = -1;
    bool _isBusy, _isSyncing, _isUrgent, _hasGivenUp;
    volatile bool _stop;
    long _waitingBytes, _written, _synced, _syncingTo, _delayed;

    // When the oldest unsynced bytes were handed over, and the oldest ones after those being synced. -1: none.
    long _unsyncedSince = -1, _unsyncedBehind = -1;
    long _retryAt;
    int _failures;
    volatile string? _writeError, _syncError;

    /// <param name="file">The file to begin with. It belongs to the writer, even if that cannot be made.</param>
    /// <param name="path">Its path.</param>
    /// <param name="time">The clock for "everysec".</param>
    /// <param name="onProgress">Called on another thread when bytes were synced, or when an error began or ended.</param>
    /// <exception cref="IOException">There is no thread for it.</exception>
    public AofWriter(IFileWriter file, string path, TimeProvider time, Action onProgress)
    {
        (_file, _path, _time, _onProgress) = (file, path, time, onProgress);
        _writing = new Thread(Run) { Name = "aof", IsBackground = true };
        _syncing = new Thread(RunSyncs) { Name = "aof-sync", IsBackground = true };
        try
        {
            PersistenceThread.Start(_writing);
            PersistenceThread.Start(_syncing);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes to write or, if these are null, the file to switch to.</summary>
    readonly record struct Item(AofChunk? Chunk, (IFileWriter File, string Path)? Next);

    /// <summary>The position up to which everything is synced. Any thread.</summary>
    public long Synced => Interlocked.Read(ref _synced);

    /// <summary>The position up to which everything is written. Any thread.</summary>
    public long Written => Interlocked.Read(ref _written);

    /// <summary>Why the last attempt to write or sync failed; null if it did not. Any thread.</summary>
    public string? Error => _writeError ?? _syncError;

    /// <summary>Syncs that began more than a second late: INFO's aof_delayed_fsync. Any thread.</summary>
    public long Delayed => Interlocked.Read(ref _delayed);

    /// <summary>Whether it syncs what it writes: not with "no".</summary>
    public bool SyncsAtAll => _policy != AppendFsync.No;

    /// <summary>Milliseconds for which the oldest bytes have waited for a sync; 0 if none wait, and with "no".</summary>
    public long Age
    {
        get
        {
            var since = Interlocked.Read(ref _unsyncedSince);
            return since < 0 ? 0 : Now - since;
        }
    }

    /// <summary>
    /// Whether <paramref name="waiters"/> clients should be handed over before the rest of the turn has run: with "always", if
    /// they are half of the expected ones and the disk is idle. The disk then works for one half while the commands of the other
    /// half run and replies are sent.
    /// </summary>
    public bool WantsAlready(int waiters) => !Volatile.Read(ref _isBusy) && waiters * 2 >= Volatile.Read(ref _expected);

    /// <summary>Bytes handed over and not written yet. Any thread.</summary>
    public long WaitingBytes => Interlocked.Read(ref _waitingBytes);

    /// <summary>Microseconds that a write is delayed, for tests (DEBUG AOF-FLUSH-SLEEP).</summary>
    public int Delay { get; set; }

    /// <summary>appendfsync; also "no" while a snapshot is written and no-appendfsync-on-rewrite is on.</summary>
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
        && (_retired.Count > 0 || HasUnsynced && (SyncsAtOnce || _policy == AppendFsync.EverySec && Age >= SyncMilliseconds));

    /// <summary>Hands bytes over. They are written on return unless a write would have to wait for the disk.</summary>
    /// <param name="chunk">The bytes.</param>
    /// <param name="waiters">Number of clients that wait until they are synced.</param>
    /// <returns>An empty chunk to go on with. The chunk handed over belongs to the writer.</returns>
    public AofChunk Append(AofChunk chunk, int waiters)
    {
        lock (_lock)
        {
            NoteAge();
            if (TryWriteAtOnce(chunk)) return chunk;
            _waiters += waiters;
            _waitingBytes += chunk.Length;
            // Small ones share a chunk: otherwise ten thousand turns during a slow sync would take as many chunks.
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
            // The thread tries again in a second.
            Monitor.PulseAll(_lock);
        }
        else if ((_isSyncing || _retired.Count > 0) && _unsyncedBehind < 0)
        {
            _unsyncedBehind = Now;
        }
    }

    bool TryWriteAtOnce(AofChunk chunk)
    {
        if (_policy == AppendFsync.Always || _isBusy || _isSyncing || _retired.Count + _inbox.Count + _taken.Count > 0) return false;
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

    /// <summary>Later bytes go to another file, once the present one is synced.</summary>
    /// <param name="file">The other one, which belongs to the writer. The list names it by now, so it is open: a switch cannot fail.</param>
    /// <param name="path">Its path.</param>
    public void SwitchTo(IFileWriter file, string path)
    {
        lock (_lock)
        {
            _inbox.Enqueue(new(null, (file, path)));
            _tail = null;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits until everything handed over is written and synced, or an attempt has failed.</summary>
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

    /// <summary>
    /// Lets the thread check whether something is due, since its own waits use the system's clock. Called by the cron.
    /// </summary>
    public void Nudge()
    {
        lock (_lock)
        {
            if (HasWork) Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Ends the threads. Bytes not written yet are lost; see <see cref="Drain"/>.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stop = true;
            Monitor.PulseAll(_lock);
        }
        HandToSyncing(null);
        // A thread that could not be started has nothing to end.
        if (_writing.IsAlive) _writing.Join();
        if (_syncing.IsAlive) _syncing.Join();
        foreach (var item in _inbox.Concat(_taken))
        {
            item.Chunk?.Dispose();
            item.Next?.File.Dispose();
        }
        foreach (var chunk in _spare) chunk.Dispose();
        foreach (var (file, _) in _retired) file.Dispose();
        _file.Dispose();
    }
}
