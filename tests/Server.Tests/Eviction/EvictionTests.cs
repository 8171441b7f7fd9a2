using System.Globalization;

namespace MiniRedis.Server.Tests.Eviction;

public sealed class EvictionTests
{
    const string Oom = "-OOM command not allowed when used memory > 'maxmemory'.";

    /// <summary>Bytes of a value. So many that the buffers of clients, which are counted while they are in use, make no key go.</summary>
    const int ValueBytes = 100_000;

    static readonly string s_value = new('x', ValueBytes);

    static long Info(RawClient client, string field)
    {
        var info = client.Call("INFO everything");
        var start = info.IndexOf("\n" + field + ":", StringComparison.Ordinal) + field.Length + 2;
        return long.Parse(info[start..info.IndexOf('\r', start)], CultureInfo.InvariantCulture);
    }

    static long Used(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock) return server.Server.Memory.Total;
    }

    static long SetMaxMemory(TestServer server, RawClient client, long more)
    {
        var bound = Used(server) + more;
        Assert.Equal("+OK", client.Call($"CONFIG SET maxmemory {bound}"));
        return bound;
    }

    static void Fill(RawClient client, string prefix, int keys, string options = "")
    {
        for (var i = 0; i < keys; i++) Assert.Equal("+OK", client.Call($"SET {prefix}{i} {s_value} {options}"));
    }

    static bool Exists(RawClient client, string key) => client.Call("EXISTS " + key) == ":1";

    [Theory]
    [InlineData("allkeys-lru")]
    [InlineData("allkeys-lfu")]
    [InlineData("allkeys-random")]
    [InlineData("volatile-lru")]
    [InlineData("volatile-lfu")]
    [InlineData("volatile-random")]
    [InlineData("volatile-ttl")]
    public void Memory_stays_within_maxmemory_and_every_key_that_goes_is_told_of(string policy)
    {
        using var server = new TestServer($"maxmemory-policy {policy}");
        using var client = server.Connect();
        var bound = SetMaxMemory(server, client, 200 * ValueBytes);
        server.Effects.Events.Clear();
        server.Effects.Commands.Clear();
        for (var i = 0; i < 600; i++)
        {
            Assert.Equal("+OK", client.Call($"SET key:{i} {s_value} EX {1000 + i % 7}"));
            Assert.InRange(Used(server), 0, bound + 2 * ValueBytes);
        }
        var evicted = Info(client, "evicted_keys");
        Assert.InRange(evicted, 400, 420);
        Assert.Equal(":" + (600 - evicted), client.Call("DBSIZE"));
        Assert.Equal(evicted, server.Effects.Events.Count(e => e.StartsWith("evicted@0 key:", StringComparison.Ordinal)));
        Assert.Equal(evicted, server.Effects.Commands.Count(c => c.StartsWith("DEL key:", StringComparison.Ordinal)));
        Assert.Equal(600, Info(client, "rdb_changes_since_last_save"));
    }

    [Theory]
    [InlineData("volatile-lru")]
    [InlineData("volatile-lfu")]
    [InlineData("volatile-random")]
    [InlineData("volatile-ttl")]
    public void Volatile_policies_spare_keys_without_a_deadline_and_refuse_when_no_other_is_left(string policy)
    {
        using var server = new TestServer($"maxmemory-policy {policy}");
        using var client = server.Connect();
        Fill(client, "forever:", 300);
        Fill(client, "mortal:", 20, "EX 1000");
        Assert.Equal(":1", client.Call("HSET hash f v"));
        Assert.Equal("*1 :1", client.Call("HEXPIRE hash 10 FIELDS 1 f"));
        SetMaxMemory(server, client, 0);
        for (var i = 0; i < 200; i++)
        {
            if (client.Call($"SET more:{i} {s_value}") == Oom) break;
        }
        Assert.Equal(Oom, client.Call("SET more x"));
        Assert.Equal(20, Info(client, "evicted_keys"));
        for (var i = 0; i < 300; i++) Assert.True(Exists(client, $"forever:{i}"));
        Assert.True(Exists(client, "hash"));
    }

    [Fact]
    public void Without_eviction_commands_that_may_need_memory_are_refused_and_others_run()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("SET k v"));
        Assert.Equal("+OK", client.Call("CONFIG SET maxmemory 1"));
        Assert.Equal(Oom, client.Call("SET k w"));
        Assert.Equal(Oom, client.Call("APPEND k w"));
        Assert.Equal("$1 v", client.Call("GET k"));
        Assert.Equal("+OK", client.Call("MULTI"));
        // What a transaction queues takes memory, whatever it is.
        Assert.Equal(Oom, client.Call("GET k"));
        Assert.Equal(Oom, client.Call("SET k w"));
        Assert.Equal("-EXECABORT Transaction discarded because of previous errors.", client.Call("EXEC"));
        Assert.Equal(":1", client.Call("DEL k"));
        Assert.Equal(0, Info(client, "evicted_keys"));
    }

    [Fact]
    public void Exec_is_refused_if_a_queued_command_may_need_memory_that_went_meanwhile()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        using var other = server.Connect();
        Assert.Equal("+OK", client.Call("MULTI"));
        Assert.Equal("+QUEUED", client.Call("SET k v"));
        Assert.Equal("+OK", other.Call("CONFIG SET maxmemory 1"));
        Assert.Equal("-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.", client.Call("EXEC"));
    }

    [Fact]
    public void Lru_evicts_what_was_not_used_for_longest()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lru\nmaxmemory-samples 64");
        using var client = server.Connect();
        for (var i = 0; i < 40; i++)
        {
            Fill(client, $"{i}:", 1);
            server.Advance(TimeSpan.FromSeconds(1));
        }
        client.Call("GET 0:0");
        client.Call("CLIENT NO-TOUCH ON");
        client.Call("GET 1:0");
        client.Call("CLIENT NO-TOUCH OFF");
        SetMaxMemory(server, client, -10 * ValueBytes);
        server.Tick();
        var evicted = (int)Info(client, "evicted_keys");
        Assert.InRange(evicted, 10, 11);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => i == 0 || i > evicted), Enumerable.Range(0, 40).Select(i => Exists(client, $"{i}:0")));
    }

    [Fact]
    public void Of_keys_last_used_in_the_same_second_those_go_first_that_nobody_has_asked_for()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lru\nmaxmemory-samples 64");
        using var client = server.Connect();
        Fill(client, "k", 20);
        for (var i = 0; i < 20; i += 2) client.Call($"STRLEN k{i}");
        // Neither an overwriting nor another form of the record forgets that.
        client.Call($"SET k0 {s_value} EX 1000");
        client.Call("PERSIST k0");
        client.Call("RENAME k2 renamed");
        SetMaxMemory(server, client, -9 * ValueBytes);
        server.Tick();
        Assert.InRange(Info(client, "evicted_keys"), 9, 10);
        Assert.True(Exists(client, "renamed"));
        for (var i = 0; i < 20; i += 2) Assert.Equal(i != 2, Exists(client, $"k{i}"));
    }

    [Fact]
    public void A_candidate_that_was_used_since_it_was_sampled_is_spared()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lru\nmaxmemory-samples 64");
        using (var filler = server.Connect())
        {
            for (var i = 0; i < 30; i++)
            {
                Fill(filler, $"{i}:", 1);
                server.Advance(TimeSpan.FromSeconds(1));
            }
        }
        // The buffer of its last request is as large as a value, and must not go between two looks at used_memory.
        server.TickUntil(() => server.Server.Clients.Count == 0);
        using var client = server.Connect();
        SetMaxMemory(server, client, -ValueBytes / 2);
        server.Tick();
        Assert.False(Exists(client, "0:0"));
        // By now the pool holds those that follow.
        for (var i = 1; i < 10; i++) client.Call($"TOUCH {i}:0");
        SetMaxMemory(server, client, -9 * ValueBytes / 2);
        server.Tick();
        Assert.Equal(Enumerable.Range(0, 30).Select(i => i is > 0 and < 10 or > 14), Enumerable.Range(0, 30).Select(i => Exists(client, $"{i}:0")));
    }

    [Fact]
    public void Lfu_evicts_what_was_used_least_often_and_forgets_with_time()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lfu\nmaxmemory-samples 64\nlfu-log-factor 0");
        using var client = server.Connect();
        Fill(client, "often:", 10);
        Fill(client, "once:", 10);
        for (var use = 0; use < 10; use++)
        {
            for (var i = 0; i < 10; i++) client.Call($"GET often:{i}");
        }
        Assert.Equal(":15", client.Call("OBJECT FREQ often:0"));
        SetMaxMemory(server, client, -10 * ValueBytes);
        server.Tick();
        for (var i = 0; i < 10; i++) Assert.True(Exists(client, $"often:{i}"));
        Assert.Equal("+OK", client.Call("CONFIG SET maxmemory 0"));

        // Ten minutes on, once in demand and new are worth the same, and who has not been used for longest goes.
        server.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(":5", client.Call("OBJECT FREQ often:0"));
        Fill(client, "new:", 10);
        SetMaxMemory(server, client, -5 * ValueBytes);
        server.Tick();
        for (var i = 0; i < 10; i++) Assert.True(Exists(client, $"new:{i}"));
    }

    [Fact]
    public void The_earliest_deadline_goes_first_even_among_a_thousand_keys_without_one_and_in_any_database()
    {
        using var server = new TestServer("maxmemory-policy volatile-ttl");
        using var client = server.Connect();
        for (var i = 0; i < 3000; i++) client.Call($"SET filler:{i} v");
        Fill(client, "b", 3, "EX 2000");
        client.Call("SELECT 5");
        Fill(client, "a", 3, "EX 1000");
        Fill(client, "c", 3, "EX 3000");
        client.Call("PERSIST a2");
        client.Call("EXPIRE c2 100");
        server.Effects.Events.Clear();
        SetMaxMemory(server, client, -11 * ValueBytes / 2);
        server.Tick();
        var gone = server.Effects.Events;
        Assert.Equal("evicted@5 c2", gone[0]);
        Assert.Equal(["evicted@5 a0", "evicted@5 a1"], gone[1..3].Order());
        Assert.All(gone[3..], e => Assert.StartsWith("evicted@0 b", e, StringComparison.Ordinal));
        Assert.InRange(gone.Count, 5, 6);
    }

    [Fact]
    public void Lowering_maxmemory_evicts_without_waiting_for_a_command()
    {
        using var server = new TestServer("maxmemory-policy allkeys-random\nlazyfree-lazy-eviction yes");
        using var client = server.Connect();
        Fill(client, "k", 200);
        server.Effects.Commands.Clear();
        SetMaxMemory(server, client, -100 * ValueBytes);
        server.Tick();
        Assert.All(server.Effects.Commands, c => Assert.StartsWith("UNLINK k", c, StringComparison.Ordinal));
        Assert.InRange(server.Effects.Commands.Count, 97, 101);
    }

    [Fact]
    public void Eviction_pauses_with_client_pause_and_nothing_is_refused_meanwhile()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lru");
        using var client = server.Connect();
        Fill(client, "k", 20);
        Assert.Equal("+OK", client.Call("CLIENT PAUSE 1000 WRITE"));
        Assert.Equal("+OK", client.Call("CONFIG SET maxmemory 1"));
        server.Tick();
        Assert.Equal($"${ValueBytes} {s_value}", client.Call("GET k3"));
        Assert.Equal(":20", client.Call("DBSIZE"));
        Assert.Equal("+OK", client.Call("CLIENT UNPAUSE"));
        Assert.Equal(":0", client.Call("DBSIZE"));
        Assert.Equal(Oom, client.Call("SET k v"));
    }

    [Fact]
    public void A_big_value_that_is_evicted_is_freed_before_another_key_goes()
    {
        using var server = new TestServer("maxmemory-policy volatile-ttl");
        using var client = server.Connect();
        var members = string.Join(' ', Enumerable.Range(0, 500).Select(i => "member-of-some-length:" + i));
        for (var i = 0; i < 20; i++) client.Call("SADD big " + members.Replace("length:", "length:" + i, StringComparison.Ordinal));
        client.Call("EXPIRE big 1000");
        Fill(client, "other", 5, "EX 2000");
        SetMaxMemory(server, client, -2 * ValueBytes);
        server.Tick();
        Assert.False(Exists(client, "big"));
        Assert.Equal(1, Info(client, "evicted_keys"));
        Assert.Equal(0, Info(client, "lazyfree_pending_objects"));
    }

    [Fact]
    public void Who_tracks_or_watches_a_key_learns_that_it_was_evicted()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lru");
        using var client = server.Connect();
        using var reader = server.Connect(protocol: 3);
        Fill(client, "k", 1);
        reader.Call("CLIENT TRACKING ON");
        reader.Call("GET k0");
        client.Call("WATCH k0");
        client.Call("MULTI");
        client.Call("PING");
        reader.Call("CONFIG SET maxmemory 1");
        server.Tick();
        Assert.Equal(">2 $10 invalidate *1 $2 k0", reader.Read());
        Assert.Equal("*-1", client.Call("EXEC"));
    }

    [Fact]
    public void The_client_whose_command_evicts_what_it_tracks_hears_of_it_before_the_reply()
    {
        using var server = new TestServer("maxmemory-policy volatile-ttl");
        using var client = server.Connect(protocol: 3);
        Fill(client, "k", 1, "EX 100");
        client.Call("CLIENT TRACKING ON");
        client.Call("STRLEN k0");
        lock (server.Server.Executor.ExecutorLock) server.Server.Config.Memory.MaxMemory = server.Server.Memory.Total - ValueBytes / 2;
        Assert.Equal(">2 $10 invalidate *1 $2 k0", client.Call("SET k0 v"));
        Assert.Equal("+OK", client.Read());
    }

    [Fact]
    public void The_time_over_the_bound_is_counted_until_it_ends()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        Fill(client, "k", 5);
        Assert.Equal("+OK", client.Call("CONFIG SET maxmemory 1"));
        server.Tick();
        client.Call("PING");
        server.Advance(TimeSpan.FromMilliseconds(1500));
        Assert.Equal(1500, Info(client, "current_eviction_exceeded_time"));
        Assert.Equal(1500, Info(client, "total_eviction_exceeded_time"));
        Assert.Equal("+OK", client.Call("CONFIG SET maxmemory 100mb"));
        server.Tick();
        client.Call("PING");
        server.Advance(TimeSpan.FromMilliseconds(1500));
        Assert.Equal(0, Info(client, "current_eviction_exceeded_time"));
        Assert.Equal(1500, Info(client, "total_eviction_exceeded_time"));
        client.Call("CONFIG RESETSTAT");
        Assert.Equal(0, Info(client, "total_eviction_exceeded_time"));
    }

    [Fact]
    public void No_key_goes_for_a_reply_that_has_been_sent()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lru");
        using var client = server.Connect();
        Fill(client, "k", 20);
        SetMaxMemory(server, client, ValueBytes);
        client.Call("MGET k0 k1 k2 k3 k4 k5 k6 k7 k8 k9");
        Await.UntilLocked(server, () => server.Server.Clients.All.All(c => c.Connection.Output.MemoryBytes == 0));
        client.Call("PING");
        Assert.Equal(0, Info(client, "evicted_keys"));
    }

    [Fact]
    public void What_clients_hold_counts_and_keys_go_for_it()
    {
        using var server = new TestServer("maxmemory-policy allkeys-lru");
        using var client = server.Connect();
        using var other = server.Connect();
        Fill(client, "k", 100);
        SetMaxMemory(server, client, ValueBytes);
        var request = "*2\r\n$3\r\nGET\r\n$3000000\r\n" + new string('x', 2_999_999);
        other.SendRaw(request);
        server.WaitUntilRead(other, request.Length);
        client.Call("PING");
        Assert.InRange(Info(client, "evicted_keys"), 27, 40);
    }
}
