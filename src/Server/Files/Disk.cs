using Microsoft.Win32.SafeHandles;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Files;

/// <summary>What a path leads to.</summary>
enum PathKind
{
    Nothing,
    Directory,

    /// <summary>A file, or something else that can be opened.</summary>
    File,
}

/// <summary>
/// The machine's file systems: the one place that knows errno. "It is not there" and "I cannot tell" are different answers.
/// </summary>
/// <remarks>Any thread. Everything throws <see cref="IOException"/>, on Linux <see cref="DiskException"/>.</remarks>
static class Disk
{
    /// <summary>Permissions of a new directory before the umask, as in Redis.</summary>
    const int DirectoryMode = 0x1ED;

    const int FileSizeSignal = 25, DefaultEffect = 0, IgnoreSignal = 1;

    // POSIX names these two numbers.
    static readonly int[] s_signalsToEnd = [2, 15];

    /// <summary>
    /// Has a write beyond the limit of RLIMIT_FSIZE fail, with EFBIG, like one to a full disk: by default the signal SIGXFSZ ends
    /// the process.
    /// </summary>
    public static void FailAtSizeLimit()
    {
        if (!OperatingSystem.IsWindows()) FileCalls.Signal(FileSizeSignal, IgnoreSignal);
    }

    /// <summary>
    /// Has SIGINT and SIGTERM end the process by default even if it was started with them ignored, as jobs in the background of a
    /// script are. redis-server takes them whoever started it; the runtime leaves an ignored signal ignored, whatever handlers it
    /// is asked for. To be called before the first of those.
    /// </summary>
    public static void HeedSignals()
    {
        if (OperatingSystem.IsWindows()) return;
        // Larger than struct sigaction of any system. The effect is its first field.
        Span<nint> action = stackalloc nint[64];
        foreach (var signal in s_signalsToEnd)
        {
            if (FileCalls.SignalAction(signal, 0, action) == 0 && action[0] == IgnoreSignal) FileCalls.Signal(signal, DefaultEffect);
        }
    }

    /// <summary>Ends the process at once: no other thread is waited for, and nothing more is written.</summary>
    public static void EndProcess(int status)
    {
        if (OperatingSystem.IsWindows()) Environment.Exit(status);
        else FileCalls.Exit(status);
    }

    /// <summary>
    /// Opens /dev/null for those of the three standard descriptors that are closed. Otherwise files and sockets would get their
    /// numbers, and what is printed would end up there.
    /// </summary>
    public static void OpenStandardDescriptors()
    {
        if (!OperatingSystem.IsLinux()) return;
        const int LastStandard = 2;
        int descriptor;
        while ((descriptor = FileCalls.Open(FileNames.ToCall("/dev/null"), FileCalls.ReadWrite, 0)) is >= 0 and <= LastStandard)
        {
        }
        if (descriptor > LastStandard) FileCalls.Close(descriptor);
    }

    /// <summary>What is at a path. A link that leads nowhere is nothing.</summary>
    /// <exception cref="IOException">That cannot be told.</exception>
    public static PathKind KindOf(string path)
    {
        if (!OperatingSystem.IsLinux()) return DiskException.Translate(() => KindPortably(path));
        if (FileCalls.State(FileNames.ToCall(path), out var state) == 0) return state.IsDirectory ? PathKind.Directory : PathKind.File;
        var failure = FileCalls.Failure;
        return failure.Number == Errno.NoEntry ? PathKind.Nothing : throw failure;
    }

    static PathKind KindPortably(string path)
    {
        try
        {
            return (File.GetAttributes(path) & FileAttributes.Directory) != 0 ? PathKind.Directory : PathKind.File;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return PathKind.Nothing;
        }
    }

    /// <summary>The permissions of a file, for its replacement. If there is no file, those of a new one.</summary>
    public static int PermissionsOf(string path)
    {
        if (!OperatingSystem.IsLinux() || KindOf(path) == PathKind.Nothing) return DiskFile.DefaultMode;
        return FileCalls.State(FileNames.ToCall(path), out var state) == 0 ? state.Mode & 0xFFF : throw FileCalls.Failure;
    }

    /// <summary>The length of a file in bytes; 0 if there is no file.</summary>
    public static long LengthOf(string path)
    {
        if (!OperatingSystem.IsLinux()) return DiskException.Translate(() => new FileInfo(path) is { Exists: true } file ? file.Length : 0);
        if (FileCalls.State(FileNames.ToCall(path), out var state) == 0) return (long)state.Size;
        var failure = FileCalls.Failure;
        return failure.Number == Errno.NoEntry ? 0 : throw failure;
    }

