using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MiniRedis.Server.Persistence;

/// <summary>The machine's disk.</summary>
sealed partial class FileStore : IFileStore
{
    public IFileWriter Create(string path) => new Writer(path);

    public void Replace(string from, string to) => File.Move(from, to, overwrite: true);

    public void SyncDirectory(string path)
    {
        // .NET opens no directories; elsewhere than on Linux and macOS a rename needs no more than itself.
        if (OperatingSystem.IsWindows()) return;
        using var directory = new SafeFileHandle(Open(path, 0), ownsHandle: true);
        if (directory.IsInvalid) throw new IOException($"{Marshal.GetLastPInvokeErrorMessage()} : '{path}'");
        RandomAccess.FlushToDisk(directory);
    }

    public void Delete(string path) => File.Delete(path);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    sealed class Writer(string path) : IFileWriter
    {
        readonly SafeFileHandle _file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        long _length;

        public void Write(ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(_file, bytes, _length);
            _length += bytes.Length;
        }

        public void Sync() => RandomAccess.FlushToDisk(_file);

        public void Dispose() => _file.Dispose();
    }
}
