using MiniRedis.Server.Persistence;

namespace MiniRedis.Server.Tests;

/// <summary>A disk in memory that does not take a byte before the test lets it, and fails when it is told to.</summary>
sealed class GatedFiles : IFileStore
{
    bool _open;
    readonly Dictionary<string, byte[]> _files = [];

    /// <summary>What a write throws from now on.</summary>
    public volatile IOException? Failure;

    public void Open()
    {
        lock (_files)
        {
            _open = true;
            Monitor.PulseAll(_files);
        }
    }

    public void Close()
    {
        lock (_files) _open = false;
    }

    public byte[] Read(string name)
    {
        lock (_files) return _files.Single(file => Path.GetFileName(file.Key) == name).Value;
    }

    public string[] Names
    {
        get
        {
            lock (_files) return [.. _files.Keys.Select(path => Path.GetFileName(path))];
        }
    }

    public IFileWriter Create(string path)
    {
        lock (_files) _files[path] = [];
        return new Writer(this, path);
    }

    public IFileWriter Append(string path) => Create(path);

    public void Replace(string from, string to)
    {
        lock (_files)
        {
            _files[to] = _files[from];
            _files.Remove(from);
        }
    }

    public void SyncDirectory(string path)
    {
    }

    public bool CreateDirectory(string path) => Directory.CreateDirectory(path).Exists;

    public IDisposable? TryLock(string path) => new Writer(this, path);

    public void Delete(string path)
    {
        lock (_files) _files.Remove(path);
    }

    void WaitUntilOpen()
    {
        lock (_files)
        {
            while (!_open)
            {
                if (!Monitor.Wait(_files, TimeSpan.FromSeconds(60))) throw new TimeoutException("nobody opened the gate");
            }
        }
    }

    sealed class Writer(GatedFiles files, string path) : IFileWriter
    {
        readonly MemoryStream _bytes = new();

        public long Length => _bytes.Length;

        public void Reserve(int bytes)
        {
        }

        public void Truncate(long length) => _bytes.SetLength(length);

        public void Write(ReadOnlySpan<byte> bytes)
        {
            files.WaitUntilOpen();
            if (files.Failure is { } failure) throw failure;
            _bytes.Write(bytes);
        }

        public void Sync()
        {
            lock (files._files) files._files[path] = _bytes.ToArray();
        }

        public void Dispose()
        {
        }
    }
}
