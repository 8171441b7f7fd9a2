using System.Text;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Logging;

/// <summary>
/// Where the lines of the log go: a file, standard output, or a stream. It never throws. What cannot be written is lost and
/// counted, and the first line that can be written again stands behind one that says so.
/// <para>
/// A file is opened again when its name leads elsewhere: logrotate has renamed it. Redis opens its log for every line, so
/// configurations of logrotate for it need no signal.
/// </para>
/// </summary>
/// <remarks>For one thread at a time.</remarks>
sealed class LogOutput : IDisposable
{
    const int StandardOutput = 1;

    readonly string? _path;
    readonly Stream? _stream;
    DiskFile? _file;
    bool _isTorn;
    string _reason = "";

    LogOutput(string? path, DiskFile? file, Stream? stream) => (_path, _file, _stream) = (path, file, stream);

    /// <summary>Lines that were lost since the last one that was written.</summary>
    public long Lost { get; private set; }

    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static LogOutput ToFile(string path) => new(path, DiskFile.Open(path, DiskFileMode.Append), null);

    public static LogOutput ToStream(Stream stream) => new(null, null, stream);

    /// <summary>Where the process prints.</summary>
    public static LogOutput ToStandardOutput() => OperatingSystem.IsLinux()
        ? new(null, DiskFile.Inherited(StandardOutput), null)
        : ToStream(Console.OpenStandardOutput());

    /// <summary>Opens the file again, under its name.</summary>
    public void Reopen()
    {
        if (_path is null) return;
        try
        {
            var next = DiskFile.Open(_path, DiskFileMode.Append);
            _file!.Dispose();
            (_file, _isTorn) = (next, false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Lines go on to where they went.
        }
    }

    /// <summary>Writes a line.</summary>
    /// <param name="line">It, with its line end.</param>
    /// <param name="notice">Makes the line that tells of others that were lost.</param>
    public void Write(string line, Func<string, string> notice)
    {
        if (_path is not null && !_file!.IsAt(_path)) Reopen();
        if (Lost > 0)
        {
            var text = notice($"{Lost} lines of the log were lost: {_reason}");
            if (!TryWrite(_isTorn ? "\n" + text : text))
            {
                Lost++;
                return;
            }
            Lost = 0;
        }
        if (!TryWrite(line)) Lost++;
    }

    bool TryWrite(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (_file is not null)
        {
            var failure = _file.TryWrite(bytes, out var written);
            if (failure is not null) _reason = DiskException.Describe(failure);
            _isTorn = failure is null ? false : written > 0 || _isTorn;
            return failure is null;
        }
        try
        {
            _stream!.Write(bytes);
            _stream.Flush();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException)
        {
            _reason = DiskException.Describe(failure);
            return false;
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _stream?.Dispose();
    }
}
