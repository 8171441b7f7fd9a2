using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MiniRedis.Server.Persistence;

/// <summary>The machine's disk.</summary>
sealed partial class FileStore : IFileStore
{
    /// <summary>EINTR of Linux.</summary>
    const int InterruptedCall = 4;

    /// <summary>FALLOC_FL_KEEP_SIZE of Linux.</summary>
    const int KeepSize = 1;

    /// <summary>Bytes that <see cref="IFileWriter.Reserve"/> allocates at a time: some seconds of many small syncs.</summary>
    const long ReservedAtOnce = 4 << 20;

    public IFileWriter Create(string path) => new Writer(path, FileMode.Create);

    public IFileWriter Append(string path) => new Writer(path, FileMode.OpenOrCreate);

    public void Replace(string from, string to) => File.Move(from, to, overwrite: true);

    public void SyncDirectory(string path)
    {
        // .NET opens no directories. On Windows a rename needs no sync of its directory.
        if (OperatingSystem.IsWindows()) return;
        using var directory = new SafeFileHandle(Open(path, 0), ownsHandle: true);
        if (directory.IsInvalid) throw new IOException($"{Marshal.GetLastPInvokeErrorMessage()} : '{path}'");
        RandomAccess.FlushToDisk(directory);
    }

    public bool CreateDirectory(string path)
    {
        if (Directory.Exists(path)) return false;
        Directory.CreateDirectory(path);
        return true;
    }

    public void Delete(string path)
    {
        if (!File.Exists(path)) return;
        // While a file is open, deleting it only removes its name. Its blocks, perhaps gigabytes, are freed when the handle is
        // closed.
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        ThreadPool.UnsafeQueueUserWorkItem(static handle => handle.Dispose(), file, preferLocal: false);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate")]
    private static partial int Allocate(SafeFileHandle file, int mode, long from, long length);

    sealed class Writer : IFileWriter
    {
        readonly SafeFileHandle _file;

        // The end of the reserved space; the largest number if the file system cannot reserve.
        long _reserved;

        public Writer(string path, FileMode mode)
        {
            _file = File.OpenHandle(path, mode, FileAccess.Write, FileShare.ReadWrite);
            Length = RandomAccess.GetLength(_file);
        }

        public long Length { get; private set; }

        public void Reserve(int bytes)
        {
            if (Length + bytes <= _reserved || !OperatingSystem.IsLinux()) return;
            var length = bytes + ReservedAtOnce;
            _reserved = Allocate(_file, KeepSize, Length, length) == 0 ? Length + length : long.MaxValue;
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(_file, bytes, Length);
            Length += bytes.Length;
        }

        public void Truncate(long length)
        {
            // This also frees the reserved space.
            RandomAccess.SetLength(_file, length);
            _reserved = Length = length;
        }

        public void Sync()
        {
            // Linux has fdatasync. It leaves out time stamps, which cost one journal entry for each call.
            if (!OperatingSystem.IsLinux())
            {
                RandomAccess.FlushToDisk(_file);
                return;
            }
            while (SyncData(_file) != 0)
            {
                // The runtime stops threads by signals, and on some file systems a signal interrupts the wait.
                if (Marshal.GetLastPInvokeError() != InterruptedCall) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
            }
        }

        public void Dispose()
        {
            if (!_file.IsClosed && _reserved > Length) Release();
            _file.Dispose();
        }

        void Release()
        {
            try
            {
                Truncate(Length);
            }
            catch (IOException)
            {
                // Some unused space stays allocated until the file is rewritten or deleted.
            }
        }
    }
}
