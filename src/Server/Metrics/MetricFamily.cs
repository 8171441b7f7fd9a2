namespace MiniRedis.Server.Metrics;

/// <summary>What a number means to Prometheus.</summary>
enum MetricType
{
    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Only goes up, until a restart or CONFIG RESETSTAT.</summary>
    Counter,

    Histogram,
}

/// <summary>Metrics of one name: one number, or one for each value of a label.</summary>
/// <param name="Name">With "redis_" in front it is redis_exporter's, with "miniredis_" our own. A counter's ends in "_total".</param>
/// <param name="Type">Tells Prometheus what functions make sense of it.</param>
/// <param name="Help">One line for people.</param>
record MetricFamily(string Name, MetricType Type, string Help);

/// <summary>A family of one number.</summary>
/// <param name="Name"><inheritdoc cref="MetricFamily" path="/param[@name='Name']"/></param>
/// <param name="Type"><inheritdoc cref="MetricFamily" path="/param[@name='Type']"/></param>
/// <param name="Help"><inheritdoc cref="MetricFamily" path="/param[@name='Help']"/></param>
/// <param name="Read">Reads it from where it is: a few memory accesses, whatever the server holds.</param>
sealed record Metric(string Name, MetricType Type, string Help, Func<double> Read) : MetricFamily(Name, Type, Help)
{
    public static Metric Gauge(string name, string help, Func<double> read) => new(name, MetricType.Gauge, help, read);

    public static Metric Counter(string name, string help, Func<double> read) => new(name, MetricType.Counter, help, read);
}
