using System.Text.Json;
using System.Text.RegularExpressions;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Monitoring;

/// <summary>What Prometheus thinks of /metrics, and whether the alerts and the dashboard ask for what is there.</summary>
public sealed partial class PrometheusTests : IDisposable
{
    const string Package = "prometheus";

    /// <summary>Asked for by alerts about replication, which is not built. ExporterTests finds them at a real pair.</summary>
    static readonly string[] s_replication = [ExporterTests.LagOfReplica, ExporterTests.LinkToMaster];

    static readonly string s_conf = Path.Combine(FindRoot(), "conf");
    static readonly string s_rules = Path.Combine(s_conf, "prometheus", "miniredis.rules.yml");

    readonly int _metricsPort = ServerProcess.FreePort();
    readonly ServerProcess _server;
    readonly RawClient _client;
    readonly HttpClient _http = new();
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-prometheus-");

    public PrometheusTests()
    {
        _server = new ServerProcess("--metrics-port", $"{_metricsPort}", "--maxmemory", "100mb", "--cache-stats-delimiter", ":");
        _client = _server.Connect();
        Use();
    }

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "MiniRedis.sln"))) folder = folder.Parent;
        return folder.FullName;
    }

    /// <summary>A little of everything that a panel shows.</summary>
    void Use()
    {
        foreach (var line in new[] { "SET a 1", "GET a", "GET b", "HSET a f 1", "NOSUCH", "CACHE.GET user:1" }) _client.Call(line);
        var token = ((object?[])_client.CallTree("CACHE.GET user:2 LEASE 10000")!)[2];
        _client.Call($"CACHE.SET user:2 v LEASE {token}");
    }

    async Task<string> Scrape(string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://127.0.0.1:{_metricsPort}/metrics"));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The expressions of the dashboard's panels, as Grafana would send them.</summary>
    static List<string> PanelExpressions()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_conf, "grafana", "miniredis.json")));
        return
        [
            .. from panel in dashboard.RootElement.GetProperty("panels").EnumerateArray()
               from target in panel.GetProperty("targets").EnumerateArray()
               select target.GetProperty("expr").GetString()!.Replace("$instance", ".+", StringComparison.Ordinal)
                   .Replace("$__rate_interval", "1m", StringComparison.Ordinal),
        ];
    }

    [ToolFact("promtool", Package)]
    public async Task Its_check_finds_nothing_to_blame() =>
        Assert.Equal("", await Tool.Run("promtool", ["check", "metrics"], await Scrape("text/plain")));

    [ToolFact("promtool", Package)]
    public async Task The_rules_are_valid() => await Tool.Run("promtool", ["check", "rules", s_rules]);

    [Fact]
    public async Task Alerts_and_panels_ask_for_metrics_that_are_there()
    {
        var page = new MetricsPageText(await Scrape("text/plain"));
        var names = page.Values.Keys.Select(MetricsPageText.NameOf).ToHashSet();
        var asked = PanelExpressions().Append(await File.ReadAllTextAsync(s_rules, TestContext.Current.CancellationToken))
            .SelectMany(text => MetricName().Matches(text)).Select(m => m.Value).ToHashSet();
        Assert.InRange(asked.Count, 25, int.MaxValue);
        Assert.Equal(s_replication.Order(), asked.Where(name => !names.Contains(name)).Order());
    }

    /// <summary>Prometheus itself scrapes the server, evaluates the rules, and answers the panels.</summary>
    [ToolFact("prometheus", Package)]
    public async Task Every_rule_evaluates_and_every_panel_shows_something()
    {
        var port = ServerProcess.FreePort();
        var configuration = await File.ReadAllTextAsync(Path.Combine(s_conf, "prometheus", "prometheus.yml"), TestContext.Current.CancellationToken);
        var file = Path.Combine(_directory.FullName, "prometheus.yml");
        await File.WriteAllTextAsync(
            file,
            configuration.Replace("15s", "1s", StringComparison.Ordinal).Replace("127.0.0.1:9121", $"127.0.0.1:{_metricsPort}", StringComparison.Ordinal)
                .Replace("miniredis.rules.yml", s_rules, StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        using var prometheus = new BackgroundTool(
            "prometheus", "--config.file", file, "--storage.tsdb.path", Path.Combine(_directory.FullName, "data"),
            "--web.listen-address", $"127.0.0.1:{port}", "--log.level", "error");

        async Task<JsonElement> Ask(string path)
        {
            using var answer = JsonDocument.Parse(await _http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/api/v1/{path}")));
            return answer.RootElement.GetProperty("data").Clone();
        }

        foreach (var expression in PanelExpressions())
        {
            await prometheus.Await<object>(async () =>
            {
                Use();
                var data = await Ask($"query?query={Uri.EscapeDataString(expression)}");
                return data.GetProperty("result").GetArrayLength() > 0 ? data : null;
            });
        }
        var rules = await prometheus.Await<object>(async () =>
        {
            var groups = (await Ask("rules")).GetProperty("groups");
            var all = groups.EnumerateArray().SelectMany(g => g.GetProperty("rules").EnumerateArray()).ToList();
            return all.TrueForAll(r => r.GetProperty("health").GetString() != "unknown") ? all : null;
        });
        Assert.All((List<JsonElement>)rules, rule => Assert.Equal("ok", rule.GetProperty("health").GetString()));
    }

    public void Dispose()
    {
        _http.Dispose();
        _client.Dispose();
        _server.Dispose();
        _directory.Delete(recursive: true);
    }

    [GeneratedRegex(@"\b(?:redis|miniredis)_\w+\b")]
    private static partial Regex MetricName();
}
