namespace MiniRedis.Server.Persistence;

/// <summary>
/// What persistence asks of the disk. The real one is <see cref="FileStore"/>; tests have disks that are full, or fail where they are told to.
/// </summary>
/// <remarks>Everything throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> where the disk refuses.</remarks>
interface IFileStore
{
    /// <summary>Makes an empty file to write to; one of that name is emptied.</summary>
    IFileWriter Create(string path);

    /// <summary>Opens a file to write behind what it holds; makes an empty one if there is none.</summary>
    IFileWriter Append(string path);

    /// <summary>Gives a file another name, in place of whatever had it: at once, or not at all.</summary>
    void Replace(string from, string to);

    /// <summary>Makes sure that names in a directory outlive a power failure, where the system has a way to say so.</summary>
    void SyncDirectory(string path);

    /// <summary>Makes a directory, and those it is in. False if it was there.</summary>
    bool CreateDirectory(string path);

    /// <summary>Deletes a file if it is there.</summary>
    void Delete(string path);
}

/// <summary>A file that is being written.</summary>
interface IFileWriter : IDisposable
{
    /// <summary>Bytes it holds.</summary>
    long Length { get; }

    /// <summary>
    /// Sets space aside for the next write, and for more behind it, so that a sync has less to note: a hint. The file's length does not
    /// change, and what was not used is given back at the end.
    /// </summary>
    void Reserve(int bytes);

    /// <summary>Writes behind what it holds. If that fails, a part may have been written.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Cuts off what stands behind a length.</summary>
    void Truncate(long length);

    /// <summary>Waits until the disk has what was written.</summary>
    void Sync();
}
