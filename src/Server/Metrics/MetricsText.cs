using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Metrics;

/// <summary>The formats in which Prometheus reads.</summary>
enum MetricsFormat
{
    /// <summary>Its own text format, version 0.0.4.</summary>
    Prometheus,

    /// <summary>OpenMetrics 1.0.0, which Prometheus prefers.</summary>
    OpenMetrics,
}

/// <summary>
/// Writes families of metrics as text. The two formats differ in the name of a counter's family, in the spelling of a histogram's
/// bounds, and in the end mark.
/// </summary>
/// <remarks>
/// <see href="https://prometheus.io/docs/instrumenting/exposition_formats/"/>,
/// <see href="https://prometheus.io/docs/specs/om/open_metrics_spec/"/>.
/// </remarks>
sealed class MetricsText(MetricsFormat format)
{
    /// <summary>Most bytes of a number: those of a double in round-trip form.</summary>
    const int NumberBytes = 32;

    const string Total = "_total";

    // Kept for the next page, which is about as long.
    readonly ArrayBufferWriter<byte> _text = new(16 * 1024);
    string _name = "";

    public ReadOnlyMemory<byte> Written => _text.WrittenMemory;

    public void Clear() => _text.ResetWrittenCount();

    /// <summary>Begins a family: its samples follow.</summary>
    public void Begin(MetricFamily family)
    {
        _name = family.Name;
        // A counter's family has no "_total" in OpenMetrics; its samples have.
        var name = format == MetricsFormat.OpenMetrics && family.Type == MetricType.Counter ? _name[..^Total.Length] : _name;
        Append("# HELP ");
        Append(name);
        Append(" ");
        Append(family.Help);
        Append("\n# TYPE ");
        Append(name);
        Append(family.Type switch
        {
            MetricType.Counter => " counter\n",
            MetricType.Histogram => " histogram\n",
            _ => " gauge\n",
        });
    }

    public void Single(MetricFamily family, double value)
    {
        Begin(family);
        Sample("", [], value);
    }

    /// <summary>One sample of the family that was begun.</summary>
    public void Labelled(string label, string text, double value) => Sample("", [(label, text)], value);

    /// <param name="suffix">Behind the family's name: "_sum" and so on; "" for none.</param>
    /// <param name="labels">Names are plain; values may be anything.</param>
    /// <param name="value">The number.</param>
    public void Sample(string suffix, ReadOnlySpan<(string Name, string Value)> labels, double value)
    {
        Append(_name);
        Append(suffix);
        for (var i = 0; i < labels.Length; i++)
        {
            Append(i == 0 ? "{" : ",");
            Append(labels[i].Name);
            Append("=\"");
            AppendEscaped(labels[i].Value);
            Append("\"");
        }
        if (labels.Length > 0) Append("}");
        Append(" ");
        Append(value);
        Append("\n");
    }

    /// <summary>The bounds of a histogram of latencies, as labels. They are whole numbers; OpenMetrics wants a fraction.</summary>
    public IReadOnlyList<string> Bounds { get; } =
    [
        .. from step in Enumerable.Range(0, LatencyHistogram.Steps)
           let bound = LatencyHistogram.StepMicroseconds(step).ToString(CultureInfo.InvariantCulture)
           select format == MetricsFormat.OpenMetrics ? bound + ".0" : bound,
    ];

    /// <summary>Ends the page.</summary>
    public void End()
    {
        if (format == MetricsFormat.OpenMetrics) Append("# EOF\n");
    }

    void Append(double value)
    {
        var span = _text.GetSpan(NumberBytes);
        // A whole number is written as such, so that counters stay readable.
        var done = value == Math.Truncate(value) && Math.Abs(value) < 1L << 53
            ? Utf8Formatter.TryFormat((long)value, span, out var written)
            : Utf8Formatter.TryFormat(value, span, out written);
        if (!done) throw new InvalidOperationException("A number has more digits than a double can have.");
        _text.Advance(written);
    }

    void Append(string text) => _text.Advance(Encoding.UTF8.GetBytes(text, _text.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));

    void AppendEscaped(string text)
    {
        var isPlain = !text.AsSpan().ContainsAny('\\', '"', '\n');
        Append(isPlain ? text : text.Replace(@"\", @"\\").Replace("\"", "\\\"").Replace("\n", @"\n"));
    }
}
