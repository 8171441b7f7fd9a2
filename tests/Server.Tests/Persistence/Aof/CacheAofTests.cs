namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>Metadata and purges in the append-only file.</summary>
public sealed class CacheAofTests : IDisposable
{
    readonly AofDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_was_purged_stays_dead_and_what_was_not_keeps_what_it_carries()
    {
        string info;
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Run("""
                CACHE.SET dead v TAGS 1 posts
                -> :1767225600000000
                CACHE.SET alive v EX 100 STALE 10 TAGS 2 users pages COST 7
                -> :1767225600000000
                CACHE.PURGE TAG posts
                -> :1767225600000001
                CACHE.SET again v TAGS 1 posts
                -> :1767225600000001
                """);
            info = client.Call("CACHE.INFO alive");
        }
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            Assert.Equal(info, client.Call("CACHE.INFO alive"));
            Assert.Equal(":2", client.Call("EXISTS dead alive again"));
            // The clock goes on where it was.
            Assert.Equal(":1767225600000002", client.Call("CACHE.PURGE TAG pages"));
            Assert.Equal(":0", client.Call("EXISTS alive"));
        }
    }

    [Fact]
    public void Keys_of_a_prefix_that_was_purged_stay_dead_and_what_was_written_since_stays()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            lock (server.Server.Executor.ExecutorLock) server.Server.Cron.IsPaused = true;
            client.Run("""
                MSET p:dead 1 p:again 1 q 1
                -> +OK
                CACHE.SET p:stale v STALE 100
                -> :1767225600000000
                CACHE.PURGE SOFT PREFIX p:
                -> :1767225600000001
                SET p:again 2
                -> +OK
                APPEND p:again 3
                -> :2
                APPEND p:new 4
                -> :1
                """);
        }
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Run("""
                MGET p:dead p:again p:new q
                -> *4 $-1 $2 23 $1 4 $1 1
                CACHE.GET p:stale
                -> *5 $1 v $5 STALE $-1 :100000 :1767225600000000
                """);
            server.Tick();
            Assert.Equal(":4", client.Call("DBSIZE"));
            Assert.False(server.Server.Keyspace[0].Tags.Prefixes.Any);
        }
    }

    /// <summary>
    /// The base has no key that is dead when the walk comes to it. But the file behind it has commands that have read the key before it died.
    /// </summary>
    [Theory]
    [InlineData("COPY a:text b", "GET b", "$1 7", "PREFIX a:")]
    [InlineData("BITOP OR b a:text a:none", "GET b", "$1 7", "PREFIX a:")]
    [InlineData("BITOP OR b a:text a:none", "GET b", "$1 7", "ALL")]
    [InlineData("PFMERGE b a:hll", "PFCOUNT b", ":2", "SOFT PREFIX a:")]
    [InlineData("SORT list BY nosort GET a:* STORE b", "LRANGE b 0 -1", "*1 $1 7", "PREFIX a:")]
    [InlineData("SORT list BY nosort GET a:*->f STORE b", "LRANGE b 0 -1", "*1 $1 8", "PREFIX a:")]
    [InlineData("SUNIONSTORE b a:set a:none", "SMEMBERS b", "*1 $1 m", "PREFIX a:")]
    [InlineData("ZRANGESTORE b a:sorted 0 -1", "ZRANGE b 0 -1", "*1 $1 m", "PREFIX a:")]
    public void What_was_made_of_a_key_before_its_purge_survives_a_rewrite_that_both_came_into(
        string command, string asked, string reply, string purge)
    {
        using (var server = _directory.Start())
        {
            using var client = new LocalClient(server);
            client.Call("CACHE.SET a:text 7");
            client.Call("PFADD a:hll x y");
            client.Call("SADD a:set m");
            client.Call("ZADD a:sorted 1 m");
            client.Call($"RPUSH list {(command.Contains("->", StringComparison.Ordinal) ? "hash" : "text")}");
            client.Call("HSET a:hash f 8");
            // No walk comes in between.
            lock (server.Server.Executor.ExecutorLock)
            {
                Assert.StartsWith("+Background", client.Call("BGREWRITEAOF"), StringComparison.Ordinal);
                Assert.True(server.Server.Snapshots.IsActive);
                Assert.False(client.Call(command).StartsWith('-'));
                Assert.StartsWith(":", client.Call($"CACHE.PURGE {purge}"), StringComparison.Ordinal);
            }
            server.TickUntil(() => !server.Server.AofRewriting.IsRunning && !server.Server.AofRewriting.IsScheduled);
            Assert.Equal(reply, client.Call(asked));
        }
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            Assert.Equal(reply, client.Call(asked));
            Assert.Equal(purge == "ALL" ? ":3" : ":0", client.Call("EXISTS a:text a:hll a:set a:sorted"));
        }
    }

    [Fact]
    public void A_file_with_many_purges_of_prefixes_is_loaded_in_linear_time()
    {
        const int Purges = 50_000;
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("MSET alive 1 7:dead 1");
        }
        // As a server writes it: each purge is a PING of its own.
        var purges = new List<byte>();
        for (var i = 0; i < Purges; i++)
        {
            var payload = new System.Buffers.ArrayBufferWriter<byte>();
            Storage.Caching.CachePayload.BeginPurge(payload, 1767225600000001 + i, Storage.Caching.Purges.PurgeScope.Prefix, isSoft: i % 3 == 0);
            Storage.Caching.CachePayload.AddName(payload, System.Text.Encoding.ASCII.GetBytes($"{i % 40_000}:"));
            purges.AddRange(System.Text.Encoding.ASCII.GetBytes($"*2\r\n$4\r\nPING\r\n${payload.WrittenCount}\r\n"));
            purges.AddRange(payload.WrittenSpan);
            purges.AddRange("\r\n"u8);
            purges.AddRange(System.Text.Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$9\r\n{i % 40_000:D5}:key\r\n$1\r\nv\r\n"));
        }
        File.AppendAllBytes(Directory.GetFiles(_directory.AofPath(""), "*.incr.aof").Single(), [.. purges]);
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            Assert.Equal(":1", client.Call("EXISTS alive 7:dead"));
            server.Tick();
            Assert.Equal(":40001", client.Call("DBSIZE"));
            Assert.False(server.Server.Keyspace[0].Tags.Prefixes.Any);
        }
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void A_rewrite_keeps_what_keys_carry_and_how_far_the_clock_has_come(string preamble)
    {
        string info;
        using (var server = _directory.Start($"aof-use-rdb-preamble {preamble}"))
        {
            using var client = server.Connect();
            client.Run("""
                CACHE.SET alive v EX 100 SLIDE 10 TAGS 2 users pages
                -> :1767225600000000
                CACHE.SET dead v TAGS 1 posts
                -> :1767225600000000
                CACHE.PURGE TAG posts
                -> :1767225600000001
                BGREWRITEAOF
                -> +Background append only file rewriting started
                """);
            server.TickUntil(() => !server.Server.AofRewriting.IsRunning && !server.Server.AofRewriting.IsScheduled);
            info = client.Call("CACHE.INFO alive");
        }
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            Assert.Equal(info, client.Call("CACHE.INFO alive"));
            Assert.Equal("*1 $5 alive", client.Call("KEYS *"));
            // A value that was begun before the purge is refused: what was purged then is not known any more.
            Assert.Equal("$-1", client.Call("CACHE.SET late v ASOF 1767225600000000 TAGS 1 posts"));
            Assert.Equal(":1767225600000002", client.Call("CACHE.PURGE ALL"));
            Assert.Equal(":0", client.Call("EXISTS alive"));
        }
    }

    [Fact]
    public void What_stands_in_the_file_is_a_command_that_every_server_knows_with_a_PING_behind_it()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("CACHE.SET k v TAGS 1 a");
            client.Call("CACHE.PURGE ALL");
        }
        var file = _directory.Incremental(1);
        Assert.Contains("*1 $5 MULTI *2 $6 SELECT $1 0 *3 $3 SET $1 k $1 v *2 $4 PING $20 mrc1k", file, StringComparison.Ordinal);
        Assert.Contains("*1 $4 EXEC *2 $4 PING $15 mrc1p", file, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mrc1k\u0001")]
    [InlineData("mrc2k\u0001a")]
    [InlineData("mrc1p\0\0\u0007")]
    public void A_payload_that_is_damaged_or_newer_is_passed_over_and_the_log_tells(string payload)
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("SET k v");
        }
        var path = Directory.GetFiles(_directory.AofPath(""), "*.incr.aof").Single();
        File.AppendAllBytes(path, System.Text.Encoding.Latin1.GetBytes($"*2\r\n$4\r\nPING\r\n${payload.Length}\r\n{payload}\r\n"));
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            Assert.Equal("*1 $1 k", client.Call("KEYS *"));
            Assert.Contains("damaged or of a newer version", _directory.Log.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_client_s_own_PING_of_a_payload_changes_nothing()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Call("CACHE.SET k v TAGS 1 a");
        Assert.Equal("$8 mrc1p\0\u0001\u007f", client.CallWords("PING", "mrc1p\0\u0001\u007f"));
        Assert.Equal(":1", client.Call("EXISTS k"));
    }

    [Theory]
    [InlineData("SOFT TAG posts")]
    [InlineData("SOFT PREFIX pa")]
    [InlineData("SOFT ALL")]
    public void A_soft_purge_does_not_count_twice_for_a_key_that_got_another_deadline(string purge)
    {
        string info;
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("CACHE.SET page v EX 100 STALE 10 TAGS 1 posts");
            Assert.StartsWith(":", client.Call($"CACHE.PURGE {purge}"), StringComparison.Ordinal);
            Assert.Equal(":1", client.Call("EXPIRE page 50"));
            Assert.Equal(":1", client.Call("CACHE.TAG page users"));
            info = client.Call("CACHE.INFO page");
            Assert.Contains("ttl-ms :50000", info, StringComparison.Ordinal);
        }
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            Assert.Equal(info, client.Call("CACHE.INFO page"));
        }
    }

    [Theory]
    [InlineData("CACHE.PURGE SOFT TAG posts", "CACHE.TAG page users")]
    [InlineData("CACHE.PURGE SOFT TAG users", "CACHE.TAG page users")]
    public void What_a_soft_purge_made_of_a_key_is_in_the_file_once_the_key_gets_a_tag(string purge, string tag)
    {
        string info;
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("CACHE.SET page v EX 100 STALE 10 TAGS 1 posts");
            client.Call(purge);
            Assert.Equal(":1", client.Call(tag));
            info = client.Call("CACHE.INFO page");
            Assert.Contains("state $5 STALE $8 fresh-ms :0 $6 ttl-ms :10000", info, StringComparison.Ordinal);
        }
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            Assert.Equal(info, client.Call("CACHE.INFO page"));
        }
    }

    [Fact]
    public void What_a_policy_drew_is_in_the_file_and_no_policy_concerns_what_is_loaded()
    {
        const string keys = "p:set p:hash p:list p:cached p:copy p:expiring p:forever";
        string[] before;
        using (var server = _directory.Start("cache-policy p: ttl 1000 max-ttl 2000 stale 100 jitter 50"))
        {
            using var client = server.Connect();
            client.Run("""
                SET p:set v
                -> +OK
                HSET p:hash f v
                -> :1
                RPUSH p:list a b
                -> :2
                CACHE.SET p:cached v TAGS 1 t
                -> :1767225600000000
                COPY p:list p:copy
                -> :1
                SET p:expiring v EX 5000
                -> +OK
                CACHE.POLICY DEL p:
                -> :1
                SET p:forever v
                -> +OK
                """);
            before = Deadlines(client);
            // A copy has the deadline of what it copies.
            Assert.Equal(6, before.Distinct().Count());
        }
        using (var server = _directory.Start("cache-policy p: ttl 1 max-ttl 1 jitter 50"))
        {
            using var client = server.Connect();
            Assert.Equal(before, Deadlines(client));
        }

        static string[] Deadlines(RawClient client) => [.. keys.Split(' ').Select(key => client.Call($"PEXPIRETIME {key}"))];
    }
}
