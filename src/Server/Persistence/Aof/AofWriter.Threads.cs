using System.Diagnostics;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>The writer's own threads.</summary>
sealed partial class AofWriter
{
    int _waiters, _expected;

    // A lock of its own, so that writing does not wake the thread that only syncs. If both locks are taken, this one is the
    // second.
    readonly object _toSyncLock = new();
    IFileWriter? _toSync;
    TimeSpan _lastSync;

    // While the disk refuses, it is tried once a second, or when a caller waits for it. With "always" the process is about to
    // end.
    bool HasWork =>
        !_hasGivenUp && (Error is null || _isUrgent || Now >= _retryAt) && (_inbox.Count + _taken.Count > 0 && HeldBackFor <= 0 || IsSyncDue);

    // Milliseconds for which nothing is written behind the former files, which another thread syncs; not more than 0 if something may be.
    long HeldBackFor => _retired.Count == 0 || SyncsAtOnce || _isNoted ? 0 : _switchedAt + HangMilliseconds - Now;

    int WaitMilliseconds
    {
        get
        {
            if (_hasGivenUp) return -1;
            if (Error is not null) return (int)Math.Clamp(_retryAt - Now, 1, RetryMilliseconds);
            if (_inbox.Count + _taken.Count > 0 && HeldBackFor is > 0 and var held) return (int)held;
            return HasUnsynced && !_isSyncing && _policy == AppendFsync.EverySec ? (int)Math.Clamp(SyncMilliseconds - Age, 1, SyncMilliseconds) : -1;
        }
    }

