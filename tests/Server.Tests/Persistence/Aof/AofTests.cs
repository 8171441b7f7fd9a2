using MiniRedis.Server.Files;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>What is written into the file, and what a restart makes of it.</summary>
public sealed class AofTests : IDisposable
{
    readonly AofDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>What stands in the file once a client has its replies.</summary>
    string Written(params string[] commands)
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        foreach (var command in commands) client.Call(command);
        return _directory.Incremental();
    }

    [Fact]
    public void A_server_without_data_begins_with_an_empty_base()
    {
        using var server = _directory.Start();
        Assert.Equal(["appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof", "appendonly.aof.manifest"], _directory.Names);
        Assert.Equal("file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n", _directory.Manifest);
        Assert.Equal("", _directory.Incremental());
        Assert.Contains("aof-base\u00c0\u0001", Latin1(File.ReadAllBytes(_directory.AofPath("appendonly.aof.1.base.rdb"))), StringComparison.Ordinal);
        Assert.Contains("Creating AOF base file appendonly.aof.1.base.rdb on server start", _directory.Log.Text, StringComparison.Ordinal);
    }

    static string Latin1(byte[] bytes) => System.Text.Encoding.Latin1.GetString(bytes);

    [Fact]
    public void The_database_stands_before_the_first_command_and_where_it_changes() =>
        Assert.Equal(
            "*2 $6 SELECT $1 0 *3 $3 SET $1 a $1 1 *2 $4 INCR $1 a *2 $6 SELECT $2 11 *2 $4 INCR $1 b ",
            Written("SET a 1", "INCR a", "GET a", "SELECT 11", "INCR b"));

    [Fact]
    public void A_transaction_is_wrapped_in_multi_and_exec_unless_it_changes_one_thing()
    {
        Assert.Equal(
            "*1 $5 MULTI *2 $6 SELECT $1 0 *2 $4 INCR $1 a *2 $4 INCR $1 b *1 $4 EXEC *2 $4 INCR $1 c ",
            Written("MULTI", "INCR a", "GET a", "INCR b", "EXEC", "MULTI", "INCR c", "EXEC", "MULTI", "GET a", "EXEC"));
    }

    [Fact]
    public void What_only_replicas_are_to_have_is_left_out() =>
        Assert.Equal("*2 $6 SELECT $1 0 *2 $4 INCR $1 a ", Written("PUBLISH c m", "MULTI", "PUBLISH c m", "INCR a", "EXEC"));

    [Fact]
    public void A_flush_is_written_even_if_there_was_nothing()
    {
        Assert.Equal("*2 $6 SELECT $1 0 *1 $8 FLUSHALL *2 $7 FLUSHDB $4 SYNC ", Written("FLUSHALL", "FLUSHDB SYNC"));
    }

    [Fact]
    public void Times_are_absolute_and_choices_are_what_was_chosen()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Call("SET a 1 EX 10");
        client.Call("SADD s m");
        client.Call("SPOP s");
        Assert.Equal(
            $"*2 $6 SELECT $1 0 *5 $3 SET $1 a $1 1 $4 PXAT $13 {server.Time.Now + 10_000} *3 $4 SADD $1 s $1 m *3 $4 SREM $1 s $1 m ",
            _directory.Incremental());
    }

    [Fact]
    public void What_scan_finds_expired_is_deleted_key_by_key_not_in_a_transaction()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        client.Call("MSET a 1 b 2");
        var before = _directory.Incremental().Length;
        client.Call("PEXPIRE a 5");
        client.Call("PEXPIRE b 5");
        var expiries = _directory.Incremental().Length;
        server.Advance(TimeSpan.FromSeconds(1));
        client.Call("SCAN 0 COUNT 100");
        // The second is over: the file is being synced, and another thread writes meanwhile.
        server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
        var deletions = _directory.Incremental()[expiries..];
        Assert.True(deletions is "*2 $3 DEL $1 a *2 $3 DEL $1 b " or "*2 $3 DEL $1 b *2 $3 DEL $1 a ", deletions);
        Assert.True(before < expiries);
    }

    [Fact]
    public void Each_second_is_noted_once_before_what_happened_in_it()
    {
        using (var server = _directory.Start("aof-timestamp-enabled yes"))
        {
            using var client = server.Connect();
            client.Call("INCR a");
            client.Call("INCR a");
            server.Advance(TimeSpan.FromSeconds(2));
            foreach (var command in new[] { "MULTI", "INCR a", "INCR a", "EXEC" }) client.Call(command);
            var second = server.Time.Now / 1000;
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal(
                $"#TS:{second - 2} *2 $6 SELECT $1 0 *2 $4 INCR $1 a *2 $4 INCR $1 a #TS:{second} *1 $5 MULTI *2 $4 INCR $1 a *2 $4 INCR $1 a *1 $4 EXEC ",
                _directory.Incremental());
        }

        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("$1 4", reader.Call("GET a"));
    }

    [Theory]
    [InlineData("aof-use-rdb-preamble yes", false)]
    [InlineData("aof-use-rdb-preamble no", false)]
    [InlineData("aof-use-rdb-preamble yes", true)]
    [InlineData("aof-use-rdb-preamble no\nhash-max-listpack-entries 2\nzset-max-listpack-entries 2\nset-max-listpack-entries 2\nlist-max-listpack-size 2", true)]
    public void Every_type_is_as_it_was_after_a_restart(string configuration, bool rewrites)
    {
        string digest, groups;
        using (var server = _directory.Start(configuration))
        {
            using var client = server.Connect();
            Populate(client);
            digest = client.Call("DEBUG DIGEST");
            groups = client.Call("XINFO GROUPS stream");
            if (rewrites)
            {
                Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
                server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
                Assert.True(server.Server.AofRewriting.LastWentWell);
                Assert.Equal("", _directory.Incremental(2));
            }
            client.Call("DEBUG LOADAOF");
            Assert.Equal(digest, client.Call("DEBUG DIGEST"));
        }
        using var again = _directory.Start(configuration);
        using var reader = again.Connect();
        Assert.Equal(digest, reader.Call("DEBUG DIGEST"));
        Assert.Equal(":-1", reader.Call("PEXPIRETIME int"));
        Assert.Equal(":99999999999999", reader.Call("PEXPIRETIME expiring"));
        Assert.Equal("*2 :69999999999999 :-1", reader.Call("HPEXPIRETIME hash:small FIELDS 2 f n"));
        Assert.Equal(groups, reader.Call("XINFO GROUPS stream"));
        Assert.Equal("*4 :1 $3 1-1 $3 1-1 *1 *2 $6 worker $1 1", reader.Call("XPENDING stream g"));
        Assert.Equal(":1", reader.Call("XLEN stream:one"));
        Assert.Equal("+OK", reader.Call("SELECT 9"));
        Assert.Equal(":1", reader.Call("DBSIZE"));
    }

    static void Populate(RawClient client)
    {
        foreach (var command in new[]
        {
            "SET int 12345", "SET text \"with \\r\\n inside\"", "SET expiring value PXAT 99999999999999", "SETBIT bitmap 10000 1", "PFADD sparse a b c",
            "RPUSH list:small a 1 -5 70000 \"longer element\" \"\"", "SADD set:ints 1 2 70000", "SADD set:small a b 5",
            "HSET hash:small f v n 12 \"\" \"\"", "HPEXPIREAT hash:small 69999999999999 FIELDS 1 f", "ZADD zset:small 1 a -2.5 b inf c -inf d 1e300 e 0.1 f",
            "XADD stream 1-1 a 1 b 2", "XADD stream 1-2 a 1", "XADD stream 5-0 c 3", "XDEL stream 1-2", "XADD stream 6-0 d 4",
            "XGROUP CREATE stream g 0 ENTRIESREAD 0", "XGROUP CREATECONSUMER stream g idle", "XREADGROUP GROUP g worker COUNT 1 STREAMS stream >",
            "XGROUP CREATE empty g $ MKSTREAM", "XADD stream:one 3-3 x y", "XADD gone 3-3 x y", "XDEL gone 3-3", "SELECT 9", "SET other 1", "SELECT 0",
        })
        {
            var reply = client.Call(command);
            Assert.False(reply.StartsWith('-'), $"{command}: {reply}");
        }
        for (var i = 0; i < 300; i++)
        {
            client.Call($"RPUSH list:large {new string((char)('a' + i % 26), i % 150)}");
            client.Call($"SADD set:large member:{i}");
            client.Call($"HSET hash:large field:{i} {new string('v', i % 90)}");
            client.Call($"ZADD zset:large {i * 1.25 - 300} member:{i}");
        }
        client.Call("HPEXPIREAT hash:large 69999999999999 FIELDS 2 field:1 field:2");
    }

    [Fact]
    public void What_had_a_deadline_and_lost_it_is_there_though_the_deadline_has_passed_before_the_restart()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            foreach (var command in new[]
            {
                "SET a 1 PX 500", "PERSIST a", "SET b 1", "PEXPIRE b 500", "SET b 2 KEEPTTL", "GETEX b PERSIST",
                "HSET h f v", "HPEXPIRE h 500 FIELDS 1 f", "HPERSIST h FIELDS 1 f", "SET gone 1 PX 500", "HSET short f v", "HPEXPIRE short 500 FIELDS 1 f",
            }) client.Call(command);
        }
        // The next server's clock starts where the first one's did.
        File.WriteAllText(_directory.AofPath("appendonly.aof.1.incr.aof"),
            File.ReadAllText(_directory.AofPath("appendonly.aof.1.incr.aof")).Replace("1767225600500", "1767225500500", StringComparison.Ordinal));
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("$1 1", reader.Call("GET a"));
        Assert.Equal("$1 2", reader.Call("GET b"));
        Assert.Equal("$1 v", reader.Call("HGET h f"));
        Assert.Equal("$-1", reader.Call("GET gone"));
        Assert.Equal(":0", reader.Call("EXISTS short"));
    }

    [Fact]
    public void Info_tells_how_the_file_does()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Call("SET a 1");
        var info = client.Call("INFO persistence");
        var size = new FileInfo(_directory.AofPath("appendonly.aof.1.base.rdb")).Length + new FileInfo(_directory.AofPath("appendonly.aof.1.incr.aof")).Length;
        foreach (var field in new[]
        {
            "aof_enabled:1", "aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0", "aof_last_rewrite_time_sec:-1", "aof_current_rewrite_time_sec:-1",
            "aof_last_bgrewrite_status:ok", "aof_rewrites:0", "aof_last_write_status:ok", $"aof_current_size:{size}", "aof_pending_rewrite:0",
            "aof_buffer_length:0", "aof_delayed_fsync:0",
        }) Assert.Contains($"\r\n{field}\r\n", info, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_loaded_twice_by_debug_loadaof_and_what_follows_is_appended()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Run("""
            INCR a
            -> :1
            DEBUG LOADAOF
            -> +OK
            INCR a
            -> :2
            DEBUG LOADAOF
            -> +OK
            GET a
            -> $1 2
            """);
        Assert.Equal("*2 $6 SELECT $1 0 *2 $4 INCR $1 a *2 $4 INCR $1 a ", _directory.Incremental());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_acknowledged_is_in_the_file_before_the_reply(bool portableTransport)
    {
        using var server = _directory.Start(portableTransport: portableTransport);
        using var client = server.Connect();
        using var waiter = server.Connect();
        waiter.Send("BLPOP l 0");
        server.TickUntil(() => server.Server.Clients.All.Any(c => c.Has(ClientFlags.Blocked)));
        client.Call("INCR a");
        Assert.EndsWith("*2 $4 INCR $1 a ", _directory.Incremental(), StringComparison.Ordinal);
        client.Send("RPUSH l x");
        Assert.Equal("*2 $1 l $1 x", waiter.Read());
        Assert.EndsWith("*3 $5 RPUSH $1 l $1 x *2 $4 LPOP $1 l ", _directory.Incremental(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"my \\\"file\\\" \u00c3\u00a9\"")]
    [InlineData("\"it's\"")]
    public void Names_with_blanks_quotes_and_letters_of_any_language_are_found_again(string name)
    {
        using (var server = _directory.Start($"appendfilename {name}\nappenddirname \"the dir\""))
        {
            using var client = server.Connect();
            client.Call("SET a 1");
        }
        using var again = _directory.Start($"appendfilename {name}\nappenddirname \"the dir\"");
        using var reader = again.Connect();
        Assert.Equal("$1 1", reader.Call("GET a"));
    }

    [Fact]
    public void A_name_that_is_no_text_names_the_same_file_as_for_the_system()
    {
        // One byte, which in UTF-8 would begin a sequence.
        const string Configuration = "appendfilename \"caf\u00e9\"\nauto-aof-rewrite-percentage 0";
        using (var server = _directory.Start(Configuration))
        {
            using var client = server.Connect();
            client.Call("SET a 1");
        }
        using (var again = _directory.Start(Configuration))
        {
            using var reader = again.Connect();
            Assert.Equal("$1 1", reader.Call("GET a"));
        }
        foreach (var name in new[] { ".manifest", ".1.base.rdb", ".1.incr.aof" })
        {
            var path = _directory.AofPath("caf\udce9" + name);
            Assert.Equal(PathKind.File, Disk.KindOf(path));
            // What the runtime cannot name it cannot delete.
            Disk.Delete(path);
        }
    }
}
