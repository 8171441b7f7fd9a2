using System.Diagnostics;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Files;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Rdb;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// Loads the files of the AOF one after the other, a slice at a time: a base that is an RDB file or begins with one, and
/// commands. If the last non-empty file is truncated, as after a crash, its incomplete end is cut off, provided
/// aof-load-truncated allows it. Under the executor's lock.
/// </summary>
sealed class AofLoading : IDisposable
{
    readonly AofFiles _files;
    readonly RdbLoadingSetup _setup;
    readonly Func<Stream, string, IAofReplay> _replayer;
    readonly EffectStream _effects;
    readonly PersistenceSettings _settings;
    readonly IFileStore _disk;
    readonly ServerLog _log;
    readonly List<string> _paths;
    readonly Stopwatch _elapsed = new();
    int _next;
    RdbLoader? _base;
    FileStream? _file;
    IAofReplay? _replay;
    long _before, _dirty, _failedCommands;

    /// <param name="files">The list of files.</param>
    /// <param name="setup">Loads a base that is an RDB file.</param>
    /// <param name="replayer">
    /// Runs the commands of a file and closes it at the end. The text is the file's name, for the log.
    /// </param>
    /// <param name="effects">Loaded commands count no changes.</param>
    /// <param name="settings">Whether an incomplete end may be cut off.</param>
    /// <param name="disk">Cuts it off.</param>
    /// <param name="log">Receives a line for each file.</param>
    /// <exception cref="FileNotFoundException">A listed file is missing.</exception>
    public AofLoading(
        AofFiles files, RdbLoadingSetup setup, Func<Stream, string, IAofReplay> replayer, EffectStream effects, PersistenceSettings settings,
        IFileStore disk, ServerLog log)
    {
        (_files, _setup, _replayer, _effects, _settings, _disk, _log) = (files, setup, replayer, effects, settings, disk, log);
        _paths = [.. files.Manifest.Files.Select(file => files.PathOf(file.Name))];
        if (_paths.Find(path => Disk.KindOf(path) == PathKind.Nothing) is { } missing)
            throw new IOException($"The append log file {missing} doesn't exist: {Errno.Words(Errno.NoEntry)}");
        Length = _paths.Sum(Disk.LengthOf);
        _dirty = effects.Dirty;
        files.KeepsReplaced = false;
    }

    /// <summary>Name of the file that is being loaded.</summary>
    public string CurrentName => Path.GetFileName(_paths[Math.Max(0, _next - 1)]);

    /// <summary>Bytes of all files.</summary>
    public long Length { get; }

    /// <summary>Bytes of all files that are loaded.</summary>
    public long Position => _before + (_base?.Position ?? _replay?.Position ?? 0);

    /// <summary>Loads some more.</summary>
    /// <returns>True once everything is loaded.</returns>
    /// <exception cref="RdbException">An RDB file is damaged.</exception>
    /// <exception cref="AofException">A file of commands is damaged.</exception>
    public bool Step(long bytes, int keys)
    {
        if (_file is null)
        {
            if (_next == _paths.Count)
            {
                _effects.Dirty = _dirty;
                if (_failedCommands > 0) _log.AofLoadedWithFailures(_failedCommands);
                return true;
            }
            var path = _paths[_next++];
            if (_next > 1 && IsBeyondEnd(_next - 1)) Empty(path);
            Open(path);
        }
        if (_base is not null)
        {
            if (!_base.Step(bytes, keys)) return false;
            // Commands may follow, as in the single file of versions before 7.
            var end = _base.Position;
            _base.Dispose();
            _base = null;
            _file = Open(_paths[_next - 1], end);
            _replay = _replayer(_file, CurrentName);
            return false;
        }
        if (!Replay(bytes)) return false;
        var kind = _next == 1 && _files.Manifest.Base is not null ? "base" : "incr";
        _log.AofFileLoaded(kind, CurrentName, _elapsed.Elapsed.TotalSeconds);
        _before += _replay!.Length;
        _failedCommands += _replay.FailedCommands;
        // The files hold more than what is loaded now: a rewrite must not take that away for ever.
        _files.KeepsReplaced |= _failedCommands > 0;
        _replay.Dispose();
        (_replay, _file) = (null, null);
        return false;
    }

    // A rewrite lists the next file before anything is written to it. A crash may then leave the file before it incomplete.
    bool IsLastWritten =>
        _paths.Skip(_next).All(path => Disk.LengthOf(path) == 0) || IsBeyondEnd(_next);

    /// <summary>Whether a file was begun when the one before it, not synced yet, was longer than it is now.</summary>
    bool IsBeyondEnd(int index) => LengthBefore(index) > Disk.LengthOf(_paths[index - 1]);

    long LengthBefore(int index)
    {
        using var file = Disk.OpenRead(_paths[index]);
        return AofNote.LengthBefore(file, _paths[index - 1]);
    }

    /// <summary>Leaves out commands that ran on changes which were lost with the power; they are of the same second or two.</summary>
    void Empty(string path)
    {
        var name = Path.GetFileName(path);
        _log.AofFollowsLoss(name, LengthBefore(_next - 1), Disk.LengthOf(_paths[_next - 2]));
        if (!_settings.AofLoadTruncated) throw new AofException(0, AofFault.Truncated, "the file before it lacks its end");
        _log.AofCut(name, 0);
        Cut(path, 0);
        _log.AofLoadedThoughTruncated(name);
    }

    void Cut(string path, long length)
    {
        using var file = _disk.Append(path);
        file.Truncate(length);
        file.Sync();
    }

    bool Replay(long bytes)
    {
        try
        {
            return _replay!.Step(bytes);
        }
        catch (AofException failure) when (failure.Fault == AofFault.Truncated && _settings.AofLoadTruncated && IsLastWritten)
        {
            var path = _paths[_next - 1];
            _log.AofShortRead(Path.GetFileName(path));
            _log.AofCut(Path.GetFileName(path), failure.Offset);
            Cut(path, failure.Offset);
            _log.AofLoadedThoughTruncated(Path.GetFileName(path));
            return true;
        }
        catch (IOException failure)
        {
            throw new AofException(_replay!.Position, AofFault.Unreadable, DiskException.Describe(failure));
        }
    }

    void Open(string path)
    {
        _elapsed.Restart();
        _file = Open(path, 0);
        var isRdb = RdbFileReader.HasMagic(_file);
        _file.Position = 0;
        if (!isRdb)
        {
            _replay = _replayer(_file, CurrentName);
            return;
        }
        // Expired keys are loaded too: a later command may extend their deadline.
        _base = _setup.Open(_file, _file.Length, dropExpiredAt: -1, replaces: false);
    }

    static FileStream Open(string path, long from)
    {
        var file = Disk.OpenRead(path);
        file.Position = from;
        return file;
    }

    public void Dispose()
    {
        _base?.Dispose();
        _replay?.Dispose();
    }
}
