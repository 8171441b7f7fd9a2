using System.Globalization;
using System.Text;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Statistics;

/// <summary>Latencies in readable form: LATENCY GRAPH and LATENCY DOCTOR.</summary>
static class LatencyReport
{
    const int GraphColumns = 80, GraphRows = 4;

    /// <summary>The character of a column's top row, from low to high. Full rows below are '|'.</summary>
    const string Steps = "_o#";

    public static string Graph(string name, LatencyMonitor.Event latencies, long now)
    {
        var all = latencies.Samples;
        var shown = all.Skip(Math.Max(0, all.Count - GraphColumns)).ToList();
        var high = all.Max(s => s.Milliseconds);
        var low = all.Min(s => s.Milliseconds);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"{name} - high {high} ms, low {low} ms (all time high {latencies.AllTimeHigh} ms)\n");
        text.Append('-', GraphColumns).Append('\n');
        for (var row = GraphRows - 1; row >= 0; row--)
        {
            foreach (var sample in shown) text.Append(Cell(Height(sample.Milliseconds, low, high), row));
            text.Append('\n');
        }
        text.Append('\n');
        AppendAges(text, shown.ConvertAll(s => Age(now - s.Time)));
        return text.ToString();
    }

    /// <summary>The height of a column: 0 to the number of steps of all rows less one.</summary>
    static int Height(long value, long low, long high)
    {
        var top = GraphRows * Steps.Length - 1;
        return high == low ? top : (int)((value - low) * top / (high - low));
    }

    static char Cell(int height, int row)
    {
        var step = height - row * Steps.Length;
        return step < 0 ? ' ' : step < Steps.Length ? Steps[step] : '|';
    }

    static string Age(long seconds) => seconds switch
    {
        < 60 => Text($"{seconds}s"),
        < 3600 => Text($"{seconds / 60}m"),
        < 86_400 => Text($"{seconds / 3600}h"),
        _ => Text($"{seconds / 86_400}d"),
    };

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The age of each sample, written downwards.</summary>
    static void AppendAges(StringBuilder text, List<string> ages)
    {
        var longest = ages.Max(a => a.Length);
        for (var line = 0; line < longest; line++)
        {
            foreach (var age in ages) text.Append(line < age.Length ? age[line] : ' ');
            text.Append('\n');
        }
    }

    /// <remarks>Begins in Redis's words, by which clients' tests know it.</remarks>
    public static string Doctor(LatencyMonitor latency, ObservationSettings settings)
    {
        var events = latency.Events;
        if (events.Count == 0)
        {
            return settings.LatencyMonitorThreshold == 0
                ? "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You may use "
                    + "\"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable it.\n"
                : "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the slightest bit.\n";
        }
        var report = new StringBuilder("Dave, I have observed latency spikes in this Redis instance. ");
        report.Append("These events took longer than latency-monitor-threshold:\n\n");
        foreach (var (name, found) in events)
        {
            var values = found.Samples.Select(s => s.Milliseconds).ToList();
            var mean = values.Average();
            var deviation = values.Average(v => Math.Abs(v - mean));
            report.Append(CultureInfo.InvariantCulture,
                $"- {name}: {values.Count} latency spikes, average {mean:F0} ms, mean deviation {deviation:F0} ms, ");
            report.Append(CultureInfo.InvariantCulture, $"worst ever {found.AllTimeHigh} ms.\n");
        }
        report.Append("\nWhat may help:\n\n");
        foreach (var advice in Advice(latency, settings)) report.Append("- ").Append(advice).Append('\n');
        return report.ToString();
    }

    static IEnumerable<string> Advice(LatencyMonitor latency, ObservationSettings settings)
    {
        if (latency.Find("command") is not null || latency.Find("fast-command") is not null)
        {
            yield return settings.SlowlogLogSlowerThan < 0
                ? "Turn the slow log on to see which commands it was: CONFIG SET slowlog-log-slower-than <microseconds>."
                : "SLOWLOG GET tells which commands it was.";
        }
        if (latency.Find("fast-command") is not null)
            yield return "Fast commands were slow: something else held the processor, or memory was swapped out.";
        if (latency.Find("expire-cycle") is not null)
            yield return "Expired values were large: UNLINK them before they expire, or split them.";
        yield return "redis-cli --intrinsic-latency <seconds>, run on this machine, tells what the system alone costs.";
    }
}
