using Microsoft.Win32.SafeHandles;

namespace MiniRedis.Server.Files;

/// <summary>How a file is opened for writing.</summary>
enum DiskFileMode
{
    /// <summary>An existing one, or a new one.</summary>
    Append,

    /// <summary>An empty one; what an existing one held is lost.</summary>
    Empty,

    /// <summary>A new one. It is an error if the file exists.</summary>
    New,
}

/// <summary>
/// A file that is written at its end, even if others write to it too (O_APPEND on Linux; elsewhere at the last known end).
/// </summary>
/// <remarks>For any one thread at a time. Everything throws <see cref="IOException"/>, on Linux <see cref="DiskException"/>.</remarks>
sealed unsafe class DiskFile : IDisposable
{
    /// <summary>Permissions of a new file before the process's umask: those of fopen(3).</summary>
    public const int DefaultMode = 0x1B6;

    readonly SafeFileHandle _handle;

    DiskFile(SafeFileHandle handle) => _handle = handle;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="how">What becomes of a file that is there.</param>
    /// <param name="mode">The permissions of a new one, without those that the umask takes.</param>
    public static DiskFile Open(string path, DiskFileMode how, int mode = DefaultMode)
    {
        if (!OperatingSystem.IsLinux()) return new(OpenPortably(path, how));
        var flags = how switch
        {
            DiskFileMode.Empty => FileCalls.TruncateFirst,
            DiskFileMode.New => FileCalls.Exclusive,
            _ => 0,
        };
        return new(Disk.Open(path, flags | FileCalls.WriteOnly | FileCalls.AppendAlways | FileCalls.CreateIfMissing, mode));
    }

    static SafeFileHandle OpenPortably(string path, DiskFileMode how)
    {
        var mode = how switch
        {
            DiskFileMode.Empty => FileMode.Create,
            DiskFileMode.New => FileMode.CreateNew,
            _ => FileMode.OpenOrCreate,
        };
        return DiskException.Translate(() => File.OpenHandle(path, mode, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));
    }

    /// <summary>
    /// A descriptor that the process was started with, which stays open: 1 is standard output. If it was closed, the runtime may
    /// use that number for a descriptor of its own, which closes at exec. Then /dev/null takes what is written.
    /// </summary>
    public static DiskFile Inherited(int descriptor) => FileCalls.FlagsOf(descriptor) == 0
        ? new(new SafeFileHandle(descriptor, ownsHandle: false))
        : Open("/dev/null", DiskFileMode.Append);

    /// <summary>Bytes that it holds.</summary>
    public long Length =>
        OperatingSystem.IsLinux() ? (long)State().Size : DiskException.Translate(() => RandomAccess.GetLength(_handle));

    /// <summary>Whether <paramref name="path"/> leads to this very file; true where the system cannot tell.</summary>
    public bool IsAt(string path)
    {
        if (!OperatingSystem.IsLinux() || FileCalls.State(_handle, out var own) != 0) return true;
        return FileCalls.State(FileNames.ToCall(path), out var found) == 0
            && (own.Inode, own.DeviceMajor, own.DeviceMinor) == (found.Inode, found.DeviceMajor, found.DeviceMinor);
    }

    FileCalls.FileState State() => FileCalls.State(_handle, out var state) == 0 ? state : throw FileCalls.Failure;

    /// <summary>Appends bytes. If that fails, a part may have been written.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (TryWrite(bytes, out _) is { } failure) throw failure;
    }

    /// <summary>As <see cref="Write"/>, and tells how many bytes were written.</summary>
    /// <returns>Why not all of them were; null if they were.</returns>
    public IOException? TryWrite(ReadOnlySpan<byte> bytes, out int written)
    {
        written = 0;
        if (!OperatingSystem.IsLinux()) return WritePortably(bytes, ref written);
        fixed (byte* from = bytes)
        {
            while (written < bytes.Length)
            {
                var taken = FileCalls.Write(_handle, from + written, bytes.Length - written);
                if (taken >= 0) written += (int)taken;
                else if (!FileCalls.WasInterrupted) return FileCalls.Failure;
            }
        }
        return null;
    }

    IOException? WritePortably(ReadOnlySpan<byte> bytes, ref int written)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, _handle.IsInvalid ? 0 : RandomAccess.GetLength(_handle));
            written = bytes.Length;
            return null;
        }
        catch (IOException failure)
        {
            return failure;
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or ArgumentException or OperationCanceledException
            or NotSupportedException)
        {
            return new IOException(DiskException.Describe(failure), failure);
        }
    }

    /// <summary>Cuts the file to a length.</summary>
    public void Truncate(long length)
    {
        if (OperatingSystem.IsLinux())
        {
            while (FileCalls.Truncate(_handle, length) != 0)
            {
                if (!FileCalls.WasInterrupted) throw FileCalls.Failure;
            }
            return;
        }
        DiskException.Translate<object?>(() =>
        {
            RandomAccess.SetLength(_handle, length);
            return null;
        });
    }

    /// <summary>
    /// Allocates space behind the end without changing the length; a hint. False if the file system cannot, or has none.
    /// </summary>
    public bool TryReserve(long from, long bytes) =>
        OperatingSystem.IsLinux() && FileCalls.Allocate(_handle, FileCalls.KeepSize, from, bytes) == 0;

    /// <summary>
    /// Waits until everything written is on disk. Linux has fdatasync, which leaves out time stamps: they cost one journal entry
    /// for each call.
    /// </summary>
    public void Sync()
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(_handle);
            return;
        }
        while ((OperatingSystem.IsLinux() ? FileCalls.SyncData(_handle) : FileCalls.Sync(_handle)) != 0)
        {
            if (!FileCalls.WasInterrupted) throw FileCalls.Failure;
        }
    }

    public void Dispose() => _handle.Dispose();
}
