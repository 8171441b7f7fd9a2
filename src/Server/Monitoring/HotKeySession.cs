using MiniRedis.Resp;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Storage.Sketches;

namespace MiniRedis.Server.Monitoring;

/// <summary>What HOTKEYS START asks for.</summary>
/// <param name="ByTime">Find the keys that take the most time.</param>
/// <param name="ByBytes">Find the keys with the most bytes of requests and replies.</param>
/// <param name="Count">How many keys are shown.</param>
/// <param name="Ratio">One key in so many is counted, by chance.</param>
/// <param name="Seconds">When it ends by itself; 0 for never.</param>
/// <param name="Slots">Only keys of these slots, each once, in order; empty for all.</param>
readonly record struct HotKeyOptions(bool ByTime, bool ByBytes, int Count, int Ratio, int Seconds, int[] Slots);

/// <summary>
/// A session of HOTKEYS as Redis 8.6 has it: from START to STOP, the keys that take the most time and the most bytes. The time and the bytes
/// of a command with several keys are shared among them. Under the executor's lock.
/// </summary>
sealed class HotKeySession : IDisposable
{
    /// <summary>Counters for each key that is shown: so the weights of those are close to exact.</summary>
    const int CountersPerKey = 16;

    readonly ServerStatistics _statistics;
    readonly Clock _clock;
    readonly KeySampler _sampler;
    readonly bool[]? _selected;
    readonly SpaceSaving? _times, _bytes;
    readonly TimeSpan _userAtStart, _systemAtStart;
    readonly long _networkAtStart;
    TimeSpan _userAtEnd, _systemAtEnd;
    long _endedAt, _networkAtEnd;

    /// <exception cref="OutOfMemoryException">There is no memory for the counters.</exception>
    public HotKeySession(in HotKeyOptions options, ServerStatistics statistics, Clock clock, Random random)
    {
        (Options, _statistics, _clock) = (options, statistics, clock);
        _sampler = new(1.0 / options.Ratio, random);
        if (options.Slots.Length > 0)
        {
            _selected = new bool[KeySlot.Count];
            foreach (var slot in options.Slots) _selected[slot] = true;
        }
        var counters = options.Count * CountersPerKey;
        try
        {
            if (options.ByTime) _times = new(counters);
            if (options.ByBytes) _bytes = new(counters);
        }
        catch (OutOfMemoryException)
        {
            Dispose();
            throw;
        }
        StartedAt = clock.Now;
        (_userAtStart, _systemAtStart) = (Environment.CpuUsage.UserTime, Environment.CpuUsage.PrivilegedTime);
        _networkAtStart = Network;
        IsActive = true;
    }

    public HotKeyOptions Options { get; }

    public bool IsActive { get; private set; }

    /// <summary>Unix milliseconds.</summary>
    public long StartedAt { get; }

    public long DurationMilliseconds => (IsActive ? _clock.Now : _endedAt) - StartedAt;

    /// <summary>Ticks of the clock that commands took: all; those with a key of the slots; those of which such a key was counted.</summary>
    public long AllTicks { get; private set; }

    /// <inheritdoc cref="AllTicks"/>
    public long SelectedTicks { get; private set; }

    /// <inheritdoc cref="AllTicks"/>
    public long SampledTicks { get; private set; }

    /// <summary>Bytes of requests and replies of the same commands.</summary>
    public long AllBytes { get; private set; }

    /// <inheritdoc cref="AllBytes"/>
    public long SelectedBytes { get; private set; }

    /// <inheritdoc cref="AllBytes"/>
    public long SampledBytes { get; private set; }

    /// <summary>The processor's time that the process took.</summary>
    public TimeSpan UserTime => (IsActive ? Environment.CpuUsage.UserTime : _userAtEnd) - _userAtStart;

    /// <inheritdoc cref="UserTime"/>
    public TimeSpan SystemTime => (IsActive ? Environment.CpuUsage.PrivilegedTime : _systemAtEnd) - _systemAtStart;

    /// <summary>Bytes that connections have received and sent.</summary>
    public long NetworkBytes => (IsActive ? Network : _networkAtEnd) - _networkAtStart;

    /// <summary>Ticks of the clock that counting has taken.</summary>
    public long OwnTicks { get; private set; }

    public long MemoryBytes => (_times?.MemoryBytes ?? 0) + (_bytes?.MemoryBytes ?? 0);

    // CONFIG RESETSTAT may set it back.
    long Network => Math.Max(_networkAtStart, _statistics.NetInputBytes + _statistics.NetOutputBytes);

    /// <summary>The keys that took the most time, in ticks of the clock.</summary>
    public HeavyKey[] ByTime => _times!.Heaviest(Options.Count);

    public HeavyKey[] ByBytes => _bytes!.Heaviest(Options.Count);

    /// <summary>Counts a command.</summary>
    /// <param name="database">Its database.</param>
    /// <param name="command">The command.</param>
    /// <param name="request">Its arguments.</param>
    /// <param name="firstKeyHash">The hash of its first key, if it is known.</param>
    /// <param name="ticks">The time that it took.</param>
    /// <param name="bytes">Of request and reply.</param>
    public void Note(Database database, CommandSpec command, in Request request, ulong? firstKeyHash, long ticks, long bytes)
    {
        AllTicks += ticks;
        AllBytes += bytes;
        var keys = new KeyBuffer(stackalloc KeyRef[16]);
        KeyExtractor.TryGetKeys(command, request, ref keys);
        bool isSelected = false, isSampled = false;
        long began = 0;
        for (var i = 0; i < keys.Count; i++)
        {
            var key = request[keys[i].Position];
            if (_selected is not null && !_selected[KeySlot.Of(key)]) continue;
            isSelected = true;
            if (!_sampler.Takes()) continue;
            isSampled = true;
            if (began == 0) began = _clock.Advance();
            var hash = keys[i].Position == command.FirstKey && firstKeyHash is { } known ? known : database.HashOf(key);
            // A session tells names, not databases.
            _times?.Add(hash, 0, key, Share(ticks, i, keys.Count));
            _bytes?.Add(hash, 0, key, Share(bytes, i, keys.Count));
        }
        keys.Dispose();
        if (began != 0) OwnTicks += _clock.Advance() - began;
        if (isSelected) (SelectedTicks, SelectedBytes) = (SelectedTicks + ticks, SelectedBytes + bytes);
        if (isSampled) (SampledTicks, SampledBytes) = (SampledTicks + ticks, SampledBytes + bytes);
    }

    /// <summary>The first keys take what is left over, so that the shares add up.</summary>
    static long Share(long whole, int index, int count) => whole / count + (index < whole % count ? 1 : 0);

    /// <summary>Ends it when its time is over.</summary>
    public void EndIfDue()
    {
        if (!IsActive || Options.Seconds == 0) return;
        var end = StartedAt + Options.Seconds * 1000L;
        if (_clock.Now >= end) Stop(end);
    }

    public void Stop() => Stop(_clock.Now);

    void Stop(long now)
    {
        (_endedAt, _networkAtEnd) = (now, Network);
        (_userAtEnd, _systemAtEnd) = (Environment.CpuUsage.UserTime, Environment.CpuUsage.PrivilegedTime);
        IsActive = false;
    }

    public void Dispose()
    {
        _times?.Dispose();
        _bytes?.Dispose();
    }
}
