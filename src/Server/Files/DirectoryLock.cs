using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace MiniRedis.Server.Files;

/// <summary>
/// Keeps other servers out of a directory (flock(2)). The lock lies on the directory itself, so there is no file that could be
/// left behind: the system frees it when the process ends, however it ends.
/// </summary>
sealed class DirectoryLock : IDisposable
{
    const string SystemLocks = "/proc/locks";

    readonly SafeFileHandle? _handle;

    DirectoryLock(SafeFileHandle? handle) => _handle = handle;

    /// <summary>Locks a directory, without waiting.</summary>
    /// <returns>Null if another server has it. Where file systems know no locks, or on Windows, the lock is an empty one.</returns>
    /// <exception cref="IOException">The directory cannot be opened.</exception>
    public static DirectoryLock? TryTake(string path)
    {
        if (OperatingSystem.IsWindows()) return new(null);
        var handle = Disk.Open(path, 0, 0);
        try
        {
            Disk.Call(() => FileCalls.Lock(handle, FileCalls.LockExclusive | FileCalls.LockNonBlocking));
            return new(handle);
        }
        catch (DiskException failure)
        {
            handle.Dispose();
            return failure.Number == Errno.Again ? null : new(null);
        }
    }

    /// <summary>The process that has a directory locked; null if the system does not tell.</summary>
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
            // The name of the directory has to do.
        }
        return null;
    }

    public void Dispose() => _handle?.Dispose();
}
