using MiniRedis.Server.Persistence;

namespace MiniRedis.Server.Tests;

/// <summary>What a <see cref="FailingFiles"/> refuses.</summary>
enum FileStep
{
    None,
    Create,
    Write,
    Sync,
    Replace,
    SyncDirectory,
    Delete,
}

/// <summary>The machine's disk, except that one thing fails there, or that syncs take as long as a test wants.</summary>
sealed class FailingFiles : IFileStore
{
    /// <summary>The system's words for ENOSPC and for EIO.</summary>
    public const string NoSpace = "No space left on device", InputOutput = "Input/output error";

    /// <summary>The system's words for EMFILE.</summary>
    public const string NoDescriptor = "Too many open files";

    readonly FileStore _disk = new();
    readonly object _gate = new();
    readonly List<string> _synced = [];
    bool _holdsSyncs, _refusesAllOpens;
    int _opensLeft = int.MaxValue, _refusedOpens;

    volatile FileStep _failsAt;

    public FileStep FailsAt
    {
        get => _failsAt;
        set => _failsAt = value;
    }

    /// <summary>Why it fails, in the system's words.</summary>
    public string Reason { get; set; } = NoSpace;

    /// <summary>Only files whose path contains this fail, or are held.</summary>
    public string Only { get; set; } = "";

    /// <summary>Whether files cannot be cut.</summary>
    public bool RefusesCuts { get; set; }

    /// <summary>Bytes that are written before the disk is full, where writing fails.</summary>
    public long Room { get; set; }

    /// <summary>Files that wait for <see cref="ReleaseSyncs"/>.</summary>
    public int WaitingSyncs { get; private set; }

    /// <summary>Syncs that have ended, well or not.</summary>
    public int Syncs { get; private set; }

    /// <summary>The names of the files that were synced, in the order in which that ended.</summary>
    public string[] Synced
    {
        get
        {
            lock (_gate) return [.. _synced];
        }
    }

    /// <summary>Whether syncs wait.</summary>
    public bool Holds
    {
        get
        {
            lock (_gate) return _holdsSyncs;
        }
    }

    /// <summary>Syncs wait from now on.</summary>
    public void HoldSyncs()
    {
        lock (_gate) _holdsSyncs = true;
    }

    /// <summary>Lets those go that wait.</summary>
    public void ReleaseSyncs()
    {
        lock (_gate)
        {
            _holdsSyncs = false;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Refuses to open a file or a directory, as if no descriptor were left.</summary>
    /// <param name="opens">How many are opened before.</param>
    /// <param name="forGood">Whether all later ones are refused as well, until <see cref="AllowOpens"/>.</param>
    public void RefuseOpens(int opens, bool forGood)
    {
        lock (_gate) (_opensLeft, _refusesAllOpens, _refusedOpens) = (opens, forGood, 0);
    }

    /// <summary>Refuses none any more.</summary>
    /// <returns>How many were refused.</returns>
    public int AllowOpens()
    {
        lock (_gate)
        {
            _opensLeft = int.MaxValue;
            return _refusedOpens;
        }
    }

    void Open()
    {
        lock (_gate)
        {
            if (_opensLeft == int.MaxValue) return;
            var left = _opensLeft--;
            if (left > 0 || left < 0 && !_refusesAllOpens) return;
            _refusedOpens++;
        }
        throw new IOException(NoDescriptor);
    }

    public IFileWriter Create(string path)
    {
        Open();
        Check(FileStep.Create, path);
        return new Writer(this, path, _disk.Create(path));
    }

    public IFileWriter Append(string path)
    {
        Open();
        Check(FileStep.Create, path);
        return new Writer(this, path, _disk.Append(path));
    }

    public void Replace(string from, string to)
    {
        Check(FileStep.Replace, to);
        _disk.Replace(from, to);
    }

    public void SyncDirectory(string path)
    {
        Open();
        Check(FileStep.SyncDirectory, path);
        _disk.SyncDirectory(path);
    }

    public bool CreateDirectory(string path) => _disk.CreateDirectory(path);

    public IDisposable? TryLock(string path)
    {
        Open();
        return _disk.TryLock(path);
    }

    public void Delete(string path)
    {
        Check(FileStep.Delete, path);
        _disk.Delete(path);
    }

    bool Concerns(string path) => path.Contains(Only, StringComparison.Ordinal);

    void Check(FileStep step, string path)
    {
        if (FailsAt == step && Concerns(path)) throw new IOException($"{Reason} : '{path}'");
    }

    void Sync(string path, IFileWriter file)
    {
        lock (_gate)
        {
            if (_holdsSyncs && Concerns(path))
            {
                WaitingSyncs++;
                // Not for ever: a test that has failed ends.
                while (_holdsSyncs && Monitor.Wait(_gate, TimeSpan.FromSeconds(20)))
                {
                }
                WaitingSyncs--;
            }
            Syncs++;
        }
        Check(FileStep.Sync, path);
        file.Sync();
        lock (_gate) _synced.Add(Path.GetFileName(path));
    }

    sealed class Writer(FailingFiles files, string path, IFileWriter file) : IFileWriter
    {
        long _written;

        public long Length => file.Length;

        public void Reserve(int bytes) => file.Reserve(bytes);

        public void Truncate(long length)
        {
            if (files.RefusesCuts && files.Concerns(path)) throw new IOException($"{InputOutput} : '{path}'");
            file.Truncate(length);
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (files.FailsAt == FileStep.Write && files.Concerns(path) && _written + bytes.Length > files.Room)
            {
                file.Write(bytes[..(int)Math.Max(0, files.Room - _written)]);
                throw new IOException($"{files.Reason} : '{path}'");
            }
            file.Write(bytes);
            _written += bytes.Length;
        }

        public void Sync() => files.Sync(path, file);

        public void Dispose() => file.Dispose();
    }
}
