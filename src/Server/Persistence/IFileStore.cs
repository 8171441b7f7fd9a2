namespace MiniRedis.Server.Persistence;

/// <summary>
/// The disk, as persistence uses it. The real one is <see cref="FileStore"/>; tests have disks that are full or fail on demand.
/// </summary>
/// <remarks>
/// Everything throws <see cref="IOException"/> if the disk refuses; the words are the system's.
/// </remarks>
interface IFileStore
{
    /// <summary>Creates an empty file to write to, or empties an existing one.</summary>
    IFileWriter Create(string path);

    /// <summary>Opens a file to append to it, or creates an empty one.</summary>
    IFileWriter Append(string path);

    /// <summary>Renames a file atomically, replacing any file of that name.</summary>
    void Replace(string from, string to);

    /// <summary>Syncs the names in a directory, so that they survive a power failure, if the system can do that.</summary>
    void SyncDirectory(string path);

    /// <summary>Creates a directory. False if it was there.</summary>
    bool CreateDirectory(string path);

    /// <summary>Keeps other servers out of a directory until the result is disposed. Null if another has it.</summary>
    IDisposable? TryLockDirectory(string path);

    /// <summary>Deletes a file if it is there.</summary>
    void Delete(string path);
}

/// <summary>A file that is being written.</summary>
interface IFileWriter : IDisposable
{
    /// <summary>Bytes it holds.</summary>
    long Length { get; }

    /// <summary>
    /// Reserves space for the next write and more, so that a sync has less metadata to write. It is a hint. The file's length
    /// does not change, and unused space is given back at the end.
    /// </summary>
    void Reserve(int bytes);

    /// <summary>Appends bytes. If that fails, a part may have been written.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Cuts the file to a length.</summary>
    void Truncate(long length);

    /// <summary>Waits until everything written is on disk.</summary>
    void Sync();
}
