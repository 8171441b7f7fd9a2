using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Administration.Observation;

public sealed class ObservationCommandsHotKeysTests : ServerTests
{
    [Theory]
    [InlineData("HOTKEYS START", "-ERR wrong number of arguments for 'hotkeys|start' command")]
    [InlineData("HOTKEYS START CPU 1", "-ERR METRICS takes the number of metrics and that many of CPU and NET")]
    [InlineData("HOTKEYS START METRICS x CPU", "-ERR value is not an integer or out of range")]
    [InlineData("HOTKEYS START METRICS 0", "-ERR METRICS must be between 1 and 2")]
    [InlineData("HOTKEYS START METRICS 3 CPU NET", "-ERR METRICS must be between 1 and 2")]
    [InlineData("HOTKEYS START METRICS 2 CPU", "-ERR METRICS takes the number of metrics and that many of CPU and NET")]
    [InlineData("HOTKEYS START METRICS 2 CPU CPU", "-ERR METRICS takes the number of metrics and that many of CPU and NET")]
    [InlineData("HOTKEYS START METRICS 1 CPU NET", "-ERR METRICS takes the number of metrics and that many of CPU and NET")]
    [InlineData("HOTKEYS START METRICS 1 CPU COUNT", "-ERR syntax error")]
    [InlineData("HOTKEYS START METRICS 1 CPU COUNT 0", "-ERR COUNT must be between 1 and 64")]
    [InlineData("HOTKEYS START METRICS 1 CPU COUNT 65", "-ERR COUNT must be between 1 and 64")]
    [InlineData("HOTKEYS START METRICS 1 CPU DURATION 0", "-ERR DURATION must be between 1 and 1000000")]
    [InlineData("HOTKEYS START METRICS 1 CPU SAMPLE 0", "-ERR SAMPLE must be between 1 and 2147483647")]
    [InlineData("HOTKEYS START METRICS 1 CPU FROB 1", "-ERR syntax error")]
    [InlineData("HOTKEYS START METRICS 1 CPU SLOTS 1 0", "-ERR SLOTS parameter cannot be used in non-cluster mode")]
    [InlineData("HOTKEYS STOP", "$-1")]
    [InlineData("HOTKEYS GET", "$-1")]
    [InlineData("HOTKEYS RESET", "+OK")]
    [InlineData("HOTKEYS FROB", "-ERR unknown subcommand 'FROB'. Try HOTKEYS HELP.")]
    public void Arguments_are_checked(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Theory]
    [InlineData("SLOTS 1 x", "-ERR value is not an integer or out of range")]
    [InlineData("SLOTS 0 1", "-ERR SLOTS must be between 1 and 16384")]
    [InlineData("SLOTS 2 1", "-ERR syntax error")]
    [InlineData("SLOTS 1 16384", "-ERR SLOTS takes numbers from 0 to 16383, each once")]
    [InlineData("SLOTS 2 7 7", "-ERR SLOTS takes numbers from 0 to 16383, each once")]
    [InlineData("SLOTS 1 7 COUNT 0", "-ERR COUNT must be between 1 and 64")]
    public void Slots_are_checked_in_a_cluster(string slots, string reply)
    {
        using var server = new TestServer("cluster-enabled yes");
        using var client = server.Connect();
        Assert.Equal(reply, client.Call("HOTKEYS START METRICS 1 CPU " + slots));
    }

    /// <summary>The fields of the one map of HOTKEYS GET.</summary>
    static Dictionary<string, object?> Get(RawClient client)
    {
        var map = (object?[])((object?[])client.CallTree("HOTKEYS GET")!)[0]!;
        return map.Chunk(2).ToDictionary(pair => Text(pair[0]), pair => pair[1]);
    }

    static string Text(object? value) => value is byte[] bytes ? System.Text.Encoding.ASCII.GetString(bytes) : Convert.ToString(value, CultureInfo.InvariantCulture)!;

    static string Flat(object? value) => value is object?[] values ? "[" + string.Join(' ', values.Select(Flat)) + "]" : Text(value);

