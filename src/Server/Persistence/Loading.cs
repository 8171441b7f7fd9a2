using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Files;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence;

/// <summary>Of a key that a file holds and the data set does not.</summary>
delegate void LeftOutKey(int database, ReadOnlySpan<byte> key);

/// <summary>
/// Loads the data set from its file: in slices that the cron runs, or in one go. Between slices connections are served, but most
/// commands are refused (<see cref="Errors.Loading"/>). Under the executor's lock.
/// </summary>
sealed class Loading(
    Keyspace keyspace, AccessFields accessFields, ActiveDefrag defrag, PurgeSweep purgeSweep, RdbSaving saving,
    FunctionLibraries functions, AppendOnlyFile aof, EffectStream effects, DatasetState dataset, ServerExit exit,
    ReplicationHistory history, Clock clock, PersistenceSettings settings, EncodingSettings encodings, DebugSwitches switches, ServerLog log)
    : IRdbLoadTarget, IMemoryHolder, IDisposable
{
    /// <summary>
    /// With key-load-delay, the sum of waits at which the loading really waits: the system cannot wait for less than about a
    /// millisecond.
    /// </summary>
    const long LeastWaitMicroseconds = 1000;

    /// <summary>Most empty keys that the log names, as in Redis.</summary>
    const int MostNamed = 10;

    /// <summary>Half of what RdbInput reads at once.</summary>
    const long ChunkOnItsWay = 256 << 10;

    RdbLoader? _loader;
    AofLoading? _aof;
    Stopwatch _elapsed = new();
    Action<bool>? _ended;
    long _owedMicroseconds;
    int _skipped;
    bool _replaces, _isOnItsWay;

    // Where a file is loaded beside the data that are served: its keys, and the texts of its libraries.
    Keyspace? _beside;
    readonly List<byte[]> _libraries = [];

    RdbLoadingSetup Setup => new(_beside ?? keyspace, this, settings, encodings, switches);

    /// <summary>
    /// Runs the commands of a file of the AOF; the text is the file's name, for the log. Set before anything is loaded.
    /// </summary>
    public Func<Stream, string, IAofReplay>? Replayer { get; set; }

    /// <summary>The history whose state the last file was, and up to where; no name if the file does not tell.</summary>
    public (string? Id, long Offset) History { get; private set; }

    /// <summary>The database that the stream of changes was in when the last file was written; 0 if the file does not tell.</summary>
    public int StreamDatabase { get; private set; }

    /// <summary>Which slots its writer, a master of a cluster, had on the move; null if the file does not tell.</summary>
    public string? SlotStates { get; private set; }

    /// <summary>Which slots were on their way to whom the file is of: an auxiliary field of ours. Null if none were.</summary>
    public string? SlotImports { get; private set; }

    /// <summary>Unix milliseconds at which the loading began.</summary>
    public long StartedAt { get; private set; }

    /// <summary>Whether it is loading, and the data set is not served.</summary>
    public bool IsActive => dataset.IsLoading;

    /// <summary>Bytes of what is loaded; 0 if it is on its way and nobody knows.</summary>
    public long TotalBytes => _loader is { Length: > long.MaxValue / 4 } ? 0 : _loader?.Length ?? _aof?.Length ?? 0;

    /// <summary>Bytes of a data set that is loaded beside the one that is served.</summary>
    public long MemoryBytes => _beside?.UsedBytes ?? 0;

    /// <summary>Whether it is loading, and the next bytes have not come.</summary>
    public bool IsStarved => _isOnItsWay && _loader is { IsReady: false };

    public long LoadedBytes => _loader?.Position ?? _aof?.Position ?? 0;

    /// <summary>Estimate of the seconds left, from the seconds so far.</summary>
    public long EtaSeconds
    {
        get
        {
            var elapsed = (clock.Now - StartedAt) / 1000;
            return LoadedBytes == 0 ? 1 : (long)((Int128)elapsed * (TotalBytes - LoadedBytes) / LoadedBytes);
        }
    }

    /// <summary>used_memory of the server that wrote the file, as the file says; 0 if it does not.</summary>
    public long FileUsedMemory { get; private set; }

    /// <summary>Keys of the last file that was loaded.</summary>
    public long KeysLoaded { get; private set; }

    /// <summary>Keys of the last file that were left out because they had expired.</summary>
    public long KeysExpired { get; private set; }

    /// <summary>A key was left out because it had expired.</summary>
    public event LeftOutKey? LeftOut;

    /// <summary>Begins to load a file. The cron goes on with it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="replaces">Whether existing keys and libraries are replaced. If not, a duplicate name is damage.</param>
    /// <param name="ended">Called when it has ended, with whether it went well.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public void Start(string path, bool replaces = false, Action<bool>? ended = null)
    {
        var stream = Disk.OpenRead(path);
        // A replica keeps expired keys until its master deletes them.
        _loader = Setup.Open(stream, stream.Length, dropExpiredAt: history.IsReplica ? -1 : clock.Now, replaces);
        _replaces = replaces;
        Begin(ended);
    }

    /// <summary>
    /// As <see cref="StartFrom"/>, but the data that are there stay until <see cref="TakeOver"/>.
    /// </summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="length">Bytes of the file; negative if nobody knows.</param>
    /// <param name="serves">Whether clients are served from the old data meanwhile.</param>
    /// <param name="ended">Called when it has ended, with whether it went well.</param>
    public void StartBeside(Stream file, long length, bool serves, Action<bool> ended)
    {
        DropBeside();
        _beside = keyspace.NewBeside();
        StartFrom(file, length, ended);
        (dataset.IsLoading, dataset.IsLoadingBeside) = (!serves, serves);
    }

    /// <summary>Puts the libraries that were loaded beside the old data in the place of the old ones.</summary>
    /// <returns>The error of one that cannot be taken in: then all is as before. Null if there is none.</returns>
    public string? TryTakeLibraries() =>
        functions.TryRestore(_libraries, RestorePolicy.Flush) is { } error ? System.Text.Encoding.Latin1.GetString(error) : null;

    /// <summary>Puts the keys that were loaded beside the old ones in their place.</summary>
    public void TakeOver()
    {
        keyspace.TakeOver(_beside!);
        _beside = null;
        _libraries.Clear();
    }

    /// <summary>Gives up what was loaded beside the old data.</summary>
    public void DropBeside()
    {
        _beside?.Dispose();
        _beside = null;
        _libraries.Clear();
    }

    /// <summary>Begins to load a file that is still on its way. The cron goes on with it, as far as it has come.</summary>
    /// <param name="file">Its bytes. Reading waits for those that have not come; it is closed when the loading ends.</param>
    /// <param name="length">Bytes of the file; negative if nobody knows.</param>
    /// <param name="ended">Called when it has ended, with whether it went well.</param>
    public void StartFrom(Stream file, long length, Action<bool> ended)
    {
        // Expired keys are kept: who sends the file deletes them.
        _loader = Setup.Open(file, length >= 0 ? length : long.MaxValue / 2, dropExpiredAt: -1, replaces: false);
        _replaces = false;
        _isOnItsWay = true;
        Begin(ended);
    }

    /// <summary>Begins to load the files of the AOF. The cron goes on with them.</summary>
    /// <param name="ended">Called when it has ended, with whether it went well.</param>
    /// <exception cref="IOException">A file cannot be opened.</exception>
    public void StartAof(Action<bool>? ended = null)
    {
        _replaces = false;
        // Its purges are noted once more, in their order.
        foreach (var database in keyspace.Databases) database.Purges.Clear();
        _aof = new AofLoading(aof.Files, Setup, Replayer!, effects, settings, saving.Files, log);
        Begin(ended);
    }

    void Begin(Action<bool>? ended)
    {
        // DEBUG RELOAD: a data set that is loaded in part is no answer.
        keyspace.Arena.BeginChange();
        dataset.IsLoading = true;
        _ended = ended;
        _owedMicroseconds = 0;
        _skipped = 0;
        FileUsedMemory = 0;
        History = (null, -1);
        StreamDatabase = 0;
        SlotStates = SlotImports = null;
        StartedAt = clock.Now;
        _elapsed = Stopwatch.StartNew();
    }

    /// <summary>Loads a slice, if there is something to load. The end of the loading, good or bad, is logged.</summary>
    /// <returns>Whether there was. Nothing more is loaded once the server ends.</returns>
    public bool Step()
    {
        if (!dataset.IsLoadingAny || exit.HasBegun) return false;
        if (IsStarved) return true;
        var delay = settings.KeyLoadDelay;
        try
        {
            // A slice of what is on its way is no longer than a chunk that is here: the next one would have to be waited for.
            var bytes = settings.LoadingProcessEventsIntervalBytes;
            if (_isOnItsWay) bytes = Math.Min(bytes, ChunkOnItsWay);
            var keys = delay == 0 ? int.MaxValue : KeysPerStep(delay);
            var isDone = _loader?.Step(bytes, keys) ?? _aof!.Step(bytes, keys);
            if (delay != 0) Wait(delay);
            if (!isDone)
            {
                // An AOF deletes keys too, and may take long to load.
                if (_aof is not null) purgeSweep.KeepUp();
                while (defrag.Run() == 0)
                {
                }
                return true;
            }
        }
        catch (RdbException failure)
        {
            if (failure.Reason == RdbReader.EndsTooEarly) log.ShortRead();
            log.LoadFailed(failure.Offset, failure.Reason, failure.Reading);
            if (_aof is not null) log.AofBaseRefused(_aof.CurrentName);
            End(isWhole: false);
            return true;
        }
        catch (AofException failure)
        {
            LogDamage(failure);
            End(isWhole: false);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.CannotOpenData(DiskException.Describe(failure));
            End(isWhole: false);
            return true;
        }
        End(isWhole: true);
        return true;
    }

    void LogDamage(AofException failure)
    {
        var name = _aof!.CurrentName;
        switch (failure.Fault)
        {
            case AofFault.Truncated:
                log.AofEndsEarly(name, failure.Offset);
                break;
            case AofFault.CommandFailed:
                log.AofCommandFailed(failure.Message);
                log.AofRefusedForFailure(name);
                break;
            case AofFault.Unreadable:
                log.AofUnreadable(name, failure.Message);
                break;
            default:
                log.AofDamaged(failure.Message, failure.Offset);
                break;
        }
    }

    /// <summary>Loads a file in one go.</summary>
    /// <returns>Whether it succeeded.</returns>
    public bool LoadNow(string path, bool replaces)
    {
        var isWhole = false;
        Start(path, replaces, well => isWhole = well);
        while (Step())
        {
        }
        return isWhole;
    }

    /// <summary>As <see cref="LoadNow"/>, for the AOF.</summary>
    public bool LoadAofNow()
    {
        var isWhole = false;
        StartAof(well => isWhole = well);
        while (Step())
        {
        }
        return isWhole;
    }

    void End(bool isWhole)
    {
        if (_loader is { } loader)
        {
            (KeysLoaded, KeysExpired) = (loader.KeysLoaded, loader.KeysExpired);
            if (isWhole) log.KeysLoaded(loader.KeysLoaded, loader.KeysExpired, loader.KeysEmpty);
        }
        var isAof = _aof is not null;
        Dispose();
        if (isAof && !isWhole)
        {
            // Of the purges that it would have told of, nothing is known.
            foreach (var database in keyspace.Databases) database.Purges.Forget(keyspace.CacheClock.Value);
        }
        if (isWhole && isAof) log.AofLoaded(_elapsed.Elapsed.TotalSeconds);
        else if (isWhole) log.Loaded(_elapsed.Elapsed.TotalSeconds);
        var ended = _ended;
        _ended = null;
        ended?.Invoke(isWhole);
    }

    // A delay is microseconds for each key or, if -n, one microsecond for every n keys.
    static int KeysPerStep(int delay) => delay > 0 ? (int)Math.Max(1, LeastWaitMicroseconds / delay) : -delay;

    void Wait(int delay)
    {
        _owedMicroseconds += delay > 0 ? (long)delay * KeysPerStep(delay) : 1;
        if (_owedMicroseconds < LeastWaitMicroseconds) return;
        Thread.Sleep(TimeSpan.FromMilliseconds(_owedMicroseconds / 1000));
        _owedMicroseconds %= 1000;
    }

    void IRdbLoadTarget.OnAuxiliary(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("redis-ver"u8)) log.LoadingVersion("Redis", System.Text.Encoding.Latin1.GetString(value));
        else if (name.SequenceEqual("valkey-ver"u8)) log.LoadingVersion("Valkey", System.Text.Encoding.Latin1.GetString(value));
        else if (name.SequenceEqual("ctime"u8) && Numbers.TryParseInt64(value, out var created))
            log.LoadingAge(Math.Max(0, clock.Now / 1000 - created));
        else if (name.SequenceEqual("repl-stream-db"u8) && Numbers.TryParseInt64(value, out var database) && database is >= 0 and <= int.MaxValue)
            StreamDatabase = (int)database;
        else if (name.SequenceEqual("repl-id"u8) && value.Length == 40)
            History = (System.Text.Encoding.Latin1.GetString(value), History.Offset);
        else if (name.SequenceEqual("repl-offset"u8) && Numbers.TryParseInt64(value, out var offset))
            History = (History.Id, offset);
        else if (name.SequenceEqual("cluster-slot-states"u8))
            SlotStates = System.Text.Encoding.Latin1.GetString(value);
        else if (name.SequenceEqual("slot-imports"u8))
            SlotImports = System.Text.Encoding.Latin1.GetString(value);
        else if (name.SequenceEqual("used-mem"u8) && Numbers.TryParseInt64(value, out var used))
        {
            FileUsedMemory = used;
            log.LoadingMemory(used / 1048576.0);
        }
    }

    string? IRdbLoadTarget.OnFunction(ReadOnlySpan<byte> library)
    {
        if (_beside is not null)
        {
            _libraries.Add(library.ToArray());
            return null;
        }
        return functions.TryLoad(library, _replaces, out _) is { } error
            ? $"Failed creating the library: {System.Text.Encoding.Latin1.GetString(error)}" : null;
    }

    void IRdbLoadTarget.OnExpiredKey(int database, ReadOnlySpan<byte> key) => LeftOut?.Invoke(database, key);

    void IRdbLoadTarget.OnUnknownMetadata() => log.UnknownMetadata();

    void IRdbLoadTarget.OnEmptyKey(ReadOnlySpan<byte> key)
    {
        if (_skipped++ < MostNamed) log.EmptyKeySkipped(System.Text.Encoding.Latin1.GetString(key));
    }

    /// <summary>Closes the file, even in the middle of loading.</summary>
    public void Dispose()
    {
        _loader?.Dispose();
        _aof?.Dispose();
        (_loader, _aof) = (null, null);
        _isOnItsWay = false;
        dataset.IsLoading = dataset.IsLoadingBeside = false;
    }

    uint IRdbLoadTarget.AccessFieldOf(RdbAccess access) => accessFields.FromRdb(access);
}
