using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Monitoring;

/// <summary>
/// redis_exporter, which most people have in front of their Redis: it reads this server without an error, and /metrics says the same.
/// </summary>
public sealed class ExporterTests : IDisposable
{
    const string Program = "prometheus-redis-exporter";

    /// <summary>What the alerts about replication ask for: of a master, and of a replica.</summary>
    public const string LagOfReplica = "redis_connected_slave_lag_seconds", LinkToMaster = "redis_master_link_up";

    /// <summary>
    /// What cannot agree, and why. The exporter opens a connection for each scrape, so memory and clients are others while it looks; that
    /// it has connected clients of its own makes a difference of one.
    /// </summary>
    static readonly Dictionary<string, string> s_moving = new()
    {
        ["redis_connected_clients"] = "the exporter's own",
        ["redis_mem_clients_normal"] = "the exporter's own connection",
        ["redis_memory_used_bytes"] = "the exporter's own connection",
        ["redis_memory_used_peak_bytes"] = "the exporter's own connection",
        ["redis_memory_used_overhead_bytes"] = "the exporter's own connection",
        ["redis_memory_used_rss_bytes"] = "the process's pages come and go",
        ["redis_mem_fragmentation_bytes"] = "of resident memory",
        ["redis_mem_fragmentation_ratio"] = "of resident memory",
        ["redis_start_time_seconds"] = "the exporter's is now less the uptime, in whole seconds",
        ["redis_instance_info"] = "other labels",
    };

    /// <summary>Families that the exporter calls something else: a gauge that only goes up, or a counter whose name does not say so.</summary>
    static readonly string[] s_otherTypes =
    [
        "redis_expired_time_cap_reached_total", "redis_total_reads_processed", "redis_total_writes_processed", "redis_total_error_replies",
        "redis_unexpected_error_replies",
    ];

    readonly int _metricsPort = ServerProcess.FreePort();
    readonly ServerProcess _server;
    readonly RawClient _client;
    readonly HttpClient _http = new();

    public ExporterTests()
    {
        _server = new ServerProcess("--metrics-port", $"{_metricsPort}", "--latency-monitor-threshold", "1", "--slowlog-log-slower-than", "0");
        _client = _server.Connect();
        foreach (var line in new[]
        {
            "SET a 1", "SETEX e 1000 1", "GET a", "GET b", "HSET h f 1", "HSET a f 1", "NOSUCH", "LPUSH l 1 2 3", "SELECT 5", "SET c 1",
            "EVAL \"return 1\" 0", "CONFIG SET maxmemory 100mb", "WATCH a", "MEMORY USAGE c",
            // The exporter's own commands are not to be in the slow log.
            "CONFIG SET slowlog-log-slower-than -1",
        })
        {
            _client.Call(line);
        }
    }

    async Task<MetricsPageText> Own()
    {
        var text = await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_metricsPort}/metrics"), TestContext.Current.CancellationToken);
        return new MetricsPageText(text);
    }

    [ToolFact(Program, Program)]
    public async Task Both_say_the_same()
    {
        var port = ServerProcess.FreePort();
        using var exporter = new BackgroundTool(
            Program, "-redis.addr", $"redis://127.0.0.1:{_server.Port}", "-web.listen-address", $"127.0.0.1:{port}");
        Task<string> Scrape() => _http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
        // The first scrape also counts its own commands for the first time.
        await exporter.Await(async () => await Scrape());
        var before = await Own();
        var theirs = new MetricsPageText(await Scrape());
        // Longer than a page is kept.
        MetricsPageText after;
        do
        {
            after = await Own();
        }
        while (after.Values["redis_commands_processed_total"] <= theirs.Values["redis_commands_processed_total"]);

        Assert.Equal(1, theirs.Values["redis_up"]);
        Assert.Equal(0, theirs.Values["redis_exporter_last_scrape_error{err=\"\"}"]);
        // What either page has about this server must be between what ours said before and after.
        var shared = theirs.Values.Where(sample => before.Values.ContainsKey(sample.Key)).ToList();
        Assert.InRange(shared.Count, 150, int.MaxValue);
        Assert.Equal("", string.Join('\n',
            from sample in shared
            where !s_moving.ContainsKey(MetricsPageText.NameOf(sample.Key))
            let low = Math.Min(before.Values[sample.Key], after.Values[sample.Key])
            let high = Math.Max(before.Values[sample.Key], after.Values[sample.Key])
            where sample.Value < low || sample.Value > high
            select $"{sample.Key}: {sample.Value}, not {low} to {high}"));
        Assert.Equal(theirs.Values["redis_start_time_seconds"], after.Values["redis_start_time_seconds"], tolerance: 1);
        Assert.Equal(theirs.Values["redis_memory_used_bytes"], after.Values["redis_memory_used_bytes"], tolerance: 64 * 1024);
        Assert.Equal("", string.Join('\n',
            from family in theirs.Types
            where after.Types.TryGetValue(family.Key, out var own) && own != family.Value && !s_otherTypes.Contains(family.Key)
            select $"{family.Key}: {family.Value}, not {after.Types[family.Key]}"));
    }

    [ToolTheory(Program, Program)]
    [InlineData(false, LagOfReplica)]
    [InlineData(true, LinkToMaster)]
    public async Task The_names_of_replication_are_those_of_a_real_pair(bool ofReplica, string name)
    {
        if (!RedisServerProcess.IsInstalled) Assert.Skip("redis-server is not installed (Debian: apt install redis-server)");
        var (masterPort, replicaPort, port) = (ServerProcess.FreePort(), ServerProcess.FreePort(), ServerProcess.FreePort());
        using var master = new RedisServerProcess(null, "--port", $"{masterPort}", "--repl-diskless-sync-delay", "0");
        using var replica = new RedisServerProcess(null, "--port", $"{replicaPort}", "--replicaof", $"127.0.0.1 {masterPort}");
        using var exporter = new BackgroundTool(
            Program, "-redis.addr", $"redis://127.0.0.1:{(ofReplica ? replicaPort : masterPort)}", "-web.listen-address", $"127.0.0.1:{port}");
        await exporter.Await(async () =>
        {
            var page = new MetricsPageText(await _http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics")));
            return page.Types.ContainsKey(name) ? page : null;
        });
    }

    public void Dispose()
    {
        _http.Dispose();
        _client.Dispose();
        _server.Dispose();
    }
}
