using MiniRedis.Server.Commands.Administration.Info;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tests.Commands.Administration;

public sealed class ServerCommandsInfoTests : ServerTests
{
    Dictionary<string, string> Fields(string sections) => Parse(_client.Call("INFO " + sections));

    static Dictionary<string, string> Parse(string reply) => reply.Split("\r\n")
        .Where(l => l.Contains(':', StringComparison.Ordinal) && !l.StartsWith('#'))
        .ToDictionary(l => l[..l.IndexOf(':', StringComparison.Ordinal)], l => l[(l.IndexOf(':', StringComparison.Ordinal) + 1)..]);

    static string[] Titles(string reply) =>
        [.. reply.Split("\r\n").Where(l => l.Contains("# ", StringComparison.Ordinal)).Select(l => l[(l.IndexOf("# ", StringComparison.Ordinal) + 2)..])];

    [Theory]
    [InlineData("INFO", "Server Clients Memory Persistence Stats Replication Threads CPU Modules Errorstats Cluster Keyspace")]
    [InlineData("INFO DEFAULT", "Server Clients Memory Persistence Stats Replication Threads CPU Modules Errorstats Cluster Keyspace")]
    [InlineData("INFO all", "Server Clients Memory Persistence Stats Replication Threads CPU Modules Commandstats Errorstats Latencystats Cluster TLS Keyspace Keysizes")]
    [InlineData("INFO everything debug", "Server Clients Memory Persistence Stats Replication Threads CPU Modules Commandstats Errorstats Latencystats Cluster TLS Keyspace Keysizes Debug")]
    [InlineData("INFO keyspace CPU cpu nonsense", "CPU Keyspace")]
    [InlineData("INFO nonsense", "")]
    public void Sections_come_once_and_in_order(string command, string titles) =>
        Assert.Equal(titles.Split(' ', StringSplitOptions.RemoveEmptyEntries), Titles(_client.Call(command)));

    [Fact]
    public void The_reply_is_text_and_sections_are_parted_by_an_empty_line()
    {
        const string Text = "# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n";
        Assert.Equal($"${Text.Length} {Text}", _client.Call("INFO keyspace cluster"));
        using var resp3 = _server.Connect(protocol: 3);
        Assert.Equal($"={Text.Length + 4} txt:{Text}", resp3.Call("INFO keyspace cluster"));
    }

    [Fact]
    public void The_server_is_a_redis_of_a_name_of_its_own()
    {
        var fields = Fields("server");
        Assert.Equal(ServerVersion.Redis, fields["redis_version"]);
        Assert.Equal("miniredis", fields["server_name"]);
        Assert.Equal(ServerVersion.Own, fields["miniredis_version"]);
        Assert.Equal("standalone", fields["redis_mode"]);
        Assert.False(fields.ContainsKey("valkey_version"));
        Assert.Equal(40, fields["run_id"].Length);
    }

    [Fact]
    public void Keyspace_counts_keys_and_averages_their_time_to_live()
    {
        _client.Run("""
            MSET a 1 b 2
            -> +OK
            SET c 3 PX 10240
            -> +OK
            SELECT 3
            -> +OK
            SET d 4
            -> +OK
            """);
        var fields = Fields("keyspace");
        Assert.Equal("keys=3,expires=1,avg_ttl=10240,subexpiry=0", fields["db0"]);
        Assert.Equal("keys=1,expires=0,avg_ttl=0,subexpiry=0", fields["db3"]);
    }

    [Fact]
    public void Sizes_of_values_are_counted_by_powers_of_two_for_each_type_and_database()
    {
        _client.Run("""
            MSET s0 "" s1 x s2 xx s3 xxx s5 12345
            -> +OK
            SETRANGE long 70000 x
            -> :70001
            RPUSH l 1 2 3
            -> :3
            SADD ints 1 2 3 4
            -> :4
            SADD words a b c d e f g h i
            -> :9
            ZADD z 1 a
            -> :1
            HSET h f v g v
            -> :2
            XADD x 1-1 f v
            -> $3 1-1
            SELECT 5
            -> +OK
            SET k v
            -> +OK
            SELECT 0
            -> +OK
            """);
        var fields = Fields("keysizes");
        Assert.Equal("0=1,1=1,2=2,4=1,64K=1", fields["db0_distrib_strings_sizes"]);
        Assert.Equal("2=1", fields["db0_distrib_lists_items"]);
        Assert.Equal("4=1,8=1", fields["db0_distrib_sets_items"]);
        Assert.Equal("1=1", fields["db0_distrib_zsets_items"]);
        Assert.Equal("2=1", fields["db0_distrib_hashes_items"]);
        Assert.Equal("1=1", fields["db5_distrib_strings_sizes"]);
        Assert.Equal(6, fields.Count);
    }

