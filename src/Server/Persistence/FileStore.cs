using MiniRedis.Server.Files;

namespace MiniRedis.Server.Persistence;

/// <summary>The machine's disk.</summary>
sealed class FileStore : IFileStore
{
    /// <summary>Bytes that <see cref="IFileWriter.Reserve"/> allocates at a time: some seconds of many small syncs.</summary>
    const long ReservedAtOnce = 4 << 20;

    public IFileWriter Create(string path) => new Writer(path, DiskFileMode.Empty);

    public IFileWriter Append(string path) => new Writer(path, DiskFileMode.Append);

    public void Replace(string from, string to) => Disk.Replace(from, to);

    public void SyncDirectory(string path) => Disk.SyncDirectory(path);

    public bool CreateDirectory(string path) => Disk.CreateDirectory(path);

    public IDisposable? TryLockDirectory(string path) => DirectoryLock.TryTake(path);

    public void Delete(string path) => Disk.Delete(path);

    sealed class Writer : IFileWriter
    {
        readonly DiskFile _file;

        // The end of the reserved space; the largest number if the file system cannot reserve.
        long _reserved;
        bool _closed;

        public Writer(string path, DiskFileMode mode)
        {
            _file = DiskFile.Open(path, mode);
            Length = _file.Length;
        }

        public long Length { get; private set; }

        public void Reserve(int bytes)
        {
            if (Length + bytes <= _reserved || !OperatingSystem.IsLinux()) return;
            var length = bytes + ReservedAtOnce;
            _reserved = _file.TryReserve(Length, length) ? Length + length : long.MaxValue;
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            _file.Write(bytes);
            Length += bytes.Length;
        }

        public void Truncate(long length)
        {
            // This also frees the reserved space.
            _file.Truncate(length);
            _reserved = Length = length;
        }

        public void Sync() => _file.Sync();

        public void Dispose()
        {
            if (!_closed && _reserved > Length) Release();
            _closed = true;
            _file.Dispose();
        }

        void Release()
        {
            try
            {
                Truncate(Length);
            }
            catch (IOException)
            {
                // Some unused space stays allocated until the file is rewritten or deleted.
            }
        }
    }
}