    /// <summary>Opens a file for reading, unbuffered.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It cannot be opened, or is a directory.</exception>
    public static FileStream OpenRead(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return DiskException.Translate(() => new FileStream(path, new FileStreamOptions
            {
                Options = FileOptions.SequentialScan, BufferSize = 0, Share = FileShare.ReadWrite | FileShare.Delete,
            }));
        }
        var handle = OpenReadHandle(path);
        if (FileCalls.State(handle, out var state) == 0 && state.IsDirectory)
        {
            handle.Dispose();
            throw new DiskException(Errno.IsDirectory);
        }
        return new FileStream(handle, FileAccess.Read, bufferSize: 0);
    }

    /// <summary>
    /// An empty file to write and read, unbuffered. It has no name any more, where the system allows that, so that nothing is left of it
    /// when the process ends.
    /// </summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static FileStream OpenNameless(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return DiskException.Translate(() => new FileStream(
                path, FileMode.Create, FileAccess.ReadWrite, FileShare.Delete, bufferSize: 0, FileOptions.DeleteOnClose));
        }
        var handle = Open(path, FileCalls.ReadWrite | FileCalls.CreateIfMissing | FileCalls.TruncateFirst, DiskFile.DefaultMode);
        try
        {
            Call(() => FileCalls.Unlink(FileNames.ToCall(path)));
        }
        catch (DiskException)
        {
            handle.Dispose();
            throw;
        }
        return new FileStream(handle, FileAccess.ReadWrite, bufferSize: 0);
    }

    /// <summary>Sets who may use a file: the bits of chmod(2).</summary>
    public static void SetPermissions(string path, int mode)
    {
        if (!OperatingSystem.IsWindows()) Call(() => FileCalls.ChangeMode(FileNames.ToCall(path), mode));
    }

    static SafeFileHandle OpenReadHandle(string path)
    {
        try
        {
            return Open(path, 0, 0);
        }
        catch (DiskException failure) when (failure.Number == Errno.NoEntry)
        {
            throw new FileNotFoundException(failure.Message, failure);
        }
    }

    /// <summary>All bytes of a file.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static byte[] ReadAll(string path)
    {
        using var file = OpenRead(path);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>
    /// Renames a file atomically, replacing any file of that name. Where that is impossible, as across file systems (EXDEV), it
    /// fails; the runtime would copy, and a full disk or a crash would leave a part under the final name.
    /// </summary>
    public static void Replace(string from, string to)
    {
        if (OperatingSystem.IsWindows()) File.Move(from, to, overwrite: true);
        else Call(() => FileCalls.Rename(FileNames.ToCall(from), FileNames.ToCall(to)));
    }

    /// <summary>Creates a directory. False if it was there.</summary>
    public static bool CreateDirectory(string path)
    {
        if (KindOf(path) is var kind && kind != PathKind.Nothing)
            return kind == PathKind.Directory ? false : throw new DiskException(Errno.NotDirectory);
        if (!OperatingSystem.IsWindows()) Call(() => FileCalls.MakeDirectory(FileNames.ToCall(path), DirectoryMode));
        else Directory.CreateDirectory(path);
        return true;
    }

    /// <summary>Syncs the names in a directory, so that they survive a power failure, if the system can do that.</summary>
    public static void SyncDirectory(string path)
    {
        // On Windows a rename needs no sync of its directory.
        if (OperatingSystem.IsWindows()) return;
        using var directory = Open(path, 0, 0);
        try
        {
            Call(() => FileCalls.Sync(directory));
        }
        catch (DiskException failure) when (failure.Number is Errno.BadDescriptor or Errno.Invalid)
        {
            // Some file systems cannot sync directories. Redis ignores that too.
        }
    }

    /// <summary>Deletes a file if it is there. Its blocks, perhaps gigabytes, are freed on another thread.</summary>
    public static void Delete(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            DiskException.Translate<object?>(() =>
            {
                File.Delete(path);
                return null;
            });
            return;
        }
        // While a file is open, deleting it only removes its name. One that may not be opened is deleted all the same.
        var name = FileNames.ToCall(path);
        var flags = OperatingSystem.IsLinux() ? FileCalls.NonBlocking | FileCalls.CloseOnExec : 0;
        var held = new SafeFileHandle(FileCalls.Open(name, flags, 0), ownsHandle: true);
        var failed = FileCalls.Unlink(name) != 0;
        var failure = failed ? FileCalls.Failure : null;
        if (failed || held.IsInvalid) held.Dispose();
        else Elsewhere.Run(held.Dispose);
        if (failure is not null && failure.Number != Errno.NoEntry) throw failure;
    }

    /// <summary>open(2). A child process never inherits the descriptor.</summary>
    internal static SafeFileHandle Open(string path, int flags, int mode)
    {
        var name = FileNames.ToCall(path);
        int descriptor;
        do descriptor = FileCalls.Open(name, flags | (OperatingSystem.IsLinux() ? FileCalls.CloseOnExec : 0), mode);
        while (descriptor < 0 && FileCalls.WasInterrupted);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw FileCalls.Failure;
    }

    /// <summary>Makes a system call, again if a signal interrupts it.</summary>
    internal static void Call(Func<int> call)
    {
        while (call() != 0)
        {
            if (!FileCalls.WasInterrupted) throw FileCalls.Failure;
        }
    }
}