    [Fact]
    public void A_session_finds_the_keys_with_the_most_bytes_and_ends_when_it_is_stopped()
    {
        Assert.Equal("+OK", _client.Call("HOTKEYS START METRICS 1 NET COUNT 2"));
        Assert.Equal("-ERR hotkeys tracking is active", _client.Call("HOTKEYS START METRICS 1 NET"));
        Assert.Equal("-ERR hotkeys tracking is active", _client.Call("HOTKEYS RESET"));
        for (var i = 0; i < 3; i++) _client.Call("GET hot");
        _client.Call("SET warm v");
        _client.Call("GET cold");
        _client.Call("PING");
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("+OK", _client.Call("HOTKEYS STOP"));
        Assert.Equal("$-1", _client.Call("HOTKEYS STOP"));
        for (var i = 0; i < 9; i++) _client.Call("GET cold");
        _server.Advance(TimeSpan.FromSeconds(2));

        var found = Get(_client);
        Assert.Equal("0", Text(found["tracking-active"]));
        Assert.Equal("1", Text(found["sample-ratio"]));
        Assert.Equal("[[0 16383]]", Flat(found["selected-slots"]));
        Assert.Equal("2000", Text(found["collection-duration-ms"]));
        // GET hot: 22 bytes and 5 of "$-1". SET warm v: 30 and 5 of "+OK".
        Assert.Equal("[hot 81 warm 35]", Flat(found["by-net-bytes"]));
        Assert.False(found.ContainsKey("by-cpu-time-us"));
        Assert.False(found.ContainsKey("total-cpu-time-user-ms"));
        Assert.True(long.Parse(Text(found["total-net-bytes"]), CultureInfo.InvariantCulture) > 116);
        Assert.Equal("+OK", _client.Call("HOTKEYS RESET"));
        Assert.Equal("$-1", _client.Call("HOTKEYS GET"));
    }

    [Fact]
    public void A_reply_has_the_fields_of_Redis_in_their_order_and_is_a_map_in_RESP3()
    {
        using var client = _server.Connect(protocol: 3);
        client.Call("HOTKEYS START METRICS 2 CPU NET SAMPLE 1");
        client.Call("SET k v");
        Assert.StartsWith("*1 %12 $15 tracking-active :1 $12 sample-ratio :1 $14 selected-slots *1 *2 :0 :16383 "
            + "$25 all-commands-all-slots-us :", client.Call("HOTKEYS GET"), StringComparison.Ordinal);
        string[] names =
        [
            "tracking-active", "sample-ratio", "selected-slots", "all-commands-all-slots-us", "net-bytes-all-commands-all-slots",
            "collection-start-time-unix-ms", "collection-duration-ms", "total-cpu-time-user-ms", "total-cpu-time-sys-ms", "total-net-bytes",
            "by-cpu-time-us", "by-net-bytes",
        ];
        Assert.Equal(names, Get(_client).Keys);
    }

    [Fact]
    public void A_session_ends_by_itself_after_its_duration()
    {
        _client.Call("HOTKEYS START METRICS 1 NET DURATION 2");
        _client.Call("GET early");
        _server.Advance(TimeSpan.FromMilliseconds(1999));
        Assert.Equal("1", Text(Get(_client)["tracking-active"]));
        _server.Advance(TimeSpan.FromSeconds(5));
        _client.Call("GET late");
        var found = Get(_client);
        Assert.Equal(("0", "2000"), (Text(found["tracking-active"]), Text(found["collection-duration-ms"])));
        Assert.Equal("[early 29]", Flat(found["by-net-bytes"]));
        Assert.Equal("+OK", _client.Call("HOTKEYS START METRICS 1 NET"));
    }

    [Fact]
    public void The_bytes_of_a_command_are_shared_among_its_keys_and_those_of_scripts_count_for_the_keys_they_declare()
    {
        _client.Call("HOTKEYS START METRICS 1 NET");
        // 32 bytes, and 14 of the reply.
        _client.Call("MGET aaa bbb");
        Assert.Equal("[aaa 23 bbb 23]", Flat(Get(_client)["by-net-bytes"]));
        _client.Call("HOTKEYS STOP");
        _client.Call("HOTKEYS START METRICS 1 NET");
        var script = "return redis.call('get', 'undeclared')";
        _client.CallWords("EVAL", script, "1", "declared");
        var bytes = RawClient.Encode("EVAL", script, "1", "declared").Length + "$-1\r\n".Length;
        Assert.Equal($"[declared {bytes} undeclared 0]", Flat(Get(_client)["by-net-bytes"]));
    }

