using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Statistics;

/// <summary>
/// Events that held the server up, for LATENCY. Each has its latest samples, at most one for each second. The code where an event
/// happens notes it; it is kept if it took latency-monitor-threshold milliseconds or more. Under the executor's lock.
/// </summary>
sealed class LatencyMonitor(Clock clock, ObservationSettings settings)
{
    /// <summary>Most samples kept of an event (Redis's LATENCY_TS_LEN).</summary>
    public const int MaxSamples = 160;

    /// <param name="Time">Unix seconds.</param>
    public readonly record struct Sample(long Time, long Milliseconds);

    public sealed class Event
    {
        readonly Queue<Sample> _samples = new();
        Sample _last;

        /// <summary>Milliseconds of the worst sample ever.</summary>
        public long AllTimeHigh { get; private set; }

        /// <summary>Oldest first.</summary>
        public IReadOnlyList<Sample> Samples => [.. _samples.Where(s => s.Time != _last.Time), _last];

        public Sample Last => _last;

        internal void Add(Sample sample)
        {
            AllTimeHigh = Math.Max(AllTimeHigh, sample.Milliseconds);
            // The worst sample of a second stands for it.
            if (sample.Time == _last.Time)
            {
                if (sample.Milliseconds > _last.Milliseconds) _last = sample;
                return;
            }
            if (_last.Time != 0) _samples.Enqueue(_last);
            if (_samples.Count == MaxSamples) _samples.Dequeue();
            _last = sample;
        }
    }

    readonly SortedDictionary<string, Event> _events = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyDictionary<string, Event> Events => _events;

    public Event? Find(string name) => _events.GetValueOrDefault(name);

    /// <summary>Notes an event, if it took long enough.</summary>
    public void Note(string name, long milliseconds)
    {
        var threshold = settings.LatencyMonitorThreshold;
        if (threshold == 0 || milliseconds < threshold) return;
        if (!_events.TryGetValue(name, out var found)) _events[name] = found = new Event();
        found.Add(new Sample(clock.Now / 1000, milliseconds));
    }

    public bool Reset(string name) => _events.Remove(name);

    /// <returns>The number of events.</returns>
    public int ResetAll()
    {
        var count = _events.Count;
        _events.Clear();
        return count;
    }
}
