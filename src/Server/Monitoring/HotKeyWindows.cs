using MiniRedis.Resp;
using MiniRedis.Server.Timing;
using MiniRedis.Storage.Sketches;

namespace MiniRedis.Server.Monitoring;

/// <summary>A key of <see cref="HotKeyWindows"/>, with how often a second it was used.</summary>
readonly record struct HotKeyRate(byte[] Key, int Database, long PerSecond);

/// <summary>
/// The most used keys of the last window of time, as Valkey 9.2 finds them (hotkeys-top-k): a live window counts, and when its time is over
/// it is frozen, and tells. A window that lasted twice as long as it should, since the server stood still, is dropped.
/// Under the executor's lock.
/// </summary>
/// <remarks>
/// Valkey counts look-ups. Here a use is a key of a command that ran, as its declaration tells: also if the key is missing or of another
/// type.
/// </remarks>
sealed class HotKeyWindows : IDisposable
{
    /// <summary>Counters for each key that is shown, and the least number of them.</summary>
    const int CountersPerKey = 4, LeastCounters = 64;

    readonly Clock _clock;
    readonly Random _random;
    KeySampler _sampler;
    SpaceSaving _live, _frozen;

    // For the live window after next, if that needs another size than the frozen one has. Made with the change of settings: the cron is to
    // need no memory.
    SpaceSaving? _next;
    int _count, _percent, _frozenPercent;
    long _milliseconds, _startedAt;

    /// <exception cref="OutOfMemoryException">There is no memory for the counters.</exception>
    public HotKeyWindows(int count, int percent, int seconds, Clock clock, Random random)
    {
        (_clock, _random) = (clock, random);
        (_count, _percent, _milliseconds) = (count, percent, seconds * 1000L);
        _sampler = new(percent / 100.0, random);
        _startedAt = clock.Now;
        _live = new(Counters(count));
        try
        {
            _frozen = new(Counters(count));
        }
        catch (OutOfMemoryException)
        {
            _live.Dispose();
            throw;
        }
    }

    /// <summary>Uses that were counted in the last window.</summary>
    public long Samples => DurationMilliseconds == 0 ? 0 : _frozen.Total;

    /// <summary>How long the last window was; 0 if there is none.</summary>
    public long DurationMilliseconds { get; private set; }

    /// <summary>Ticks of the clock that counting has taken.</summary>
    public long OwnTicks { get; private set; }

    public long MemoryBytes => _live.MemoryBytes + _frozen.MemoryBytes + (_next?.MemoryBytes ?? 0);

    static int Counters(int count) => Math.Max(LeastCounters, count * CountersPerKey);

    /// <summary>Changes the settings: the live window begins anew, the last one stays.</summary>
    public void Change(int count, int percent, int seconds)
    {
        var live = new SpaceSaving(Counters(count));
        SpaceSaving next;
        try
        {
            next = new(Counters(count));
        }
        catch (OutOfMemoryException)
        {
            live.Dispose();
            throw;
        }
        _live.Dispose();
        _next?.Dispose();
        (_live, _next) = (live, next);
        (_count, _percent, _milliseconds) = (count, percent, seconds * 1000L);
        _sampler = new(percent / 100.0, _random);
        _startedAt = _clock.Now;
    }

    public void Note(Database database, CommandSpec command, in Request request, ulong? firstKeyHash)
    {
        var keys = new KeyBuffer(stackalloc KeyRef[16]);
        KeyExtractor.TryGetKeys(command, request, ref keys);
        long began = 0;
        for (var i = 0; i < keys.Count; i++)
        {
            if (!_sampler.Takes()) continue;
            if (began == 0) began = _clock.Advance();
            var key = request[keys[i].Position];
            var hash = keys[i].Position == command.FirstKey && firstKeyHash is { } known ? known : database.HashOf(key);
            _live.Add(hash, database.Number, key, 1);
        }
        keys.Dispose();
        if (began != 0) OwnTicks += _clock.Advance() - began;
    }

    /// <summary>Freezes the live window when its time is over.</summary>
    public void FreezeIfDue()
    {
        var span = _clock.Now - _startedAt;
        if (span < _milliseconds) return;
        if (span >= 2 * _milliseconds)
        {
            Clear();
            return;
        }
        if (_next is not null)
        {
            _frozen.Dispose();
            (_frozen, _next) = (_next, null);
        }
        (_live, _frozen) = (_frozen, _live);
        _live.Clear();
        (DurationMilliseconds, _frozenPercent) = (span, _percent);
        _startedAt = _clock.Now;
    }

    /// <summary>Forgets both windows.</summary>
    public void Clear()
    {
        _live.Clear();
        _frozen.Clear();
        DurationMilliseconds = 0;
        _startedAt = _clock.Now;
    }

    /// <summary>The most used keys of the last window, most used first.</summary>
    public HotKeyRate[] Report()
    {
        if (DurationMilliseconds == 0) return [];
        var perCount = 100.0 / _frozenPercent * 1000 / DurationMilliseconds;
        // The true count lies between what was counted and that less the error: its middle is the best guess.
        return [.. _frozen.Heaviest(_count)
            .Select(key => new HotKeyRate(key.Key, key.Database, (long)Math.Round((key.Weight - key.Error / 2.0) * perCount)))
            .OrderByDescending(rate => rate.PerSecond)];
    }

    public void Dispose()
    {
        _live.Dispose();
        _frozen.Dispose();
        _next?.Dispose();
    }
}
