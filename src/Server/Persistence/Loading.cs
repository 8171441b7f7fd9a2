using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Maintenance;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// Loads the data set from its file: in slices that the cron runs, between which connections are served as far as may be
/// (<see cref="Errors.Loading"/>), or in one go. Under the executor's lock.
/// </summary>
sealed class Loading(
    Keyspace keyspace, AccessFields accessFields, ActiveDefrag defrag, RdbSaving saving,
    AppendOnlyFile aof, EffectStream effects, DatasetState dataset, Clock clock,
    PersistenceSettings settings, EncodingSettings encodings, DebugSwitches switches, ServerLog log)
    : IRdbLoadTarget, IDisposable
{
    /// <summary>With key-load-delay, what is gathered before a wait: the system does not wait for less than about a millisecond.</summary>
    const long LeastWaitMicroseconds = 1000;

    /// <summary>Keys without elements that the log names; as many as Redis's.</summary>
    const int MostNamed = 10;

    RdbLoader? _loader;
    AofLoading? _aof;
    Stopwatch _elapsed = new();
    Action<bool>? _ended;
    long _owedMicroseconds;
    int _skipped;

    RdbLoadingSetup Setup => new(keyspace, this, settings, encodings, switches);

    /// <summary>Runs the commands of a file of the AOF, whose name is given for the log; set before anything is loaded.</summary>
    public Func<Stream, string, IAofReplay>? Replayer { get; set; }

    /// <summary>Whether the data set is not whole yet.</summary>
    public bool IsLoading => _loader is not null || _aof is not null;

    /// <summary>Unix milliseconds at which the loading began.</summary>
    public long StartedAt { get; private set; }

    public long TotalBytes => _loader?.Length ?? _aof?.Length ?? 0;

    public long LoadedBytes => _loader?.Position ?? _aof?.Position ?? 0;

    /// <summary>Seconds it will still take, judged by those it took.</summary>
    public long EtaSeconds
    {
        get
        {
            var elapsed = (clock.Now - StartedAt) / 1000;
            return LoadedBytes == 0 ? 1 : (long)((Int128)elapsed * (TotalBytes - LoadedBytes) / LoadedBytes);
        }
    }

    /// <summary>What used_memory was where the file was written, as it says; 0 if it does not.</summary>
    public long FileUsedMemory { get; private set; }

    /// <summary>Of the last file that was loaded.</summary>
    public long KeysLoaded { get; private set; }

    /// <summary>Of the last file that was loaded: keys left out since they had expired.</summary>
    public long KeysExpired { get; private set; }

    /// <summary>Begins to load a file; the cron goes on with it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="replaces">Whether keys that are there already are replaced; otherwise a second one of a name is damage.</param>
    /// <param name="ended">Called when it has ended, with whether it went well.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public void Start(string path, bool replaces = false, Action<bool>? ended = null)
    {
        var stream = new FileStream(path, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 0 });
        _loader = Setup.Open(stream, clock.Now, replaces);
        Begin(ended);
    }

    /// <summary>Begins to load the files of the AOF; the cron goes on with them.</summary>
    /// <param name="ended">Called when it has ended, with whether it went well.</param>
    /// <exception cref="IOException">A file cannot be opened.</exception>
    public void StartAof(Action<bool>? ended = null)
    {
        _aof = new AofLoading(aof.Files, Setup, Replayer!, effects, settings, saving.Files, log);
        Begin(ended);
    }

    void Begin(Action<bool>? ended)
    {
        dataset.IsLoading = true;
        _ended = ended;
        _owedMicroseconds = 0;
        _skipped = 0;
        FileUsedMemory = 0;
        StartedAt = clock.Now;
        _elapsed = Stopwatch.StartNew();
        saving.Libraries.Clear();
    }

    /// <summary>Loads a slice. When it ends, well or not, that is logged.</summary>
    public void Step()
    {
        if (!IsLoading) return;
        var delay = settings.KeyLoadDelay;
        try
        {
            var bytes = settings.LoadingProcessEventsIntervalBytes;
            var keys = delay == 0 ? int.MaxValue : KeysPerStep(delay);
            var isDone = _loader?.Step(bytes, keys) ?? _aof!.Step(bytes, keys);
            if (delay != 0) Wait(delay);
            if (!isDone)
            {
                // An append-only file deletes as well, and may be loaded for long.
                while (defrag.Run() == 0)
                {
                }
                return;
            }
        }
        catch (RdbException failure)
        {
            if (failure.Reason == RdbReader.EndsTooEarly) log.ShortRead();
            log.LoadFailed(failure.Offset, failure.Reason, failure.Reading);
            End(isWhole: false);
            return;
        }
        catch (AofException failure)
        {
            LogDamage(failure);
            End(isWhole: false);
            return;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.CannotOpenData(failure.Message);
            End(isWhole: false);
            return;
        }
        End(isWhole: true);
    }

    void LogDamage(AofException failure)
    {
        if (failure.IsTruncated) log.AofEndsEarly(_aof!.CurrentName, failure.Offset);
        else log.AofDamaged(failure.Message, _aof!.CurrentName, failure.Offset);
    }

    /// <summary>Loads a file in one go.</summary>
    /// <returns>Whether it went well.</returns>
    public bool LoadNow(string path, bool replaces)
    {
        var isWhole = false;
        Start(path, replaces, well => isWhole = well);
        while (IsLoading) Step();
        return isWhole;
    }

    /// <summary>As <see cref="LoadNow"/>, of the AOF.</summary>
    public bool LoadAofNow()
    {
        var isWhole = false;
        StartAof(well => isWhole = well);
        while (IsLoading) Step();
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
        if (isWhole && isAof) log.AofLoaded(_elapsed.Elapsed.TotalSeconds);
        else if (isWhole) log.Loaded(_elapsed.Elapsed.TotalSeconds);
        var ended = _ended;
        _ended = null;
        ended?.Invoke(isWhole);
    }

    // A delay is so many microseconds a key, or, negative, one microsecond each so many keys.
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
        else if (name.SequenceEqual("used-mem"u8) && Numbers.TryParseInt64(value, out var used))
        {
            FileUsedMemory = used;
            log.LoadingMemory(used / 1048576.0);
        }
    }

    void IRdbLoadTarget.OnFunction(ReadOnlySpan<byte> library)
    {
        saving.Libraries.Add(library.ToArray());
        log.LibraryKept();
    }

    void IRdbLoadTarget.OnEmptyKey(ReadOnlySpan<byte> key)
    {
        if (_skipped++ < MostNamed) log.EmptyKeySkipped(System.Text.Encoding.Latin1.GetString(key));
    }

    /// <summary>Lets go of the file, wherever the loading is.</summary>
    public void Dispose()
    {
        _loader?.Dispose();
        _aof?.Dispose();
        (_loader, _aof) = (null, null);
        dataset.IsLoading = false;
    }

    uint IRdbLoadTarget.AccessFieldOf(RdbAccess access) => accessFields.FromRdb(access);
}
