using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using MiniRedis.Server.Metrics.Http;

namespace MiniRedis.Server.Tests.Metrics;

public sealed class MetricsEndpointTests : IDisposable
{
    static readonly TimeSpan s_past = TimeSpan.FromMilliseconds(100);

    readonly TestServer _server = new("metrics-port 1");
    readonly RawClient _client;
    readonly HttpClient _http;

    public MetricsEndpointTests()
    {
        _client = _server.Connect();
        _http = To(_server.MetricsPort);
    }

    static HttpClient To(int port) => new() { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

    async Task<string> Scrape()
    {
        // Further than a page is kept.
        _server.Time.Advance(s_past);
        return await _http.GetStringAsync("/metrics");
    }

    static double Value(string page, string sample) => double.Parse(
        page.Split('\n').Single(line => line.StartsWith(sample + " ", StringComparison.Ordinal))[(sample.Length + 1)..],
        CultureInfo.InvariantCulture);

    [Fact]
    public async Task It_counts_what_clients_do()
    {
        _client.Call("SET a 1 EX 100");
        _client.Call("GET a");
        _client.Call("GET b");
        _client.Call("HSET a f 1");
        _client.Call("SELECT 3");
        _client.Call("SET c 1");
        var page = await Scrape();
        Assert.Equal(1, Value(page, "redis_up"));
        Assert.Equal(1, Value(page, "redis_keyspace_hits_total"));
        Assert.Equal(1, Value(page, "redis_keyspace_misses_total"));
        Assert.Equal(6, Value(page, "redis_commands_processed_total"));
        Assert.Equal(2, Value(page, "redis_commands_total{cmd=\"get\"}"));
        Assert.Equal(1, Value(page, "redis_commands_failed_calls_total{cmd=\"hset\"}"));
        Assert.Equal(1, Value(page, "redis_errors_total{err=\"WRONGTYPE\"}"));
        Assert.Equal(1, Value(page, "redis_db_keys{db=\"db0\"}"));
        Assert.Equal(1, Value(page, "redis_db_keys_expiring{db=\"db0\"}"));
        Assert.Equal(1, Value(page, "redis_db_keys{db=\"db3\"}"));
        Assert.Equal(1, Value(page, "redis_connected_clients"));
        Assert.Equal(_server.Server.Memory.Total, Value(page, "redis_memory_used_bytes"));
        Assert.Contains("redis_instance_info{role=\"master\",redis_version=\"7.4.0\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_and_denials_are_counted_for_their_user()
    {
        _client.CallWords("ACL", "SETUSER", "al\"ice", "on", "nopass", "~*", "+get", "+auth");
        using var other = _server.Connect();
        other.SendRaw(RawClient.Encode("PING") + RawClient.Encode("AUTH", "al\"ice", "x") + RawClient.Encode("GET", "a"));
        foreach (var reply in (string[])["+PONG", "+OK", "$-1"]) Assert.Equal(reply, other.Read());
        Assert.StartsWith("-NOPERM", other.Call("SET a 1"));
        other.Call("GET a");
        var page = await Scrape();
        // A log-in ends as the new user.
        Assert.Equal(3, Value(page, "miniredis_user_commands_total{user=\"al\\\"ice\"}"));
        Assert.Equal(1, Value(page, "miniredis_user_denials_total{user=\"al\\\"ice\"}"));
        Assert.Equal(2, Value(page, "miniredis_user_commands_total{user=\"default\"}"));
        Assert.Equal(0, Value(page, "miniredis_user_denials_total{user=\"default\"}"));
        _client.Call("CONFIG RESETSTAT");
        Assert.Equal(0, Value(await Scrape(), "miniredis_user_denials_total{user=\"al\\\"ice\"}"));
    }

    [Fact]
    public async Task Users_that_are_loaded_again_are_counted_on()
    {
        using var server = new TestServer("metrics-port 1\naclfile users.acl", acl: "user bob on nopass +@all");
        using var client = server.Connect();
        foreach (var command in (string[])["AUTH bob x", "PING", "ACL LOAD", "PING"]) client.Call(command);
        using var http = To(server.MetricsPort);
        Assert.Equal(4, Value(await http.GetStringAsync("/metrics"), "miniredis_user_commands_total{user=\"bob\"}"));
    }

    [Fact]
    public async Task Prefixes_are_counted_one_by_one()
    {
        Assert.DoesNotContain("miniredis_cache_hits_total", await Scrape(), StringComparison.Ordinal);
        _client.Call("CACHE.POLICY SET user: TTL 100");
        _client.Call("CONFIG SET cache-stats-delimiter :");
        foreach (var command in (string[])["SET user:1 v", "GET user:1", "GET user:2", "GET \"p\\\"\\xff:1\""]) _client.Call(command);
        var token = ((object?[])_client.CallTree("CACHE.GET user:3 LEASE 10000")!)[2];
        _server.Advance(TimeSpan.FromMilliseconds(2000));
        _client.Call($"CACHE.SET user:3 v LEASE {token}");
        var page = await Scrape();
        Assert.Equal(1, Value(page, "miniredis_cache_hits_total{prefix=\"user:\"}"));
        Assert.Equal(2, Value(page, "miniredis_cache_misses_total{prefix=\"user:\"}"));
        Assert.Equal(1, Value(page, "miniredis_cache_fills_total{prefix=\"user:\"}"));
        Assert.Equal(2, Value(page, "miniredis_cache_fill_seconds_total{prefix=\"user:\"}"));
        Assert.InRange(Value(page, "miniredis_cache_fill_p99_seconds{prefix=\"user:\"}"), 2, 2.2);
        Assert.Equal(1, Value(page, "miniredis_cache_misses_total{prefix=\"p\\\"\ufffd:\"}"));
        for (var i = 0; i < 1100; i++) _client.Call($"GET {i}:x");
        Assert.InRange((await Scrape()).Split("miniredis_cache_keys{").Length - 1, 990, 1000);
    }

    [Fact]
    public async Task Each_command_has_a_histogram_of_its_times()
    {
        _client.Call("PING");
        _client.Call("CONFIG GET port");
        _client.Call("CONFIG GET port");
        var page = await Scrape();
        const string Name = "redis_commands_latencies_usec";
        Assert.Equal(2, Value(page, $"{Name}_count{{cmd=\"config|get\"}}"));
        Assert.Equal(2, Value(page, $"{Name}_bucket{{cmd=\"config|get\",le=\"+Inf\"}}"));
        // The clock of the test stands still, so nothing takes any time.
        Assert.Equal(2, Value(page, $"{Name}_bucket{{cmd=\"config|get\",le=\"1\"}}"));
        Assert.Equal(0, Value(page, $"{Name}_sum{{cmd=\"config|get\"}}"));
        Assert.Equal(1, Value(page, $"{Name}_count{{cmd=\"ping\"}}"));
    }

    [Fact]
    public async Task Reset_counters_begin_anew()
    {
        _client.Call("GET a");
        Assert.Equal(1, Value(await Scrape(), "redis_commands_latencies_usec_count{cmd=\"get\"}"));
        _client.Call("CONFIG RESETSTAT");
        var page = await Scrape();
        Assert.Equal(0, Value(page, "redis_keyspace_misses_total"));
        Assert.DoesNotContain("cmd=\"get\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_commands_and_events_are_told()
    {
        _client.Call("CONFIG SET slowlog-log-slower-than 0 latency-monitor-threshold 5");
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Latency.Note("expire-cycle", 250);
        _client.Call("PING");
        var page = await Scrape();
        Assert.Equal(_server.Server.CallWatch.SlowLog.Count, Value(page, "redis_slowlog_length"));
        Assert.Equal(0.25, Value(page, "redis_latency_spike_duration_seconds{event_name=\"expire-cycle\"}"));
        Assert.Equal(_server.Time.Now / 1000, Value(page, "redis_latency_spike_last{event_name=\"expire-cycle\"}"), tolerance: 1);
    }

    [Fact]
    public async Task A_page_is_kept_for_the_next_scraper()
    {
        var first = await Scrape();
        _client.Call("PING");
        Assert.Equal(first, await _http.GetStringAsync("/metrics"));
        Assert.Equal(Value(first, "redis_commands_processed_total") + 1, Value(await Scrape(), "redis_commands_processed_total"));
    }

    [Fact]
    public async Task The_format_is_what_the_scraper_prefers()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        // Prometheus's own header.
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text;version=1.0.0;q=0.8,"
            + "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1");
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.EndsWith("# EOF\n", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var plain = await _http.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", plain.Content.Headers.ContentType!.ToString());
    }

    [Theory]
    [InlineData("", "Prometheus")]
    [InlineData("*/*", "Prometheus")]
    [InlineData("nonsense;;", "Prometheus")]
    [InlineData("application/openmetrics-text", "OpenMetrics")]
    [InlineData("application/openmetrics-text; version=0.0.1", "Prometheus")]
    [InlineData("application/openmetrics-text; version=\"1.0.0\"; q=0.5, text/plain; q=0.7", "Prometheus")]
    [InlineData("text/plain;q=0.5,application/openmetrics-text;version=1.0.0;q=0.5", "OpenMetrics")]
    [InlineData("application/openmetrics-text;q=0", "Prometheus")]
    public void Weights_decide_about_the_format(string accept, string format) =>
        Assert.Equal(format, MetricsEndpoint.Wanted(accept).ToString());

    [Theory]
    [InlineData("/", HttpStatusCode.NotFound)]
    [InlineData("/metrics/", HttpStatusCode.NotFound)]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/readyz", HttpStatusCode.OK)]
    [InlineData("/metrics?name=redis_up", HttpStatusCode.OK)]
    public async Task Other_paths_are_not_there(string path, HttpStatusCode status)
    {
        using var answer = await _http.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task Nothing_can_be_sent_there()
    {
        using var body = new StringContent("x");
        using var answer = await _http.PostAsync("/metrics", body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "HEAD"], answer.Content.Headers.Allow);
    }

    [Fact]
    public async Task A_head_has_the_length_and_no_body()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/metrics");
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True(answer.Content.Headers.ContentLength > 1000);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_server_that_loads_lives_and_is_not_ready()
    {
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Dataset.IsLoading = true;
        using var ready = await _http.GetAsync("/readyz", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("the data set is being loaded\n", await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("ok\n", await _http.GetStringAsync("/healthz", TestContext.Current.CancellationToken));
        Assert.Equal(1, Value(await Scrape(), "redis_loading_dump_file"));
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Dataset.IsLoading = false;
        Assert.Equal("ok\n", await _http.GetStringAsync("/readyz", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_replica_without_its_masters_data_is_not_ready()
    {
        using var server = new TestServer("metrics-port 1\nreplicaof 127.0.0.1 1");
        using var http = To(server.MetricsPort);
        using var ready = await http.GetAsync("/readyz", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
    }

    [Fact]
    public async Task A_server_that_ends_does_not_live()
    {
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Exit.Begin(0);
        using var alive = await _http.GetAsync("/healthz", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, alive.StatusCode);
    }

    [Fact]
    public async Task Health_does_not_wait_for_the_executor()
    {
        using var held = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var holder = Task.Run(() =>
        {
            lock (_server.Server.Executor.ExecutorLock)
            {
                held.Set();
                release.Wait();
            }
        }, TestContext.Current.CancellationToken);
        held.Wait(TestContext.Current.CancellationToken);
        var scrape = Scrape();
        Assert.Equal("ok\n", await _http.GetStringAsync("/healthz", TestContext.Current.CancellationToken));
        Assert.False(scrape.IsCompleted);
        release.Set();
        Assert.Equal(1, Value(await scrape, "redis_up"));
        await holder;
    }

    [Fact]
    public async Task A_password_is_asked_for_and_health_needs_none()
    {
        Assert.Equal("+OK", _client.Call("CONFIG SET metrics-password secret metrics-user prometheus"));
        using var refused = await _http.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("Basic", refused.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("ok\n", await _http.GetStringAsync("/healthz", TestContext.Current.CancellationToken));
        _http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String("prometheus:secret"u8));
        Assert.Equal(1, Value(await Scrape(), "redis_up"));
    }

    [Fact]
    public void A_header_without_end_is_cut_off()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, _server.MetricsPort);
        socket.Send(Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nHost: a\r\nX: " + new string('x', HttpLimits.HeaderBytes) + "\r\n\r\n"));
        var received = new byte[1024];
        var length = socket.Receive(received);
        Assert.StartsWith("HTTP/1.1 431 ", Encoding.ASCII.GetString(received, 0, length), StringComparison.Ordinal);
    }

    [Fact]
    public void Connections_beyond_the_limit_are_closed()
    {
        var sockets = new List<Socket>();
        var ask = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray();
        var received = new byte[1024];
        for (var i = 0; i < HttpLimits.Connections; i++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            sockets.Add(socket);
            socket.Connect(IPAddress.Loopback, _server.MetricsPort);
            socket.Send(ask);
            Assert.True(socket.Receive(received) > 0);
        }
        using var oneMore = new Socket(SocketType.Stream, ProtocolType.Tcp);
        oneMore.Connect(IPAddress.Loopback, _server.MetricsPort);
        Assert.Equal(0, oneMore.Receive(received));
        foreach (var socket in sockets) socket.Dispose();
    }

    public void Dispose()
    {
        _http.Dispose();
        _client.Dispose();
        _server.Dispose();
    }
}
