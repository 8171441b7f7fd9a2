using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace MiniRedis.Server.Files;

/// <summary>
/// Keeps other servers away from a set of files: flock(2) on an empty file beside them. The system frees the lock when the process
/// ends, however it ends; a file that is left behind locks nobody out.
/// <para>
/// Rejected: a lock on the directory, which needs no file. Servers with different file names may share a directory.
/// </para>
/// </summary>
sealed class LockFile : IDisposable
{
    const string SystemLocks = "/proc/locks";

    readonly SafeFileHandle? _handle;
    readonly string _path;

    LockFile(SafeFileHandle? handle, string path)
    {
        _handle = handle;
        _path = path;
    }

    /// <summary>Locks a file, without waiting, and creates it if it is not there.</summary>
    /// <returns>Null if another server has it. Where file systems know no locks, or on Windows, the lock is an empty one.</returns>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static LockFile? TryTake(string path)
    {
        if (OperatingSystem.IsWindows()) return new(null, path);
        while (true)
        {
            var handle = Disk.Open(path, FileCalls.CreateWhereMissing | FileCalls.WriteOnly, DiskFile.DefaultMode);
            try
            {
                Disk.Call(() => FileCalls.Lock(handle, FileCalls.LockExclusive | FileCalls.LockNonBlocking));
            }
            catch (DiskException failure)
            {
                handle.Dispose();
                return failure.Number == Errno.Again ? null : new(null, path);
            }
            if (IsStill(handle, path)) return new(handle, path);
            // The process that had the lock has deleted the file meanwhile.
            handle.Dispose();
        }
    }

    /// <summary>Whether the path still leads to the file.</summary>
    static bool IsStill(SafeFileHandle handle, string path) =>
        !OperatingSystem.IsLinux()
        || FileCalls.State(handle, out var own) == 0 && FileCalls.State(FileNames.ToCall(path), out var there) == 0 && own.Inode == there.Inode;

    /// <summary>The process that has a file locked; null if the system does not tell.</summary>
    public static int? HolderOf(string path)
    {
        if (!OperatingSystem.IsLinux() || FileCalls.State(FileNames.ToCall(path), out var state) != 0) return null;
        try
        {
            // "1: FLOCK  ADVISORY  WRITE 708 08:01:131 0 EOF": the process, then device and inode.
            var inode = string.Create(CultureInfo.InvariantCulture, $":{state.Inode}");
            foreach (var line in File.ReadLines(SystemLocks))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length < 6 || words[1] != "FLOCK" || !words[5].EndsWith(inode, StringComparison.Ordinal)) continue;
                if (int.TryParse(words[4], CultureInfo.InvariantCulture, out var process) && process > 0) return process;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The name of the file has to do.
        }
        return null;
    }

    /// <summary>Deletes the file while it is still locked, so that nobody's lock is deleted. Outside Linux it stays.</summary>
    public void Dispose()
    {
        if (_handle is null) return;
        if (OperatingSystem.IsLinux()) _ = FileCalls.Unlink(FileNames.ToCall(_path));
        _handle.Dispose();
    }
}