    [Fact]
    public void Commands_of_a_transaction_count_each()
    {
        _client.Call("HOTKEYS START METRICS 1 NET");
        _client.Call("MULTI");
        _client.Call("GET a");
        _client.Call("GET a");
        _client.Call("EXEC");
        Assert.Equal("[a 50]", Flat(Get(_client)["by-net-bytes"]));
    }

    [Fact]
    public void A_sample_is_about_the_part_that_was_asked_for()
    {
        _client.Call("HOTKEYS START METRICS 1 NET SAMPLE 10");
        for (var i = 0; i < 1000; i++) _client.Call("GET a");
        Assert.Equal("10", Text(Get(_client)["sample-ratio"]));
        var bytes = long.Parse(Flat(Get(_client)["by-net-bytes"]).Trim('[', ']').Split(' ')[1], CultureInfo.InvariantCulture);
        Assert.InRange(bytes, 25 * 60, 25 * 150);
    }

    [Fact]
    public void With_slots_only_their_keys_are_found_and_counted_apart()
    {
        using var server = LoneNode.Start("0-16382", "16383");
        using var client = server.Connect();
        // "foo" is in slot 12182, "bar" in 5061.
        Assert.Equal("+OK", client.Call("HOTKEYS START METRICS 1 NET SAMPLE 2 SLOTS 4 12182 7 8 9"));
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal("$-1", client.Call("GET foo"));
            Assert.Equal("$-1", client.Call("GET bar"));
        }
        var found = Get(client);
        Assert.Equal("[[7 9] [12182]]", Flat(found["selected-slots"]));
        Assert.StartsWith("[foo ", Flat(found["by-net-bytes"]), StringComparison.Ordinal);
        Assert.DoesNotContain("bar", Flat(found["by-net-bytes"]), StringComparison.Ordinal);
        Assert.Equal("1350", Text(found["net-bytes-all-commands-selected-slots"]));
        Assert.InRange(long.Parse(Text(found["net-bytes-sampled-commands-selected-slots"]), CultureInfo.InvariantCulture), 27, 1349);
        Assert.True(found.ContainsKey("sampled-commands-selected-slots-us") && found.ContainsKey("all-commands-selected-slots-us"));
    }

    [Fact]
    public void Windows_tell_of_the_last_one_that_is_over()
    {
        Assert.Equal("+OK", _client.Call("CONFIG SET hotkeys-top-k 2 hotkeys-sampling-percentage 100 hotkeys-window-seconds 2"));
        Assert.Equal("*0", _client.Call("HOTKEYS GET"));
        for (var i = 0; i < 40; i++) _client.Call("GET hot");
        for (var i = 0; i < 20; i++) _client.Call("MGET hot warm");
        _client.Call("SELECT 3");
        _client.Call("GET hot");
        Assert.Equal("*0", _client.Call("HOTKEYS GET"));
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("*2 *6 $3 key $3 hot $2 db :0 $3 qps :30 *6 $3 key $4 warm $2 db :0 $3 qps :10", _client.Call("HOTKEYS GET"));
        using var resp3 = _server.Connect(protocol: 3);
        Assert.StartsWith("*2 %3 $3 key $3 hot $2 db :0 $3 qps :30 %3 ", resp3.Call("HOTKEYS GET"), StringComparison.Ordinal);
        Assert.EndsWith("hotkeys_last_window_samples:81\r\nhotkeys_last_window_duration_ms:2000\r\n", _client.Call("INFO hotkeys"), StringComparison.Ordinal);
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("*0", _client.Call("HOTKEYS GET"));
    }

    [Fact]
    public void A_window_that_lasted_too_long_is_dropped()
    {
        _client.Call("CONFIG SET hotkeys-top-k 2 hotkeys-sampling-percentage 100");
        _client.Call("GET hot");
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("*0", _client.Call("HOTKEYS GET"));
        Assert.EndsWith("hotkeys_last_window_duration_ms:0\r\n", _client.Call("INFO hotkeys"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FLUSHALL")]
    [InlineData("FLUSHDB")]
    [InlineData("HOTKEYS RESET")]
    [InlineData("CONFIG SET hotkeys-top-k 0")]
    public void Windows_are_forgotten(string command)
    {
        _client.Call("CONFIG SET hotkeys-top-k 2 hotkeys-sampling-percentage 100");
        _client.Call("GET hot");
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.StartsWith("*1 ", _client.Call("HOTKEYS GET"), StringComparison.Ordinal);
        Assert.Equal("+OK", _client.Call(command));
        Assert.Equal(command.EndsWith('0') ? "$-1" : "*0", _client.Call("HOTKEYS GET"));
    }

    [Fact]
    public void A_change_of_settings_keeps_the_last_window_and_begins_a_new_one()
    {
        _client.Call("CONFIG SET hotkeys-top-k 2 hotkeys-sampling-percentage 100");
        _client.Call("GET hot");
        _server.Advance(TimeSpan.FromSeconds(1));
        _client.Call("GET live");
        Assert.Equal("+OK", _client.Call("CONFIG SET hotkeys-sampling-percentage 50"));
        Assert.Equal("*1 *6 $3 key $3 hot $2 db :0 $3 qps :1", _client.Call("HOTKEYS GET"));
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("*0", _client.Call("HOTKEYS GET"));
    }

    [Fact]
    public void More_keys_can_be_asked_for_while_windows_pass()
    {
        _client.Call("CONFIG SET hotkeys-top-k 1 hotkeys-sampling-percentage 100");
        Assert.Equal("+OK", _client.Call("CONFIG SET hotkeys-top-k 100"));
        for (var window = 0; window < 3; window++)
        {
            for (var i = 0; i < 300; i++) _client.Call($"GET key{i}");
            _server.Advance(TimeSpan.FromSeconds(1));
            // Every one of them has a counter, so that each was used once and not more.
            var report = _client.Call("HOTKEYS GET");
            Assert.StartsWith("*100 ", report, StringComparison.Ordinal);
            Assert.Equal(100, report.Split("$3 qps :1").Length - 1);
        }
    }

    [Fact]
    public void A_session_goes_before_windows()
    {
        _client.Call("CONFIG SET hotkeys-top-k 2 hotkeys-sampling-percentage 100");
        _client.Call("HOTKEYS START METRICS 1 CPU");
        Assert.Equal("1", Text(Get(_client)["tracking-active"]));
        _client.Call("HOTKEYS STOP");
        Assert.Equal("0", Text(Get(_client)["tracking-active"]));
        _client.Call("HOTKEYS RESET");
        Assert.Equal("*0", _client.Call("HOTKEYS GET"));
    }

    [Fact]
    public void Its_memory_is_counted_and_given_back()
    {
        Assert.StartsWith("# Hotkeys\r\ntracking_active:0\r\nused_memory:0\r\n", _client.Call("INFO hotkeys").Split(' ', 2)[1], StringComparison.Ordinal);
        var before = Used();
        _client.Call("HOTKEYS START METRICS 2 CPU NET");
        Assert.True(_server.Server.HotKeys.MemoryBytes > 1000);
        Assert.InRange(Used() - before, _server.Server.HotKeys.MemoryBytes, _server.Server.HotKeys.MemoryBytes + 1000);
        _client.Call("HOTKEYS STOP");
        _client.Call("HOTKEYS RESET");
        Assert.Equal(0, _server.Server.HotKeys.MemoryBytes);

        long Used()
        {
            lock (_server.Server.Executor.ExecutorLock) return _server.Server.Memory.Total;
        }
    }

    [Fact]
    public void While_it_is_off_no_call_is_looked_at()
    {
        var watch = _server.Server.CallWatch;
        var usual = watch.LeastBytes;
        Assert.True(usual > 1000);
        _client.Call("HOTKEYS START METRICS 1 CPU DURATION 1");
        Assert.Equal(0, watch.LeastBytes);
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(usual, watch.LeastBytes);
        _client.Call("CONFIG SET hotkeys-top-k 1");
        Assert.Equal(0, watch.LeastBytes);
        _client.Call("CONFIG SET hotkeys-top-k 0");
        Assert.Equal(usual, watch.LeastBytes);
    }
}
