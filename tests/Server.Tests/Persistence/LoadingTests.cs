using System.Text;

namespace MiniRedis.Server.Tests.Persistence;

public sealed class LoadingTests
{
    // Sixteen bytes a key, in slices of the least size there is, each run by the test.
    const string Slowly = "loading-process-events-interval-bytes 1024";

    static byte[] Numbers(int count)
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        client.Call($"DEBUG POPULATE {count} key 20");
        client.Call("SAVE");
        return File.ReadAllBytes(server.Server.Saving.Path);
    }

    /// <summary>A server that has begun to load and goes on only when it is told to.</summary>
    static TestServer Halfway(byte[] data)
    {
        var server = new TestServer(Slowly);
        lock (server.Server.Executor.ExecutorLock)
        {
            File.WriteAllBytes(server.Server.Saving.Path, data);
            // The cron would go on with it.
            server.Server.Cron.IsPaused = true;
            server.Server.Loading.Start(server.Server.Saving.Path);
            server.Server.Loading.Step();
        }
        return server;
    }

    static void Finish(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock)
        {
            while (server.Server.Dataset.IsLoading) server.Server.Loading.Step();
        }
    }

    [Theory]
    [InlineData("REDIT0011", "Wrong signature trying to load DB from file")]
    [InlineData("REDIS0099", "Can't handle RDB format version 99")]
    [InlineData("REDIS0011\xfe", "Short read or OOM loading DB. Unrecoverable error, aborting now.")]
    [InlineData("REDIS0011\xff--------", "Wrong RDB checksum expected: (")]
    public void A_file_that_cannot_be_loaded_is_told_of_in_the_words_of_redis(string bytes, string reason)
    {
        var (log, exits) = (new LogLines(), new List<int>());
        using var server = new TestServer(data: Encoding.Latin1.GetBytes(bytes), log: log, exits: exits.Add);
        server.TickUntil(() => exits.Count > 0);
        Assert.Equal([1], exits);
        string[] expected =
            [reason, "Internal error in RDB reading offset ", "Terminating server after rdb file reading failure.",
                "Fatal error loading the DB, check server logs. Exiting."];
        Assert.All(expected, line => Assert.Contains(line, log.Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET key:1", "-LOADING Redis is loading the dataset in memory")]
    [InlineData("SET a b", "-LOADING Redis is loading the dataset in memory")]
    [InlineData("PING", "-LOADING Redis is loading the dataset in memory")]
    [InlineData("DBSIZE", "-LOADING Redis is loading the dataset in memory")]
    [InlineData("SELECT 1", "+OK")]
    [InlineData("SAVE", "-LOADING Redis is loading the dataset in memory")]
    [InlineData("CONFIG SET hz 20", "+OK")]
    [InlineData("CONFIG SET appendonly yes", "-LOADING Redis is loading the dataset in memory")]
    public void Commands_are_refused_unless_they_may_run_meanwhile(string command, string reply)
    {
        using var server = Halfway(Numbers(1000));
        using var client = server.Connect();
        Assert.Equal(reply, client.Call(command));

        Finish(server);
        Assert.Equal(":1000", client.Call("SELECT 0") == "+OK" ? client.Call("DBSIZE") : "");
    }

    [Fact]
    public void A_transaction_may_hold_what_may_run_meanwhile_and_nothing_else()
    {
        using var server = Halfway(Numbers(1000));
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("MULTI"));
        Assert.Equal("-LOADING Redis is loading the dataset in memory", client.Call("GET a"));
        Assert.Equal("-EXECABORT Transaction discarded because of previous errors.", client.Call("EXEC"));

        Assert.Equal("+OK", client.Call("MULTI"));
        Assert.Equal("+QUEUED", client.Call("SELECT 2"));
        Assert.Equal("*1 +OK", client.Call("EXEC"));
    }

    [Fact]
    public void A_transaction_queued_before_is_refused_while_data_are_loaded()
    {
        using var server = new TestServer(Slowly);
        using var client = server.Connect();
        client.Call("MULTI");
        client.Call("GET a");
        lock (server.Server.Executor.ExecutorLock)
        {
            File.WriteAllBytes(server.Server.Saving.Path, Numbers(1000));
            server.Server.Cron.IsPaused = true;
            server.Server.Loading.Start(server.Server.Saving.Path);
        }
        Assert.Equal("-EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset in memory", client.Call("EXEC"));
    }

    [Fact]
    public void Info_tells_how_far_it_is()
    {
        var data = Numbers(1000);
        using var server = Halfway(data);
        using var client = server.Connect();
        var info = client.Call("INFO persistence");
        Assert.Contains("loading:1\r\n", info, StringComparison.Ordinal);
        Assert.Contains($"loading_total_bytes:{data.Length}\r\n", info, StringComparison.Ordinal);
        var loaded = int.Parse(info.Split("loading_loaded_bytes:")[1].Split("\r\n")[0], null);
        Assert.InRange(loaded, 1024, 1100);
        Assert.Contains($"loading_loaded_perc:{100.0 * loaded / data.Length:F2}%\r\n", info, StringComparison.Ordinal);

        Finish(server);
        info = client.Call("INFO persistence");
        Assert.Contains("loading:0\r\n", info, StringComparison.Ordinal);
        Assert.DoesNotContain("loading_total_bytes", info, StringComparison.Ordinal);
        Assert.Contains("rdb_changes_since_last_save:0\r\n", info, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cron_loads_what_is_there_at_the_start()
    {
        using var server = new TestServer(Slowly, data: Numbers(1000));
        server.Tick();
        using var client = server.Connect();
        Assert.Equal(":1000", client.Call("DBSIZE"));
    }

    [Fact]
    public void A_damaged_file_ends_the_server_with_a_code()
    {
        var data = Numbers(100);
        data[^1] ^= 1;
        using var server = new TestServer();
        int? exitCode = null;
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Server.Exit.Stop = code => exitCode = code;
            File.WriteAllBytes(server.Server.Saving.Path, data);
            server.Server.Cron.IsPaused = true;
            server.Server.Loading.Start(server.Server.Saving.Path, ended: isWhole =>
            {
                if (!isWhole) server.Server.Exit.Begin(1);
            });
        }
        Finish(server);
        Assert.Equal(1, exitCode);
    }

    [Fact]
    public void Keys_that_have_expired_are_left_out_and_counted()
    {
        byte[] data;
        using (var server = new TestServer())
        using (var client = server.Connect())
        {
            client.Call("SET a 1 PX 100");
            client.Call("SET b 1 PX 100000");
            client.Call("RPUSH c x");
            client.Call("SAVE");
            data = File.ReadAllBytes(server.Server.Saving.Path);
        }
        using var second = new TestServer();
        second.Time.Advance(TimeSpan.FromSeconds(1));
        second.Tick();
        lock (second.Server.Executor.ExecutorLock)
        {
            File.WriteAllBytes(second.Server.Saving.Path, data);
            Assert.True(second.Server.Loading.LoadNow(second.Server.Saving.Path, replaces: false));
        }
        using var again = second.Connect();
        Assert.Equal(":2", again.Call("DBSIZE"));
        Assert.Contains("rdb_last_load_keys_expired:1\r\nrdb_last_load_keys_loaded:2\r\n", again.Call("INFO persistence"), StringComparison.Ordinal);
    }

    [Fact]
    public void Libraries_of_functions_are_kept_and_written_back()
    {
        var library = "#!lua name=mylib\nredis.register_function('f', function() return 1 end)";
        byte[] data = [.. "REDIS0010"u8, 0xF5, 0x40, (byte)library.Length, .. Encoding.ASCII.GetBytes(library), 0xFF, .. new byte[8]];
        using var server = new TestServer(data: data);
        server.Tick();
        using var client = server.Connect();
        client.Call("SAVE");
        Assert.Contains(library, Encoding.ASCII.GetString(File.ReadAllBytes(server.Server.Saving.Path)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("allkeys-lru", "OBJECT IDLETIME a", ":100")]
    [InlineData("allkeys-lfu", "OBJECT FREQ a", ":77")]
    public void The_use_of_keys_is_saved_as_the_policy_has_it(string policy, string command, string reply)
    {
        using var server = new TestServer($"maxmemory-policy {policy}\nlfu-decay-time 0\nenable-debug-command yes");
        using var client = server.Connect();
        client.Call("SET a 1");
        lock (server.Server.Executor.ExecutorLock)
        {
            var record = server.Server.Keyspace[0].Lookup("a"u8).Record;
            record.AccessField = server.Server.Config.Memory.UsesLfu ? record.AccessField & ~0xFFu | 77 : record.AccessField - 100;
        }
        Assert.Equal(reply, client.Call(command));

        Assert.Equal("+OK", client.Call("DEBUG RELOAD"));

        Assert.Equal(reply, client.Call(command));
    }
}
