using System.Globalization;

namespace MiniRedis.Server.Tests.Maintenance;

[Trait("Size", "Large")]
public class ActiveDefragTests
{
    const string Thresholds = "enable-debug-command yes\nactive-defrag-ignore-bytes 1mb\nactive-defrag-threshold-lower 5\n";
    const int Keys = 200_000;

    static string Info(RawClient client, string field)
    {
        var info = client.Call("INFO everything");
        var line = Array.Find(info.Split(['\r', '\n']), line => line.StartsWith(field + ":", StringComparison.Ordinal));
        Assert.True(line is not null, field);
        return line[(field.Length + 1)..];
    }

    static long Number(RawClient client, string field) => long.Parse(Info(client, field), CultureInfo.InvariantCulture);

    static double Ratio(RawClient client) => double.Parse(Info(client, "allocator_frag_ratio"), CultureInfo.InvariantCulture);

    /// <summary>Each size of blocks may have one slab that is not full.</summary>
    static void AssertLittleIsFree(RawClient client) => Assert.InRange(Number(client, "allocator_frag_bytes"), 0, 80 << 16);

    /// <summary>Strings of 200 bytes and collections of every kind, four of five of them deleted.</summary>
    static void FillAndDelete(RawClient client)
    {
        // What moves everything would leave nothing to be measured.
        client.Call("DEBUG MOVE-BLOCKS 0");
        var random = new Random(1);
        client.Call($"DEBUG POPULATE {Keys} key 200");
        Pipeline(client, Enumerable.Range(0, Keys).Where(i => i % 5 != 0).Select(i => $"DEL key:{i}"));
        Pipeline(client, Enumerable.Range(0, 40_000).Select(i => (i % 5) switch
        {
            0 => $"SADD {Name("set")} member:{i}",
            1 => $"HSET {Name("hash")} field:{i} {i}",
            2 => $"ZADD {Name("zset")} {i} member:{i}",
            3 => $"RPUSH {Name("list")} element-of-a-list:{i}:{new string('e', 60)}",
            _ => $"XADD {Name("stream")} {i}-1 field value:{i}",
        }));
        Pipeline(client, ["XGROUP CREATE stream:0 group 0", "XREADGROUP GROUP group consumer COUNT 500 STREAMS stream:0 >"]);
        Pipeline(client, Enumerable.Range(1, 7).Select(i => $"DEL set:{i} hash:{i} zset:{i} list:{i} stream:{i}"));

        string Name(string type) => $"{type}:{random.Next(8)}";
    }

    static void Pipeline(RawClient client, IEnumerable<string> commands)
    {
        foreach (var some in commands.Chunk(500))
        {
            client.SendRaw(string.Concat(some.Select(command => RawClient.Encode(command.Split(' ')))));
            foreach (var command in some)
            {
                var reply = client.Read();
                Assert.False(reply.StartsWith('-'), $"{command}: {reply}");
            }
        }
    }

    [Fact]
    public void Slabs_that_deletions_have_left_sparse_are_given_back()
    {
        using var server = new TestServer(Thresholds);
        using var client = server.Connect();
        FillAndDelete(client);
        // What was given up in one go is freed in slices.
        server.Advance(TimeSpan.FromSeconds(2));
        var digest = client.Call("DEBUG DIGEST");
        var active = Number(client, "allocator_active");
        Assert.InRange(Ratio(client), 2.0, 9.0);

        Assert.Equal("+OK", client.Call("CONFIG SET activedefrag yes"));
        for (var i = 0; i < 5; i++) server.Advance(TimeSpan.FromSeconds(1));

        AssertLittleIsFree(client);
        Assert.InRange(Number(client, "allocator_active"), 1, active / 2);
        Assert.InRange(Number(client, "active_defrag_hits"), 1000, Keys);
        Assert.InRange(Number(client, "active_defrag_key_hits"), 1000, Keys);
        Assert.Equal(0, Number(client, "active_defrag_running"));
        Assert.Equal(digest, client.Call("DEBUG DIGEST"));
        Assert.Equal("+OK", client.Call("CONFIG RESETSTAT"));
        Assert.Equal(0, Number(client, "active_defrag_hits"));
    }

