using System.Buffers.Binary;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>
/// An RDB file that is being written. It has a temporary name and gets its own when it is complete and synced, so that a file of
/// that name is always good. It knows no keys: an <see cref="RdbFileWriter"/> makes the bytes.
/// </summary>
/// <remarks>For any one thread at a time. Everything throws as <see cref="IFileStore"/> says.</remarks>
sealed class RdbFileOutput : IRdbOutput, IDisposable
{
    /// <summary>
    /// With rdb-save-incremental-fsync the file is synced after this many bytes, so that the last sync is not too long (Redis: 4
    /// MB).
    /// </summary>
    const int SyncBytes = 4 << 20;

    const string WriteError = "Write error saving DB on disk";

    readonly IFileStore _files;
    readonly string _temporary;
    readonly bool _checksums, _syncsOften;
    readonly IFileWriter _file;
    ulong _checksum;
    long _sinceSync;
    bool _committed;

    /// <param name="files">The disk.</param>
    /// <param name="temporary">The name until it is complete, in the same directory as the final one.</param>
    /// <param name="checksums">rdbchecksum: whether the checksum is computed, or zero.</param>
    /// <param name="syncsOften">rdb-save-incremental-fsync.</param>
    public RdbFileOutput(IFileStore files, string temporary, bool checksums, bool syncsOften)
    {
        (_files, _temporary, _checksums, _syncsOften) = (files, temporary, checksums, syncsOften);
        IFileWriter? file = null;
        Step($"Failed opening the temp RDB file {Path.GetFileName(temporary)} (in server root dir {Path.GetDirectoryName(temporary)}) for saving",
            () => file = files.Create(temporary));
        _file = file!;
    }

    /// <summary>Bytes written.</summary>
    public long Length { get; private set; }

    /// <summary>Does something to the file. Of what fails the message is a whole line of the log, in Redis's words.</summary>
    static void Step(string failed, Action act)
    {
        try
        {
            act();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failed, failure);
        }
    }

    static IOException Failed(string what, Exception failure) => new($"{what}: {DiskException.Describe(failure)}", failure);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_checksums) _checksum = Crc64.Append(_checksum, bytes);
        WriteRaw(bytes);
    }

    void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _file.Write(bytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(WriteError, failure);
        }
        Length += bytes.Length;
        _sinceSync += bytes.Length;
        if (!_syncsOften || _sinceSync < SyncBytes) return;
        Step(WriteError, _file.Sync);
        _sinceSync = 0;
    }

    /// <summary>Writes the checksum at the end, if there is one, and syncs. Only <see cref="Commit"/> is left then.</summary>
    public void Seal(bool withChecksum = true)
    {
        if (withChecksum)
        {
            Span<byte> checksum = stackalloc byte[RdbFileWriter.ChecksumBytes];
            BinaryPrimitives.WriteUInt64LittleEndian(checksum, _checksum);
            WriteRaw(checksum);
        }
        Step(WriteError, _file.Sync);
        _file.Dispose();
    }

    /// <summary>Gives a sealed file its final name.</summary>
    public void Commit(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        Step($"Error moving temp DB file {Path.GetFileName(_temporary)} on the final destination {Path.GetFileName(path)} "
            + $"(in server root dir {directory})", () => _files.Replace(_temporary, path));
        _committed = true;
        Step(WriteError, () => _files.SyncDirectory(directory));
    }

    /// <summary>Deletes the file, unless it has its final name.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (_committed) return;
        try
        {
            _files.Delete(_temporary);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A disk that failed may fail here too. The leftover file does no harm.
        }
    }
}
