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
        !_hasGivenUp && (Error is null || _isUrgent || Now >= _retryAt) && (_inbox.Count + _taken.Count > 0 || IsSyncDue);

    int WaitMilliseconds
    {
        get
        {
            if (_hasGivenUp) return -1;
            if (Error is not null) return (int)Math.Clamp(_retryAt - Now, 1, RetryMilliseconds);
            return HasUnsynced && !_isSyncing && _policy == AppendFsync.EverySec ? (int)Math.Clamp(SyncMilliseconds - Age, 1, SyncMilliseconds) : -1;
        }
    }

    void Run()
    {
        while (TryTake())
        {
            try
            {
                while (_taken.TryPeek(out var item) && TrySyncRetired())
                {
                    if (item.Chunk is { } chunk) WriteTaken(chunk);
                    else if (!TrySwitch(item.Path!)) break;
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

    /// <summary>
    /// Syncs the former file after a switch: nothing can be written to the new one before. False if the disk refuses.
    /// </summary>
    bool TrySyncRetired()
    {
        if (_retired is not { } file) return true;
        lock (_lock) BeginSync();
        return Sync(file);
    }

    /// <summary>Syncs if it is due, or lets the other thread sync.</summary>
    void TrySync()
    {
        if (!TrySyncRetired()) return;
        bool itself;
        lock (_lock)
        {
            if (!IsSyncDue) return;
            itself = SyncsAtOnce;
            if (!itself && Age > 2 * SyncMilliseconds) _delayed++;
            BeginSync();
        }
        if (itself) Sync(_file);
        else HandToSyncing(_file);
    }

    void BeginSync()
    {
        _isSyncing = true;
        _syncingTo = _written;
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
        lock (_lock)
        {
            _waitingBytes -= length;
            chunk.Clear();
            if (_spare.Count < MostSpare) _spare.Push(chunk);
            else chunk.Dispose();
        }
    }

    void Write(AofChunk chunk)
    {
        if (Delay > 0) Thread.Sleep(TimeSpan.FromMicroseconds(Delay));
        var length = _file.Length;
        try
        {
            _file.Write(chunk.Written);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // No part of a command may remain in front of later writes.
            _file.Truncate(length);
            throw;
        }
        Interlocked.Add(ref _written, chunk.Length);
    }

    /// <summary>Goes on in another file once no sync of this one is running. False if the thread is to end.</summary>
    bool TrySwitch(string path)
    {
        lock (_lock)
        {
            while (_isSyncing && !_stop) Monitor.Wait(_lock);
            if (_stop) return false;
        }
        var next = _files.Append(path);
        lock (_lock) (_retired, _file) = (_file, next);
        return true;
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
            if (file == _retired) (done, _retired) = (_retired, null);
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
