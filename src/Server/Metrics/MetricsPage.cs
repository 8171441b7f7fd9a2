using System.Globalization;
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
sealed partial class MetricsPage(IReadOnlyList<Metric> rows, string[] commands, ServerConfig config, ServerIds ids)
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
    static readonly MetricFamily s_replicaOffset = new(
        "redis_connected_slave_offset_bytes", MetricType.Gauge, "Bytes of the stream that a replica has acknowledged.");
    static readonly MetricFamily s_replicaLag = new(
        "redis_connected_slave_lag_seconds", MetricType.Gauge, "Seconds since a replica's last acknowledgement.");
    static readonly MetricFamily s_masterUp = new("redis_master_link_up", MetricType.Gauge, "1 while the link to the master works.");
    static readonly MetricFamily s_masterHeard = new(
        "redis_master_last_io_seconds_ago", MetricType.Gauge, "Seconds since the master's last sign of life; -1 without a link.");
    static readonly MetricFamily s_masterSync = new(
        "redis_master_sync_in_progress", MetricType.Gauge, "1 while the master's data are received or loaded.");
    static readonly MetricFamily s_appliedOffset = new(
        "redis_slave_repl_offset", MetricType.Gauge, "Bytes of the master's stream that this replica has applied.");
    static readonly MetricFamily s_replicaInfo = new("redis_slave_info", MetricType.Gauge, "Of a replica; the number is always 1.");
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
        Instance(text, snapshot);
        Replicas(text, snapshot);
        if (snapshot.Master is { } master) Master(text, master);
        Databases(text, snapshot);
        Commands(text, snapshot);
        Users(text, snapshot);
        Prefixes(text, snapshot);
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

    void Instance(MetricsText text, MetricsSnapshot snapshot)
    {
        text.Begin(s_instance);
        text.Sample("",
        [
            ("role", snapshot.Master is null ? "master" : "slave"),
            ("redis_version", ServerVersion.Redis), ("miniredis_version", ServerVersion.Own), ("redis_mode", config.Mode),
            ("maxmemory_policy", Setting("maxmemory-policy")), ("tcp_port", Setting("port")), ("run_id", ids.Run),
        ], 1);
    }

    static void Replicas(MetricsText text, MetricsSnapshot snapshot)
    {
        text.Begin(s_replicaOffset);
        foreach (var (host, port, state, offset, _) in snapshot.Replicas) text.Sample("", LabelsOf(host, port, state), offset);
        text.Begin(s_replicaLag);
        foreach (var (host, port, state, _, lag) in snapshot.Replicas) text.Sample("", LabelsOf(host, port, state), lag);
    }

    static (string Name, string Value)[] LabelsOf(string host, int port, string state) =>
        [("slave_ip", host), ("slave_port", port.ToString(CultureInfo.InvariantCulture)), ("slave_state", state)];

    static void Master(MetricsText text, MetricsSnapshot.MasterFigures master)
    {
        (string Name, string Value)[] labels =
            [("master_host", master.Host), ("master_port", master.Port.ToString(CultureInfo.InvariantCulture))];
        void Add(MetricFamily family, double value)
        {
            text.Begin(family);
            text.Sample("", labels, value);
        }

        Add(s_masterUp, master.IsUp ? 1 : 0);
        Add(s_masterHeard, master.Heard);
        Add(s_masterSync, master.IsSynchronizing ? 1 : 0);
        Add(s_appliedOffset, master.Offset);
        text.Begin(s_replicaInfo);
        text.Sample("", [.. labels, ("read_only", master.IsReadOnly ? "1" : "0")], 1);
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
