using System.Globalization;

namespace MiniRedis.Server.Timing;

/// <summary>
/// The time that commands see. It is read once for each command from the monotonic counter (see <see cref="ProcessorCounter"/>)
/// and converted to wall time with an offset that the cron updates. So a command has one "now" throughout, and durations are
/// never negative. Under the executor's lock.
/// </summary>
sealed class Clock
{
    readonly TimeProvider _time;
    readonly ProcessorCounter? _counter;
    readonly long _ticksPerMillisecond;
    long _anchorTimestamp, _anchorMilliseconds, _nextMillisecond, _frozenMicroseconds;

    public Clock(TimeProvider time)
    {
        _time = time;
        // A test's own time provider is asked instead of the processor.
        if (time == TimeProvider.System) _counter = ProcessorCounter.TryCreate();
        _ticksPerMillisecond = Math.Max(1, time.TimestampFrequency / 1000);
        Synchronize();
        StartedAt = Now;
        StartedTimestamp = Timestamp;
    }

    /// <summary>Unix time in milliseconds when the current command began.</summary>
    public long Now { get; private set; }

    /// <summary>The monotonic counter when the current command began, in ticks of the time provider.</summary>
    public long Timestamp { get; private set; }

    /// <summary>Unix time in milliseconds when the server started.</summary>
    public long StartedAt { get; }

    public long StartedTimestamp { get; }

    /// <summary>The time provider, for reading the time again or on another thread.</summary>
    public TimeProvider Time => _time;

    public long UptimeSeconds => (long)_time.GetElapsedTime(StartedTimestamp, Timestamp).TotalSeconds;

    /// <summary>24 bits of seconds: the clock of a record's LRU field (Redis's LRU_CLOCK_RESOLUTION of 1000 ms).</summary>
    public uint LruClock { get; private set; }

    /// <summary>Unix time in microseconds, read at this moment.</summary>
    public long ReadMicroseconds() => (_time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>Microseconds from <paramref name="from"/> to <paramref name="to"/>, both timestamps.</summary>
    public long Microseconds(long from, long to) =>
        // Every command asks. If ticks are nanoseconds, one division by a constant suffices.
        _ticksPerMillisecond == 1_000_000 ? (to - from) / 1000 : (to - from) * 1000 / _ticksPerMillisecond;

    /// <summary>Microseconds of a sum of ticks. No product overflows, even for years.</summary>
    public long TotalMicroseconds(long ticks) =>
        ticks / _ticksPerMillisecond * 1000 + ticks % _ticksPerMillisecond * 1000 / _ticksPerMillisecond;

    /// <summary>The least number of ticks that make <paramref name="microseconds"/>.</summary>
    public long Ticks(long microseconds) =>
        microseconds > long.MaxValue / _ticksPerMillisecond ? long.MaxValue : (microseconds * _ticksPerMillisecond + 999) / 1000;

    /// <summary>Reads the counter. Returns the new <see cref="Timestamp"/>.</summary>
    public long Advance()
    {
        var timestamp = ReadCounter();
        Timestamp = timestamp;
        if (timestamp >= _nextMillisecond) SetNow(timestamp);
        return timestamp;
    }

    // Never less than before, whatever the counter does.
    long ReadCounter() => Math.Max(Timestamp, _counter is { } counter ? counter.Read() : _time.GetTimestamp());

    /// <summary>The name of the monotonic clock in INFO, in Redis's words.</summary>
    public string CounterName => _counter is { TicksPerMicrosecond: > 0 and var ticks }
        ? string.Create(CultureInfo.InvariantCulture, $"X86 TSC @ {ticks:F0} ticks/us")
        : "POSIX clock_gettime";

    /// <summary>
    /// Stops <see cref="Now"/> until <see cref="Thaw"/>, while the counter goes on: a transaction's commands have one "now".
    /// </summary>
    public void Freeze()
    {
        _nextMillisecond = long.MaxValue;
        _frozenMicroseconds = ReadMicroseconds();
    }

    /// <inheritdoc cref="Freeze"/>
    public void Thaw()
    {
        _frozenMicroseconds = 0;
        SetNow(Timestamp);
    }

    /// <summary>Unix time in microseconds as commands are to see it: read at this moment, or at which time was stopped.</summary>
    public long NowMicroseconds => _frozenMicroseconds > 0 ? _frozenMicroseconds : ReadMicroseconds();

    /// <summary>Follows changes of the system's wall clock. Called by the cron.</summary>
    public void Synchronize()
    {
        _counter?.Synchronize();
        _anchorTimestamp = Timestamp = ReadCounter();
        var utc = _time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks;
        _anchorMilliseconds = utc / TimeSpan.TicksPerMillisecond;
        // The anchor is the start of that millisecond, so that our milliseconds end with the wall clock's.
        _anchorTimestamp -= utc % TimeSpan.TicksPerMillisecond * _ticksPerMillisecond / TimeSpan.TicksPerMillisecond;
        SetNow(Timestamp);
    }

    void SetNow(long timestamp)
    {
        var elapsed = (timestamp - _anchorTimestamp) / _ticksPerMillisecond;
        Now = _anchorMilliseconds + elapsed;
        LruClock = (uint)(Now / 1000) & 0xFFFFFF;
        _nextMillisecond = _anchorTimestamp + (elapsed + 1) * _ticksPerMillisecond;
    }
}
