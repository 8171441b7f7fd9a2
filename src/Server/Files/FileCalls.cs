using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MiniRedis.Server.Files;

/// <summary>
/// The system calls for files (man 2 of each). The runtime's own methods swallow failures of fsync, copy where a rename is
/// impossible, and have exceptions of many types without errno.
/// </summary>
static unsafe partial class FileCalls
{
    /// <summary>Flags of open(2) on Linux, the same for x86-64 and arm64.</summary>
    public const int WriteOnly = 1, ReadWrite = 2, CreateIfMissing = 0x40, Exclusive = 0x80, TruncateFirst = 0x200, AppendAlways = 0x400,
        NonBlocking = 0x800, CloseOnExec = 0x80000;

    /// <summary>O_CREAT of this system.</summary>
    public static int CreateWhereMissing => OperatingSystem.IsMacOS() ? 0x200 : CreateIfMissing;

    /// <summary>Operations of flock(2).</summary>
    public const int LockExclusive = 2, LockNonBlocking = 4;

    /// <summary>FALLOC_FL_KEEP_SIZE.</summary>
    public const int KeepSize = 1;

    const int CurrentDirectory = -100, EmptyPath = 0x1000;

    /// <summary>STATX_TYPE, STATX_MODE, STATX_INO and STATX_SIZE.</summary>
    const uint TypeModeInodeSize = 0x1 | 0x2 | 0x100 | 0x200;

    /// <summary>What is used of struct statx (256 bytes, the same on every architecture).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileState
    {
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public ulong Size;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;

        public readonly bool IsDirectory => (Mode & 0xF000) == 0x4000;
    }

    public static int State(byte[] path, out FileState state) => StateAt(CurrentDirectory, path, 0, TypeModeInodeSize, out state);

    public static int State(SafeFileHandle file, out FileState state) =>
        StateAt((int)file.DangerousGetHandle(), [0], EmptyPath, TypeModeInodeSize, out state);

    /// <summary>Whether the call failed because of a signal, and is to be made again: the runtime stops threads by signals.</summary>
    public static bool WasInterrupted => Marshal.GetLastPInvokeError() == Errno.Interrupted;

    /// <summary>The reason of a call that just failed.</summary>
    public static DiskException Failure => new(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    public static partial int Open(byte[] path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int file);

    /// <summary>fcntl with F_GETFD: the flags of a descriptor.</summary>
    public static int FlagsOf(int file) => Control(file, 1, 0);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int file, int command, int argument);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, byte* bytes, nint length);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long from, long length);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true)]
    public static partial int Rename(byte[] from, byte[] to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true)]
    public static partial int Unlink(byte[] path);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true)]
    public static partial int ChangeMode(byte[] path, int mode);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true)]
    public static partial int MakeDirectory(byte[] path, int mode);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    public static partial nint Signal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    public static partial int SignalAction(int signal, nint action, Span<nint> old);

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    public static partial int SignalMask(int how, nint set, nint old);

    [LibraryImport("libc", EntryPoint = "abort")]
    public static partial void Abort();

    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void Exit(int status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int StateAt(int directory, byte[] path, int flags, uint mask, out FileState state);
}
