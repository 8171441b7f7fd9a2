using System.Globalization;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

/// <summary>Grammars of the directives whose value is a list or a pair.</summary>
internal static class ListDirectives
{
    /// <summary>Redis's CONFIG_BINDADDR_MAX.</summary>
    const int MaxBindAddresses = 16;

    public static string? ParseBind(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args.Length > MaxBindAddresses) return ConfigErrors.TooManyBindAddresses;
        config.Network.Bind = args is [""] ? [] : args.ToArray();
        return null;
    }

    public static string FormatBind(ServerConfig config) => string.Join(' ', config.Network.Bind);

    public static string? ParseMetricsBind(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args.Length > MaxBindAddresses) return ConfigErrors.TooManyBindAddresses;
        // Without an address there would be no server: metrics-port 0 says so.
        if (args.Length == 0 || args is [""]) return ConfigErrors.Empty("metrics-bind");
        config.Metrics.MetricsBind = args.ToArray();
        return null;
    }

    public static string FormatMetricsBind(ServerConfig config) => string.Join(' ', config.Metrics.MetricsBind);

    public static IEnumerable<(string Line, bool Force)> RewriteBind(ServerConfig config, ServerConfig defaults)
    {
        if (config.Network.Bind.SequenceEqual(defaults.Network.Bind)) return [];
        return [("bind " + (config.Network.Bind.Length == 0 ? "\"\"" : FormatBind(config)), true)];
    }

    public static string? ParseOomScoreAdjValues(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args.Length != 3) return ConfigErrors.WrongNumberOfArguments;
        var values = new int[3];
        for (var i = 0; i < values.Length; i++)
        {
            if (!ConfigNumber.TryParseLenient(args[i], out var value)) return ConfigErrors.OomScoreAdjValues;
            if (value is < -2000 or > 2000) return ConfigErrors.OomScoreAdjValues;
            values[i] = (int)value;
        }
        config.Process.OomScoreAdjValues = values;
        return null;
    }

    public static string FormatOomScoreAdjValues(ServerConfig config) =>
        string.Join(' ', config.Process.OomScoreAdjValues.Select(v => ConfigNumber.Text(v)));

    public static string? ParsePercentiles(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args is [""]) args = [];
        var values = new double[args.Length];
        for (var i = 0; i < args.Length; i++)
        {
            if (!double.TryParse(args[i], NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite,
                    CultureInfo.InvariantCulture, out values[i]) || double.IsNaN(values[i]))
            {
                return ConfigErrors.Percentile;
            }
            if (values[i] is < 0 or > 100) return ConfigErrors.PercentileRange;
        }
        config.Observation.LatencyTrackingInfoPercentiles = values;
        return null;
    }

    /// <summary>Six decimals at most, trailing zeros cut: printf's %f, trimmed.</summary>
    public static string FormatPercentiles(ServerConfig config) =>
        string.Join(' ', config.Observation.LatencyTrackingInfoPercentiles.Select(p => p.ToString("0.######", CultureInfo.InvariantCulture)));

    public static IEnumerable<(string Line, bool Force)> RewritePercentiles(ServerConfig config)
    {
        var text = FormatPercentiles(config);
        return [("latency-tracking-info-percentiles " + (text.Length == 0 ? "\"\"" : text), true)];
    }

    public static string? ParseReplicaOf(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args.Length != 2) return ConfigErrors.WrongNumberOfArguments;
        if (args[0].Equals("no", StringComparison.OrdinalIgnoreCase) && args[1].Equals("one", StringComparison.OrdinalIgnoreCase))
        {
            config.Replication.ReplicaOf = null;
            return null;
        }
        if (!ConfigNumber.TryParseLenient(args[1], out var port) || port is < 0 or > 65535) return ConfigErrors.InvalidMasterPort;
        config.Replication.ReplicaOf = new MasterAddress(args[0], (int)port);
        return null;
    }

    public static string FormatReplicaOf(ServerConfig config) =>
        config.Replication.ReplicaOf is { } master ? $"{master.Host} {ConfigNumber.Text(master.Port)}" : "";

    /// <summary>In cluster mode nodes.conf names a node's master.</summary>
    public static IEnumerable<(string Line, bool Force)> RewriteReplicaOf(ServerConfig config) =>
        config.Replication.ReplicaOf is null || config.Cluster.ClusterEnabled ? [] : [("replicaof " + FormatReplicaOf(config), true)];
}

internal sealed record MasterAddress(string Host, int Port);