    [Fact]
    public void Sizes_in_a_large_database_are_those_of_a_sample()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        client.Call("DEBUG POPULATE 20000 key 100");
        var fields = Parse(client.Call("INFO keysizes"));
        Assert.Equal("64=20000", fields["db0_distrib_strings_sizes"]);
        Assert.Single(fields);
    }

    [Fact]
    public void An_idle_server_has_no_data_and_no_holes()
    {
        var fields = Fields("memory");
        Assert.Equal(64 * 1024, Number(fields, "used_memory_startup"));
        Assert.InRange(Number(fields, "used_memory"), 64 * 1024, 128 * 1024);
        Assert.Equal("0", fields["used_memory_dataset"]);
        Assert.Equal("0.00%", fields["used_memory_dataset_perc"]);
        // Those that compare with the resident memory tell of the process, which is all servers' of these tests.
        foreach (var ratio in new[] { "allocator_frag_ratio", "allocator_rss_ratio" })
            Assert.InRange(double.Parse(fields[ratio], System.Globalization.CultureInfo.InvariantCulture), 0.5, 1.5);
    }

    [Fact]
    public void Calls_rejections_and_failures_are_told_apart()
    {
        _client.Call("CONFIG RESETSTAT");
        _client.Call("SET k v");
        _client.Call("SET k");
        _client.Call("SET k v NX XX");
        _client.Call("CONFIG SET maxmemory 1");
        _client.Call("SET k w");
        _client.Call("CONFIG SET maxmemory 0");
        _client.Call("NOPE");
        _client.Call("CONFIG NOPE");
        var fields = Fields("commandstats errorstats stats");
        Assert.Equal("calls=2,usec=0,usec_per_call=0.00,rejected_calls=2,failed_calls=1", fields["cmdstat_set"]);
        Assert.Equal("calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0", fields["cmdstat_config|set"]);
        Assert.False(fields.ContainsKey("cmdstat_get"));
        Assert.Equal("count=4", fields["errorstat_ERR"]);
        Assert.Equal("count=1", fields["errorstat_OOM"]);
        Assert.Equal("5", fields["total_error_replies"]);
    }

    [Fact]
    public void Percentiles_are_those_configured_and_end_with_tracking()
    {
        _client.Call("SET k v");
        Assert.Equal("p50=1.023,p99=1.023,p99.9=1.023", Fields("latencystats")["latency_percentiles_usec_set"]);
        _client.Call("CONFIG SET latency-tracking-info-percentiles \"0.0 50.0 100.0\"");
        Assert.Equal("p0=1.023,p50=1.023,p100=1.023", Fields("latencystats")["latency_percentiles_usec_set"]);
        _client.Call("CONFIG SET latency-tracking no");
        Assert.Empty(Fields("latencystats"));
        _client.Call("CONFIG SET latency-tracking yes");
        _client.Call("CONFIG RESETSTAT");
        Assert.False(Fields("latencystats").ContainsKey("latency_percentiles_usec_set"));
    }

    [Fact]
    public void Memory_is_that_of_the_keyspace_and_of_connections()
    {
        var before = Fields("memory");
        _client.Call("SETRANGE big 999999 x");
        var after = Fields("memory");
        Assert.InRange(Number(after, "used_memory") - Number(before, "used_memory"), 1_000_000, 1_100_000);
        Assert.Equal(Number(after, "used_memory"), Number(after, "used_memory_overhead") + Number(after, "used_memory_dataset"));
        Assert.InRange(Number(after, "used_memory_peak"), Number(after, "used_memory"), long.MaxValue);
        Assert.InRange(Number(after, "used_memory_rss"), 1_000_000, long.MaxValue);
        Assert.Equal("miniredis-arena", after["mem_allocator"]);
        _client.Call("DEL big");
        Assert.InRange(Number(Fields("memory"), "used_memory"), 0, 100_000);
    }

    static long Number(Dictionary<string, string> fields, string name) => long.Parse(fields[name], System.Globalization.CultureInfo.InvariantCulture);

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(1023, "1023B")]
    [InlineData(1536, "1.50K")]
    [InlineData(104857600, "100.00M")]
    [InlineData(5368709120, "5.00G")]
    public void Bytes_have_a_form_for_people(long bytes, string text) => Assert.Equal(text, InfoText.Human(bytes));

    [Fact]
    public void Errors_that_scripts_invent_are_counted_together_beyond_a_limit()
    {
        var statistics = new ServerStatistics();
        for (var i = 0; i < 130; i++) statistics.CountError(System.Text.Encoding.ASCII.GetBytes($"C{i} text"), isCustom: true);
        statistics.CountError("ERR syntax error"u8);
        statistics.CountError("C1 again"u8, isCustom: true);
        statistics.CountError("NoBlankInTheFirstThirtyOneBytesOfThis one"u8);
        Assert.Equal(2, statistics.Errors["ERRORSTATS_OVERFLOW"]);
        Assert.Equal(2, statistics.Errors["ERR"]);
        Assert.Equal(2, statistics.Errors["C1"]);
    }

    /// <summary>Every field of the oldest server there is to compare with is there.</summary>
    [RedisServerFact]
    public void Every_field_of_redis_7_0_is_there()
    {
        using var oracle = new RedisServerProcess();
        using var redis = oracle.Connect();
        var theirs = Parse(redis.Call("INFO everything")).Keys.Where(k => !k.StartsWith("cmdstat_", StringComparison.Ordinal) && !k.StartsWith("latency_", StringComparison.Ordinal));
        Assert.Empty(theirs.Except(Fields("everything").Keys));
    }
}
