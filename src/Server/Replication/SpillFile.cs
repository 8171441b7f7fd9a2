using MiniRedis.Server.Files;

namespace MiniRedis.Server.Replication;

/// <summary>
/// Bytes put aside on the disk, first in first out. The file has no name once it is open, where the system allows that, so that nothing is
/// left of it when the process ends. One thread at a time.
/// </summary>
/// <param name="path">A name in the server's directory that nobody else uses.</param>
/// <param name="onRefused">Called once if the disk refuses: then nothing is put aside any more.</param>
sealed class SpillFile(string path, Action<Exception> onRefused) : IDisposable
{
    FileStream? _file;
    long _read, _written;

    /// <summary>Whether everything that was written has been read.</summary>
    public bool IsEmpty => _read == _written;

    /// <summary>Whether the disk has taken everything so far.</summary>
    public bool IsUsable { get; private set; } = true;

    /// <returns>False if the disk refuses. Then these bytes are not in the file.</returns>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (!IsUsable) return false;
        try
        {
            _file ??= Disk.OpenNameless(path);
            RandomAccess.Write(_file.SafeFileHandle, bytes, _written);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            IsUsable = false;
            onRefused(failure);
            return false;
        }
        _written += bytes.Length;
        return true;
    }

    /// <summary>Takes the next bytes, as many as there are and fit.</summary>
    /// <exception cref="IOException">The disk does not give them back.</exception>
    public int Read(Span<byte> to)
    {
        var wanted = (int)Math.Min(to.Length, _written - _read);
        var taken = 0;
        while (taken < wanted)
        {
            var read = RandomAccess.Read(_file!.SafeFileHandle, to[taken..wanted], _read + taken);
            if (read == 0) throw new EndOfStreamException("the file is shorter than what was written to it");
            taken += read;
        }
        _read += taken;
        return taken;
    }

    public void Dispose() => _file?.Dispose();
}
