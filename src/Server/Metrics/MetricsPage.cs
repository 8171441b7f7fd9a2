using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Metrics;

/// <summary>Turns a snapshot into text.</summary>
/// <param name="rows">Of the values in snapshots.</param>
/// <param name="commands">Names by ordinal: "config|get".</param>
/// <param name="config">For labels that are settings.</param>
/// <param name="ids">For the server's id.</param>
sealed class MetricsPage(IReadOnlyList<Metric> rows, string[] commands, ServerConfig config, ServerIds ids)
{
    static readonly MetricFamily s_up = new("redis_up", MetricType.Gauge, "0: the executor did not answer the scrape in time.");
    static readonly MetricFamily s_instance = new("redis_instance_info", MetricType.Gauge, "Names and versions; the number is always 1.");
    static readonly MetricFamily s_keys = new("redis_db_keys", MetricType.Gauge, "Keys of a database.");
    static readonly MetricFamily s_expiring = new("redis_db_keys_expiring", MetricType.Gauge, "Those of them that have a deadline.");
    static readonly MetricFamily s_calls = new("redis_commands_total", MetricType.Counter, "Calls of a command.");
    static readonly MetricFamily s_seconds = new("redis_commands_duration_seconds_total", MetricType.Counter, "Time in them.");
    static readonly MetricFamily s_rejected = new(
        "redis_commands_rejected_calls_total", MetricType.Counter, "Calls that were refused before they ran.");
    static readonly MetricFamily s_failed = new("redis_commands_failed_calls_total", MetricType.Counter, "Calls that ended with an error.");
    static readonly MetricFamily s_latencies = new(
        "redis_commands_latencies_usec", MetricType.Histogram, "Times of the calls of a command in microseconds.");
    static readonly MetricFamily s_userCommands = new("miniredis_user_commands_total", MetricType.Counter, "Commands of a user's clients.");
    static readonly MetricFamily s_userDenials = new(
        "miniredis_user_denials_total", MetricType.Counter, "Commands that a user's rights forbade.");
    static readonly MetricFamily s_errors = new("redis_errors_total", MetricType.Counter, "Error replies by their code.");
    static readonly MetricFamily s_spikeTime = new(
        "redis_latency_spike_last", MetricType.Gauge, "Unix time when an event last took longer than latency-monitor-threshold.");
    static readonly MetricFamily s_spike = new("redis_latency_spike_duration_seconds", MetricType.Gauge, "How long that event took.");

    static readonly string[] s_databases = [.. Enumerable.Range(0, MetricsCollector.MostDatabases).Select(n => $"db{n}")];

    readonly ProcessFigures _process = new();

    public void Write(MetricsText text, MetricsSnapshot snapshot)
    {
        text.Clear();
        _process.Refresh(snapshot);
        for (var i = 0; i < rows.Count; i++) text.Single(rows[i], snapshot.Values[i]);
        foreach (var row in _process.Rows) text.Single(row, row.Read());
        Instance(text);
        Databases(text, snapshot);
        Commands(text, snapshot);
        Users(text, snapshot);
        Events(text, snapshot);
        text.End();
    }

    /// <summary>The page when the executor does not answer. Old numbers would look as if all were well.</summary>
    public static void WriteDown(MetricsText text)
    {
        text.Clear();
        text.Single(s_up, 0);
        text.End();
    }

    void Instance(MetricsText text)
    {
        text.Begin(s_instance);
        text.Sample("",
        [
            // Every server is a master as long as replication is not built.
            ("role", "master"),
            ("redis_version", ServerVersion.Redis), ("miniredis_version", ServerVersion.Own), ("redis_mode", config.Mode),
            ("maxmemory_policy", Setting("maxmemory-policy")), ("tcp_port", Setting("port")), ("run_id", ids.Run),
        ], 1);
    }

    string Setting(string name) => Configuration.Directives.ConfigTable.Find(name)!.Get(config);

    static void Databases(MetricsText text, MetricsSnapshot snapshot)
    {
        text.Begin(s_keys);
        for (var i = 0; i < snapshot.Databases.Length; i++) text.Labelled("db", s_databases[i], snapshot.Databases[i].Keys);
        text.Begin(s_expiring);
        for (var i = 0; i < snapshot.Databases.Length; i++) text.Labelled("db", s_databases[i], snapshot.Databases[i].Expiring);
    }

    void Commands(MetricsText text, MetricsSnapshot snapshot)
    {
        Command(text, snapshot, s_calls, static c => c.Calls);
        Command(text, snapshot, s_seconds, static c => c.Microseconds / 1e6);
        Command(text, snapshot, s_rejected, static c => c.RejectedCalls);
        Command(text, snapshot, s_failed, static c => c.FailedCalls);
        text.Begin(s_latencies);
        for (var i = 0; i < commands.Length; i++)
            if (snapshot.Commands[i].Timed > 0) Latencies(text, commands[i], snapshot.Commands[i], snapshot.Latencies(i));
    }

    /// <summary>A family of what every command has that was asked for.</summary>
    void Command(MetricsText text, MetricsSnapshot snapshot, MetricFamily family, Func<MetricsSnapshot.CommandFigures, double> value)
    {
        text.Begin(family);
        for (var i = 0; i < commands.Length; i++)
        {
            var figures = snapshot.Commands[i];
            if ((figures.Calls | figures.RejectedCalls | figures.FailedCalls) != 0) text.Labelled("cmd", commands[i], value(figures));
        }
    }

    static void Latencies(MetricsText text, string command, MetricsSnapshot.CommandFigures figures, ReadOnlySpan<long> steps)
    {
        for (var step = 0; step < steps.Length; step++)
            text.Sample("_bucket", [("cmd", command), ("le", text.Bounds[step])], steps[step]);
        text.Sample("_bucket", [("cmd", command), ("le", "+Inf")], figures.Timed);
        text.Sample("_sum", [("cmd", command)], figures.Microseconds);
        text.Sample("_count", [("cmd", command)], figures.Timed);
    }

    static void Users(MetricsText text, MetricsSnapshot snapshot)
    {
        text.Begin(s_userCommands);
        foreach (var (name, commands, _) in snapshot.Users) text.Labelled("user", Encoding.UTF8.GetString(name), commands);
        text.Begin(s_userDenials);
        foreach (var (name, _, denials) in snapshot.Users) text.Labelled("user", Encoding.UTF8.GetString(name), denials);
    }

    static void Events(MetricsText text, MetricsSnapshot snapshot)
    {
        text.Begin(s_errors);
        foreach (var (code, count) in snapshot.Errors) text.Labelled("err", ConfigText.ToUnicode(code), count);
        text.Begin(s_spikeTime);
        foreach (var (name, at, _) in snapshot.Spikes) text.Labelled("event_name", name, at);
        text.Begin(s_spike);
        foreach (var (name, _, milliseconds) in snapshot.Spikes) text.Labelled("event_name", name, milliseconds / 1e3);
    }
}
