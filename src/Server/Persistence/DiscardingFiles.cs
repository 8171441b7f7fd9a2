namespace MiniRedis.Server.Persistence;

/// <summary>A disk that keeps nothing.</summary>
sealed class DiscardingFiles : IFileStore
{
    public IFileWriter Create(string path) => new Writer();

    public IFileWriter Append(string path) => new Writer();

    public void Replace(string from, string to)
    {
    }

    public void SyncDirectory(string path)
    {
    }

    public bool CreateDirectory(string path) => false;

    public IDisposable? TryLockDirectory(string path) => new Writer();

    public void Delete(string path)
    {
    }

    sealed class Writer : IFileWriter
    {
        public long Length { get; private set; }

        public void Reserve(int bytes)
        {
        }

        public void Write(ReadOnlySpan<byte> bytes) => Length += bytes.Length;

        public void Truncate(long length) => Length = length;

        public void Sync()
        {
        }

        public void Dispose()
        {
        }
    }
}