    [Fact]
    public void Commands_run_between_slices()
    {
        using var server = new TestServer(Thresholds + "active-defrag-cycle-us 50\nactive-defrag-cycle-max 50", realTime: true);
        using var client = server.Connect();
        using var other = server.Connect();
        FillAndDelete(client);
        // What is freed after the pass has counted may leave less than the thresholds for another, and more than is asked for here.
        server.TickUntil(() => server.Server.LazyFree.Pending == 0);
        var digest = client.Call("DEBUG DIGEST");
        Assert.Equal("+OK", client.Call("CONFIG SET activedefrag yes"));
        var patience = System.Diagnostics.Stopwatch.StartNew();
        var (sawRunning, isRunning) = (false, false);
        for (var i = 0; !sawRunning || isRunning; i++)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "it does not begin or does not end");
            var running = Number(client, "active_defrag_running");
            isRunning = running > 0;
            sawRunning |= running is >= 1 and <= 50;
            // Whatever comes is gone again, or is what was there.
            other.Call($"SET new:{i} {new string('n', i % 300)}");
            Assert.Equal($":{i % 300}", other.Call($"STRLEN new:{i}"));
            other.Call($"DEL new:{i}");
            var score = other.Call("ZSCORE zset:0 " + other.Call("ZRANDMEMBER zset:0").Split(' ')[1]);
            Assert.StartsWith("$", score, StringComparison.Ordinal);
            Pipeline(other, ["LPUSH list:0 x", "LPOP list:0", "RPUSH list:0 y", "RPOP list:0", "SADD set:0 x", "SREM set:0 x", "HSET hash:0 f v", "HDEL hash:0 f"]);
        }
        AssertLittleIsFree(client);
        Assert.Equal(digest, client.Call("DEBUG DIGEST"));
        Assert.InRange(Number(client, "total_active_defrag_time"), 1, 60_000);
    }

    [Theory]
    [InlineData("activedefrag no")]
    [InlineData("active-defrag-ignore-bytes 100mb")]
    [InlineData("active-defrag-threshold-lower 1000")]
    public void Nothing_moves_while_it_is_off_or_there_is_less_than_the_thresholds(string directive)
    {
        using var server = new TestServer($"{Thresholds}activedefrag yes\n{directive}");
        using var client = server.Connect();
        FillAndDelete(client);
        for (var i = 0; i < 5; i++) server.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(Ratio(client), 2.0, 9.0);
        foreach (var field in new[] { "running", "hits", "misses", "key_hits", "key_misses" }) Assert.Equal(0, Number(client, "active_defrag_" + field));
        Assert.Equal(0, Number(client, "total_active_defrag_time"));
    }

    [Fact]
    public void Nothing_moves_while_a_snapshot_is_taken_and_all_does_after()
    {
        var files = new GatedFiles();
        using var server = new TestServer(Thresholds);
        server.Server.Saving.Files = files;
        using var client = server.Connect();
        FillAndDelete(client);
        server.Advance(TimeSpan.FromSeconds(2));
        var digest = client.Call("DEBUG DIGEST");
        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        Assert.Equal("+OK", client.Call("CONFIG SET activedefrag yes"));
        for (var i = 0; i < 3; i++) server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, Number(client, "active_defrag_hits"));

        files.Open();
        server.TickUntil(() => !server.Server.BackgroundSaving.IsRunning);
        for (var i = 0; i < 3; i++) server.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(Number(client, "active_defrag_hits"), 1000, long.MaxValue);
        Assert.Equal(digest, client.Call("DEBUG DIGEST"));

        using var loaded = new TestServer("enable-debug-command yes", data: files.Read("dump.rdb"));
        using var reader = loaded.Connect();
        loaded.TickUntil(() => !loaded.Server.Dataset.IsLoading);
        Assert.Equal(digest, reader.Call("DEBUG DIGEST"));
    }

    [Fact]
    public void Turning_it_off_ends_a_pass()
    {
        using var server = new TestServer(Thresholds + "activedefrag yes\nactive-defrag-cycle-us 1", realTime: true);
        using var client = server.Connect();
        FillAndDelete(client);
        server.TickUntil(() => server.Server.ActiveDefrag.Hits > 0);
        Assert.Equal("+OK", client.Call("CONFIG SET activedefrag no"));
        server.TickUntil(() => server.Server.ActiveDefrag.RunningPercent == 0);
        Assert.Equal(0, Number(client, "current_active_defrag_time"));
    }

    [Fact]
    public void The_share_of_time_rises_with_fragmentation_and_follows_the_configuration()
    {
        using var server = new TestServer(Thresholds + "active-defrag-cycle-us 1\nactive-defrag-cycle-min 3\nactive-defrag-cycle-max 75", realTime: true);
        using var client = server.Connect();
        FillAndDelete(client);
        client.Call("CONFIG SET activedefrag yes");
        // Far beyond active-defrag-threshold-upper, which is 100 %.
        server.TickUntil(() => server.Server.ActiveDefrag.RunningPercent == 75);
        client.Call("CONFIG SET active-defrag-cycle-max 40");
        server.TickUntil(() => server.Server.ActiveDefrag.RunningPercent == 40);
        client.Call("CONFIG SET active-defrag-threshold-upper 1000");
        server.TickUntil(() => server.Server.ActiveDefrag.RunningPercent is >= 3 and < 40);
    }

    /// <summary>Who waits, watches, scans or has been tracked comes back to a key whose record has moved in between.</summary>
    [Fact]
    public void Nobody_keeps_an_address_from_one_turn_to_the_next()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        using var waiting = server.Connect();
        using var watching = server.Connect();
        client.Call("DEBUG MOVE-BLOCKS 1");
        Pipeline(client, Enumerable.Range(0, 300).Select(i => $"SADD set member:{i}"));
        Pipeline(client, ["XADD stream 1-1 a b", "XGROUP CREATE stream group $", "SET watched 1", "SET key value"]);
        waiting.Send("XREADGROUP GROUP group consumer BLOCK 0 STREAMS stream >");
        watching.Call("WATCH watched");
        server.TickUntil(() => server.Server.Clients.All.Any(c => c.Waiting is not null));
        var cursor = client.Call("SSCAN set 0 COUNT 50").Split(' ')[2];
        for (var i = 0; i < 5; i++) server.Advance(TimeSpan.FromMilliseconds(100));

        Assert.StartsWith("*2 $", client.Call($"SSCAN set {cursor} COUNT 1000"), StringComparison.Ordinal);
        Assert.Equal("+OK", watching.Call("MULTI"));
        watching.Call("GET watched");
        Assert.Equal("*1 $1 1", watching.Call("EXEC"));
        client.Call("XADD stream 2-1 c d");
        Assert.Equal("*1 *2 $6 stream *1 *2 $3 2-1 *2 $1 c $1 d", waiting.Read());
        Assert.Equal("*1 *4 $3 2-1 $8 consumer :0 :1", client.Call("XPENDING stream group - + 10"));
        Assert.Equal("$5 value", client.Call("GET key"));
    }

    [Fact]
    public void A_pass_that_moving_everything_has_ended_does_not_count_as_running()
    {
        using var server = new TestServer(Thresholds + "active-defrag-cycle-us 1\nactive-defrag-cycle-max 1\nactivedefrag yes");
        using var client = server.Connect();
        FillAndDelete(client);
        server.Time.Advance(TimeSpan.FromSeconds(2));
        server.TickUntil(() => server.Server.ActiveDefrag.RunningPercent > 0);

        client.Call("DEBUG MOVE-BLOCKS 1");
        server.Tick();
        Assert.Equal(0, Number(client, "active_defrag_running"));
        client.Call("DEBUG MOVE-BLOCKS 0");
    }

    [Fact]
    public void The_doctor_advises_it()
    {
        using var server = new TestServer(Thresholds + "active-defrag-ignore-bytes 50mb");
        using var client = server.Connect(protocol: 3);
        client.Call("DEBUG MOVE-BLOCKS 0");
        client.Call("DEBUG POPULATE 120000 key 200");
        Pipeline(client, Enumerable.Range(0, 120_000).Where(i => i % 3 != 0).Select(i => $"DEL key:{i}"));
        Assert.Contains("CONFIG SET activedefrag yes has these moved", client.Call("MEMORY DOCTOR"), StringComparison.Ordinal);
        client.Call("CONFIG SET activedefrag yes");
        Assert.Contains("activedefrag will move these", client.Call("MEMORY DOCTOR"), StringComparison.Ordinal);
    }

    [Fact]
    public void Malloc_stats_tell_of_each_size()
    {
        using var server = new TestServer(Thresholds);
        using var client = server.Connect();
        client.Call("DEBUG POPULATE 1000 key 200");
        // 8 bytes of header, 7 of the key, 200 of the value.
        Assert.Matches(" 216 +[4-5] +[0-9]+ +[0-9]+ +[0-9.]+%", client.Call("MEMORY MALLOC-STATS"));
    }

    [Fact]
    public void Purging_gives_back_what_is_kept_for_the_next_keys()
    {
        using var server = new TestServer(Thresholds);
        using var client = server.Connect();
        client.Call("DEBUG POPULATE 20000 key 200");
        client.Call("FLUSHALL");
        client.Call("DEBUG POPULATE 20000 key 200");
        Pipeline(client, Enumerable.Range(0, 20_000).Select(i => $"DEL key:{i}"));
        var resident = Number(client, "allocator_resident");
        Assert.InRange(Number(client, "allocator_rss_bytes"), 3 << 20, 6 << 20);
        Assert.Equal("+OK", client.Call("MEMORY PURGE"));
        Assert.InRange(Number(client, "allocator_resident"), 1, resident - (3 << 20));
        Assert.InRange(Number(client, "allocator_rss_bytes"), 0, 128 << 10);
    }
}
