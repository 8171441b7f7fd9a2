using System.Text;
using MiniRedis.Server.Metrics;

namespace MiniRedis.Server.Tests.Metrics;

public class MetricsTextTests
{
    static readonly MetricFamily s_gauge = new("redis_up", MetricType.Gauge, "Whether it is up.");
    static readonly MetricFamily s_counter = new("redis_hits_total", MetricType.Counter, "Hits.");
    static readonly MetricFamily s_histogram = new("redis_usec", MetricType.Histogram, "Times.");

    static string Text(MetricsFormat format, Action<MetricsText> write)
    {
        var text = new MetricsText(format);
        write(text);
        text.End();
        return Encoding.UTF8.GetString(text.Written.Span);
    }

    [Fact]
    public void Prometheus_has_a_counter_under_one_name() => Assert.Equal(
        "# HELP redis_hits_total Hits.\n# TYPE redis_hits_total counter\nredis_hits_total 3\n",
        Text(MetricsFormat.Prometheus, text => text.Single(s_counter, 3)));

    [Fact]
    public void OpenMetrics_has_the_suffix_at_the_sample_only_and_an_end() => Assert.Equal(
        "# HELP redis_hits Hits.\n# TYPE redis_hits counter\nredis_hits_total 3\n# EOF\n",
        Text(MetricsFormat.OpenMetrics, text => text.Single(s_counter, 3)));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-1, "-1")]
    [InlineData(0.25, "0.25")]
    [InlineData(1e-6, "1E-06")]
    [InlineData(9007199254740991, "9007199254740991")]
    [InlineData(1e300, "1E+300")]
    public void Numbers_are_short_and_exact(double value, string text) => Assert.EndsWith(
        $"redis_up {text}\n", Text(MetricsFormat.Prometheus, t => t.Single(s_gauge, value)), StringComparison.Ordinal);

    [Fact]
    public void What_would_end_a_label_is_escaped()
    {
        var text = Text(MetricsFormat.Prometheus, t =>
        {
            t.Begin(s_gauge);
            t.Labelled("err", "a\"b\\c\nd\u00e9", 1);
        });
        Assert.EndsWith("redis_up{err=\"a\\\"b\\\\c\\ndé\"} 1\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MetricsFormat.Prometheus, "1")]
    [InlineData(MetricsFormat.OpenMetrics, "1.0")]
    internal void Bounds_are_spelled_as_the_format_wants(MetricsFormat format, string first)
    {
        var text = Text(format, t =>
        {
            t.Begin(s_histogram);
            t.Sample("_bucket", [("cmd", "get"), ("le", t.Bounds[0])], 2);
        });
        Assert.Contains($"redis_usec_bucket{{cmd=\"get\",le=\"{first}\"}} 2\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_begins_anew()
    {
        var text = new MetricsText(MetricsFormat.Prometheus);
        text.Single(s_gauge, 1);
        text.Clear();
        text.Single(s_counter, 1);
        Assert.StartsWith("# HELP redis_hits_total", Encoding.UTF8.GetString(text.Written.Span), StringComparison.Ordinal);
    }
}
