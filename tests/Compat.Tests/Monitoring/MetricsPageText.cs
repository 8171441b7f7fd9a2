using System.Globalization;
using System.Text.RegularExpressions;

namespace MiniRedis.Compat.Tests.Monitoring;

/// <summary>A page of metrics, read as Prometheus reads it.</summary>
sealed partial class MetricsPageText
{
    public MetricsPageText(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var words = line.Split(' ');
                Types[words[2]] = words[3];
            }
            else if (line[0] != '#')
            {
                var sample = Sample().Match(line);
                Assert.True(sample.Success, line);
                // Labels have no order.
                var labels = Label().Matches(sample.Groups["labels"].Value).Select(m => m.Value).Order(StringComparer.Ordinal);
                var name = sample.Groups["name"].Value;
                var key = sample.Groups["labels"].Success ? $"{name}{{{string.Join(',', labels)}}}" : name;
                Values.Add(key, double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>Type by family.</summary>
    public Dictionary<string, string> Types { get; } = [];

    /// <summary>Value by name and labels.</summary>
    public Dictionary<string, double> Values { get; } = [];

    public static string NameOf(string sample) => sample.Split('{')[0];

    [GeneratedRegex(@"^(?<name>\w+)(?:\{(?<labels>.*)\})? (?<value>\S+)$")]
    private static partial Regex Sample();

    [GeneratedRegex("\\w+=\"(?:\\\\.|[^\"\\\\])*\"")]
    private static partial Regex Label();
}
