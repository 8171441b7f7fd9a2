using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tests.Commands.Administration.Observation;

public sealed class ObservationCommandsLatencyTests : IDisposable
{
    readonly TestServer _server = new("latency-monitor-threshold 100");
    readonly RawClient _client;

    public ObservationCommandsLatencyTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    void Note(string name, long milliseconds)
    {
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Latency.Note(name, milliseconds);
    }

    [Fact]
    public void Events_keep_the_worst_sample_of_each_second()
    {
        Note("command", 99);
        Note("command", 300);
        Note("command", 200);
        Note("command", 400);
        _server.Advance(TimeSpan.FromSeconds(2));
        Note("command", 150);
        Note("expire-cycle", 100);
        _client.Run("""
            LATENCY LATEST
            -> *2 *4 $7 command :1767225602 :150 :400 *4 $12 expire-cycle :1767225602 :100 :100
            LATENCY HISTORY command
            -> *2 *2 :1767225600 :400 *2 :1767225602 :150
            LATENCY HISTORY nothing
            -> *0
            LATENCY RESET nothing
            -> :0
            LATENCY RESET command nothing
            -> :1
            LATENCY RESET
            -> :1
            LATENCY LATEST
            -> *0
            """);
    }

    [Fact]
    public void Samples_are_bounded()
    {
        for (var i = 0; i < 200; i++)
        {
            Note("command", 1000 - i);
            _server.Time.Advance(TimeSpan.FromSeconds(1));
            _server.Tick();
        }
        var history = (object?[])_client.CallTree("LATENCY HISTORY command")!;
        Assert.Equal(160, history.Length);
        Assert.Equal(960L, ((object?[])history[0]!)[1]);
        Assert.Equal(801L, ((object?[])history[^1]!)[1]);
    }

    [Fact]
    public void A_slow_command_is_an_event()
    {
        using var server = new TestServer("latency-monitor-threshold 100\nenable-debug-command yes", realTime: true);
        using var client = server.Connect();
        client.Call("DEBUG SLEEP 0.01");
        // A machine that has other work may make an event of a fast one.
        Assert.DoesNotContain("$7 command :", client.Call("LATENCY LATEST"), StringComparison.Ordinal);
        client.Call("DEBUG SLEEP 0.11");
        Assert.Contains("*4 $7 command :", client.Call("LATENCY LATEST"), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_asks_about_latencies_is_none()
    {
        _client.Call("PING");
        lock (_server.Server.Executor.ExecutorLock)
        {
            var latency = _server.Server.Commands.Find("LATENCY"u8)!.FindSubcommand("DOCTOR"u8)!;
            _server.Server.CallWatch.NoteTime(_server.Server.Clients.All.First(), latency, default, _server.Server.Clock.Ticks(1_000_000));
        }
        Assert.Equal("*0", _client.Call("LATENCY LATEST"));
    }

    [Fact]
    public void The_graph_rises_with_the_samples()
    {
        Note("command", 100);
        _server.Advance(TimeSpan.FromSeconds(60));
        Note("command", 1200);
        var graph = $"command - high 1200 ms, low 100 ms (all time high 1200 ms)\n{new string('-', 80)}\n #\n |\n |\n_|\n\n10\nms\n";
        Assert.Equal($"${graph.Length} {graph}", _client.Call("LATENCY GRAPH command"));
        Assert.Equal("-ERR No samples available for event 'nothing'", _client.Call("LATENCY GRAPH nothing"));
    }

    [Fact]
    public void The_doctor_says_what_was_seen()
    {
        Assert.Contains(" Dave, no latency spike was observed", _client.Call("LATENCY DOCTOR"), StringComparison.Ordinal);
        Note("command", 250);
        Assert.Contains(" Dave, I have observed latency spikes in this Redis instance.", _client.Call("LATENCY DOCTOR"), StringComparison.Ordinal);
        Assert.Contains("- command: 1 latency spikes, average 250 ms", _client.Call("LATENCY DOCTOR"), StringComparison.Ordinal);
        _client.Call("LATENCY RESET");
        _client.Call("CONFIG SET latency-monitor-threshold 0");
        Assert.Contains(" I'm sorry, Dave, I can't do that. Latency monitoring is disabled", _client.Call("LATENCY DOCTOR"), StringComparison.Ordinal);
    }

    [Fact]
    public void Histograms_are_maps_of_what_was_called()
    {
        _client.Call("SET a b");
        _client.Call("SET a b");
        _client.Call("CONFIG GET hz");
        Assert.Equal("*4 $3 set *4 $5 calls :2 $14 histogram_usec *2 :1 :2 $10 config|get *4 $5 calls :1 $14 histogram_usec *2 :1 :1",
            _client.Call("LATENCY HISTOGRAM set nothing config"));
        using var resp3 = _server.Connect(protocol: 3);
        Assert.Equal("%1 $10 config|get %2 $5 calls :1 $14 histogram_usec %1 :1 :1", resp3.Call("LATENCY HISTOGRAM config|get"));
        Assert.Equal("%0", resp3.Call("LATENCY HISTOGRAM nothing"));
    }

    [Fact]
    public void Steps_have_the_labels_of_redis()
    {
        var histogram = new LatencyHistogram();
        foreach (var microseconds in new[] { 1, 9, 30, 30, 1000, 700_000 }) histogram.Record(microseconds * 1000);
        Assert.Equal([(1, 1), (16, 2), (33, 4), (1056, 5), (1_082_130, 6)], histogram.PowersOfTwo().Select(p => ((int)p.Microseconds, (int)p.Calls)));
    }
}
