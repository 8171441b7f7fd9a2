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
}

/// <summary>The machine's disk, except that one thing fails there.</summary>
sealed class FailingFiles : IFileStore
{
    readonly FileStore _disk = new();

    public FileStep FailsAt { get; set; }

    /// <summary>Bytes that are written before the disk is full, where writing fails.</summary>
    public long Room { get; set; }

    public IFileWriter Create(string path)
    {
        Check(FileStep.Create);
        return new Writer(this, _disk.Create(path));
    }

    public void Replace(string from, string to)
    {
        Check(FileStep.Replace);
        _disk.Replace(from, to);
    }

    public void SyncDirectory(string path)
    {
        Check(FileStep.SyncDirectory);
        _disk.SyncDirectory(path);
    }

    public void Delete(string path) => _disk.Delete(path);

    void Check(FileStep step)
    {
        if (FailsAt == step) throw new IOException("No space left on device");
    }

    sealed class Writer(FailingFiles files, IFileWriter file) : IFileWriter
    {
        long _written;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (files.FailsAt == FileStep.Write && _written + bytes.Length > files.Room)
            {
                file.Write(bytes[..(int)(files.Room - _written)]);
                throw new IOException("No space left on device");
            }
            file.Write(bytes);
            _written += bytes.Length;
        }

        public void Sync()
        {
            files.Check(FileStep.Sync);
            file.Sync();
        }

        public void Dispose() => file.Dispose();
    }
}