    void Run()
    {
        while (TryTake())
        {
            try
            {
                while (_taken.TryPeek(out var item) && MayWrite(item))
                {
                    if (item.Chunk is { } chunk) WriteTaken(chunk);
                    else Switch(item.Next!.Value);
                    _taken.Dequeue();
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                NoteFailure(failure, isWrite: true);
                continue;
            }
            if (_writeError is not null)
            {
                _writeError = null;
                _onProgress();
            }
            TrySync();
        }
    }

    /// <summary>Whether the next item may be written while former files are not synced. Without any, it may.</summary>
    bool MayWrite(Item item)
    {
        bool atOnce;
        lock (_lock)
        {
            if (_retired.Count == 0) return true;
            atOnce = SyncsAtOnce;
        }
        if (atOnce) return TrySyncRetired();
        TrySync();
        lock (_lock)
        {
            if (item.Next is null && HeldBackFor > 0) return false;
        }
        NoteIfBehind();
        return true;
    }

    /// <summary>Begins the current file with its note, if a former one is not synced.</summary>
    void NoteIfBehind()
    {
        lock (_lock)
        {
            if (_retired.Count == 0 || _isNoted) return;
        }
        Write(_note);
        lock (_lock) _isNoted = true;
    }

    /// <summary>Syncs the former files after a switch, if there are any. False if the disk refuses, or if the thread is to end.</summary>
    bool TrySyncRetired()
    {
        while (true)
        {
            IFileWriter file;
            lock (_lock)
            {
                while (_isSyncing && !_stop) Monitor.Wait(_lock);
                if (_stop) return false;
                if (_retired.Count == 0) return true;
                file = BeginSync();
            }
            if (!Sync(file)) return false;
        }
    }

    /// <summary>Syncs if it is due, or lets the other thread sync.</summary>
    void TrySync()
    {
        IFileWriter file;
        bool itself;
        do
        {
            lock (_lock)
            {
                if (!IsSyncDue) return;
                itself = SyncsAtOnce;
                if (!itself && Age > 2 * SyncMilliseconds) _delayed++;
                file = BeginSync();
            }
        }
        while (itself && Sync(file));
        if (!itself) HandToSyncing(file);
    }

    /// <summary>Notes that a sync begins, of the oldest file that is not synced. Returns the file.</summary>
    IFileWriter BeginSync()
    {
        _isSyncing = true;
        (var file, _syncingTo) = _retired.TryPeek(out var former) ? former : (_file, _written);
        return file;
    }

    /// <summary>Waits until there is something to write or to sync. False if the thread is to end.</summary>
    bool TryTake()
    {
        bool gathers;
        lock (_lock)
        {
            _isBusy = false;
            while (!_stop && !HasWork) Monitor.Wait(_lock, WaitMilliseconds);
            if (_stop) return false;
            _isBusy = true;
            gathers = _policy == AppendFsync.Always && !_isUrgent && _taken.Count == 0;
        }
        if (gathers) Gather();
        lock (_lock)
        {
            if (_taken.Count == 0) (_taken, _inbox) = (_inbox, _taken);
            else while (_inbox.TryDequeue(out var item)) _taken.Enqueue(item);
            _tail = null;
            _expected = _waiters;
            _waiters = 0;
        }
        return true;
    }

    /// <summary>Waits a moment for more clients that are expected to commit, for at most a part of the time of a sync.</summary>
    void Gather()
    {
        var expected = Volatile.Read(ref _expected);
        // On a disk that syncs in less than a millisecond waiting gains nothing.
        if (_lastSync < TimeSpan.FromMilliseconds(1)) return;
        var longest = _lastSync / 4;
        for (var started = Stopwatch.GetTimestamp(); Volatile.Read(ref _waiters) < expected;)
        {
            if (Stopwatch.GetElapsedTime(started) > longest) return;
            Thread.Sleep(0);
        }
    }

    void WriteTaken(AofChunk chunk)
    {
        var length = chunk.Length;
        // Measured on ext4: this makes a sync a sixth to a quarter faster.
        if (SyncsAtOnce) _file.Reserve(length);
        Write(chunk);
        // Outside the lock, for which the executor may wait: of a long value this unmaps memory.
        chunk.Clear();
        bool isKept;
        lock (_lock)
        {
            _waitingBytes -= length;
            isKept = _spare.Count < MostSpare;
            if (isKept) _spare.Push(chunk);
        }
        if (!isKept) chunk.Dispose();
    }

    void Write(AofChunk chunk)
    {
        if (Delay > 0) Thread.Sleep(TimeSpan.FromMicroseconds(Delay));
        Write(chunk.Written);
        Interlocked.Add(ref _written, chunk.Length);
    }

    void Write(ReadOnlySpan<byte> bytes)
    {
        CutTorn();
        var length = _file.Length;
        try
        {
            _file.Write(bytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _tornAt = length;
            TryCutTorn();
            throw;
        }
    }

    /// <summary>
    /// Cuts off what was written of bytes that the disk did not take: no part of a command may remain in front of later writes.
    /// </summary>
    /// <exception cref="IOException">The disk refuses that, too. Then nothing may be written.</exception>
    void CutTorn()
    {
        if (_tornAt < 0) return;
        _file.Truncate(_tornAt);
        _tornAt = -1;
    }

    void TryCutTorn()
    {
        try
        {
            CutTorn();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Before the next write. Why this one was refused is what is told.
        }
    }

    /// <summary>Goes on in another file. A sync of the present one may be running: there is another, of the whole file.</summary>
    void Switch((IFileWriter File, string Path) next)
    {
        CutTorn();
        var note = AofNote.After(_path, _file.Length);
        lock (_lock)
        {
            _retired.Enqueue((_file, _written));
            (_file, _path, _note, _isNoted, _switchedAt) = (next.File, next.Path, note, false, Now);
        }
    }

    /// <summary>Lets the other thread sync a file.</summary>
    void HandToSyncing(IFileWriter? file)
    {
        lock (_toSyncLock)
        {
            _toSync = file;
            Monitor.Pulse(_toSyncLock);
        }
    }

    void RunSyncs()
    {
        while (true)
        {
            IFileWriter file;
            lock (_toSyncLock)
            {
                while (!_stop && _toSync is null) Monitor.Wait(_toSyncLock);
                if (_toSync is null) return;
                (file, _toSync) = (_toSync, null);
            }
            Sync(file);
        }
    }

    bool Sync(IFileWriter file)
    {
        var started = Stopwatch.GetTimestamp();
        Exception? failure = null;
        try
        {
            file.Sync();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            failure = error;
        }
        _lastSync = Stopwatch.GetElapsedTime(started);
        if (failure is not null)
        {
            NoteFailure(failure, isWrite: false);
            return false;
        }
        IFileWriter? done = null;
        lock (_lock)
        {
            _isSyncing = false;
            _synced = Math.Max(_synced, _syncingTo);
            if (_retired.TryPeek(out var former) && former == (file, _syncingTo)) done = _retired.Dequeue().File;
            // Bytes that were handed over before the sync began and are not written yet wait for the next one.
            var isDone = _written + _waitingBytes == _synced;
            _unsyncedSince = _unsyncedBehind >= 0 || isDone || _policy == AppendFsync.No ? _unsyncedBehind : Now;
            _unsyncedBehind = -1;
            _syncError = null;
            // The clients that are released and those that already wait: they will commit together from now on.
            _expected += _waiters;
            Monitor.PulseAll(_lock);
        }
        // Outside the lock: if the file is deleted by now, closing it frees its blocks.
        done?.Dispose();
        _onProgress();
        return true;
    }

    void NoteFailure(Exception failure, bool isWrite)
    {
        lock (_lock)
        {
            if (isWrite) _writeError = DiskException.Describe(failure);
            else
            {
                _syncError = DiskException.Describe(failure);
                _isSyncing = false;
            }
            _failures++;
            _retryAt = Now + RetryMilliseconds;
            // Bytes of a failed sync may be lost, so a later success would prove nothing.
            _hasGivenUp |= _policy == AppendFsync.Always;
            Monitor.PulseAll(_lock);
        }
        _onProgress();
    }
}
