namespace MiniRedis.Server.Tests.Persistence.Aof;

public sealed class AofRewritingTests
{
    static void TickUntil(TestServer server, Func<bool> condition)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "it did not come to pass");
            server.Advance(TimeSpan.FromMilliseconds(200));
            Thread.Yield();
        }
    }

    [Fact]
    public void An_AOF_turned_on_by_a_transaction_begins_behind_that()
    {
        using var server = new TestServer("appendfsync always");
        using var client = server.Connect();
        client.Run("""
            MULTI
            -> +OK
            INCR x
            -> +QUEUED
            CONFIG SET appendonly yes
            -> +QUEUED
            INCR x
            -> +QUEUED
            BGREWRITEAOF
            -> +QUEUED
            EXEC
            -> *4 :1 +OK :2 +Background append only file rewriting scheduled
            """);
        TickUntil(server, () => server.Server.Statistics.Snapshots == 1 && !server.Server.AofRewriting.IsRunning);
        Assert.Equal(":3", client.Call("INCR x"));
        Assert.Contains("total_forks:1\r", client.Call("INFO stats"), StringComparison.Ordinal);

        // A server that writes no AOF leaves its directory to others.
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly no"));
        using var next = new TestServer($"dir {server.Directory}\nappendonly yes");
        TickUntil(next, () => !next.Server.Dataset.IsLoading);
        using var reader = next.Connect();
        Assert.Equal("$1 3", reader.Call("GET x"));
    }

    [Fact]
    public void DEBUG_LOADAOF_right_behind_turning_the_AOF_on_waits_for_its_base()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        client.Call("RPUSH list a b");
        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
        client.Call("RPUSH list c");
        Assert.Equal("+OK", client.Call("DEBUG LOADAOF"));
        Assert.Equal("*3 $1 a $1 b $1 c", client.Call("LRANGE list 0 -1"));
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly no"));
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
        client.Call("RPUSH list d");
        Assert.Equal("+OK", client.Call("DEBUG LOADAOF"));
        Assert.Equal(":4", client.Call("LLEN list"));
    }

    [Fact]
    public void DEBUG_LOADAOF_in_a_transaction_that_turns_the_AOF_on_is_refused_and_loses_nothing()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        client.Run("""
            SET a 1
            -> +OK
            MULTI
            -> +OK
            CONFIG SET appendonly yes
            -> +QUEUED
            DEBUG LOADAOF
            -> +QUEUED
            EXEC
            -> *2 +OK -ERR the append-only file lacks data that are not written yet
            GET a
            -> $1 1
            """);
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void DEBUG_LOADAOF_loads_what_a_rewrite_has_left_though_the_AOF_is_off(string preamble)
    {
        using var server = new TestServer($"enable-debug-command yes\naof-use-rdb-preamble {preamble}");
        using var client = server.Connect();
        Assert.Equal("-ERR this server has no append-only file to load", client.Call("DEBUG LOADAOF"));
        client.Call("MSET a 1 b 2");
        client.Call("RPUSH list x y z");
        var digest = client.Call("DEBUG DIGEST");
        Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
        TickUntil(server, () => !server.Server.AofRewriting.IsRunning);
        client.Call("SET late 1");
        Assert.Equal("+OK", client.Call("DEBUG LOADAOF"));
        Assert.Equal(digest, client.Call("DEBUG DIGEST"));
    }

    [Fact]
    public void What_was_replaced_stays_on_the_list_and_on_the_disk_until_the_configuration_lets_it_go()
    {
        using var directory = new AofDirectory();
        using var server = directory.Start("aof-disable-auto-gc yes");
        using var client = server.Connect();
        AofDirectory.Rewrite(server, client);
        string[] replaced = ["appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof"], left = ["appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof"];
        Assert.Equal([.. replaced, .. left, "appendonly.aof.manifest"], directory.Names);
        Assert.Equal(2, directory.Manifest.Split(" type h").Length - 1);

        // The files go. Their names stay until the list can be written.
        (directory.Files.Only, directory.Files.FailsAt) = ("manifest", FileStep.Write);
        Assert.Equal("+OK", client.Call("CONFIG SET aof-disable-auto-gc no"));
        Assert.Equal(2, directory.Manifest.Split(" type h").Length - 1);
        Assert.Contains("Error trying to write the temporary AOF manifest file", directory.Log.Text, StringComparison.Ordinal);
        directory.Files.FailsAt = FileStep.None;
        client.Call("CONFIG SET aof-disable-auto-gc yes");
        Assert.Equal("+OK", client.Call("CONFIG SET aof-disable-auto-gc no"));
        Assert.Equal("file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n", directory.Manifest);
        Assert.Equal([.. left, "appendonly.aof.manifest"], directory.Names.Where(name => !name.StartsWith("temp", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_base_of_commands_holds_the_libraries_of_functions_and_the_second_of_its_begin()
    {
        const string Configuration = "aof-use-rdb-preamble no\naof-timestamp-enabled yes";
        using var directory = new AofDirectory();
        using (var server = directory.Start(Configuration))
        using (var client = server.Connect())
        {
            client.CallWords("FUNCTION", "LOAD", "#!lua name=numbers\nredis.register_function('seven', function() return 7 end)");
            AofDirectory.Rewrite(server, client);
            Assert.StartsWith($"#TS:{server.Time.Now / 1000}\r\n*", File.ReadAllText(directory.AofPath("appendonly.aof.2.base.aof")),
                StringComparison.Ordinal);
        }
        using var again = directory.Start(Configuration);
        using var reader = again.Connect();
        Assert.Equal(":7", reader.Call("FCALL seven 0"));
    }

    [Fact]
    public void An_AOF_whose_first_snapshot_is_given_up_has_its_base_from_the_next()
    {
        using var directory = new AofDirectory();
        using (var server = directory.Start("appendonly no"))
        using (var client = server.Connect())
        {
            client.Call("SET a 1");
            directory.Files.Only = "temp-rewriteaof";
            directory.Files.HoldSyncs();
            Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
            lock (server.Server.Executor.ExecutorLock) server.Server.Snapshots.Abandon();
            directory.Files.ReleaseSyncs();
            TickUntil(server, () => !server.Server.AofRewriting.AwaitsBase);
            Assert.Contains("Killing running AOF rewrite child", directory.Log.Text, StringComparison.Ordinal);
            Assert.Equal("+OK", client.Call("SET b 2"));
        }
        using var again = directory.Start();
        using var reader = again.Connect();
        Assert.Equal("*2 $1 1 $1 2", reader.Call("MGET a b"));
    }

    [Fact]
    public void Turned_on_twice_it_goes_on_and_turned_off_on_a_full_disk_it_says_what_is_lost()
    {
        using var directory = new AofDirectory();
        using var server = directory.Start();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
        Assert.Equal(":1", client.Call("INCR a"));
        (directory.Files.Only, directory.Files.FailsAt) = (".incr.aof", FileStep.Write);
        Assert.Equal(":2", client.Call("INCR a"));
        Assert.StartsWith("-MISCONF", client.Call("INCR a"), StringComparison.Ordinal);
        Assert.Equal("+OK", client.Call("CONFIG SET appendonly no"));
        Assert.Contains("The disk does not take the end of the append only file", directory.Log.Text, StringComparison.Ordinal);
        Assert.Equal(":3", client.Call("INCR a"));
    }

    [Fact]
    public void A_server_that_goes_to_another_directory_leaves_the_files_of_the_first_to_others()
    {
        using AofDirectory first = new(), second = new();
        using var server = first.Start("enable-protected-configs yes");
        using var client = server.Connect();
        client.Call("SET a 1");
        Assert.Equal("+OK", client.Call($"CONFIG SET dir {second.PathOf("")}"));
        AofDirectory.Rewrite(server, client);
        Assert.Contains("appendonly.aof.manifest", second.Names);
        using var next = first.Start();
        using var reader = next.Connect();
        Assert.Equal("$1 1", reader.Call("GET a"));
    }

    [Fact]
    public void While_an_AOF_that_is_turned_on_has_no_base_the_list_stays_though_its_history_may_be_deleted()
    {
        using AofDirectory directory = new(), killed = new();
        using (var server = directory.Start("aof-disable-auto-gc yes"))
        using (var client = server.Connect())
        {
            client.Call("SET a old");
            AofDirectory.Rewrite(server, client);
            client.Call("CONFIG SET appendonly no");
            client.Call("SET a new");
            directory.Files.Only = "temp-rewriteaof";
            directory.Files.HoldSyncs();
            Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
            client.Call("SET b 1");
            var before = directory.Manifest;
            Assert.Equal("+OK", client.Call("CONFIG SET aof-disable-auto-gc no"));
            Assert.Equal(before, directory.Manifest);
            directory.CopyTo(killed);
            directory.Files.ReleaseSyncs();
            server.TickUntil(() => !server.Server.AofRewriting.AwaitsBase);
            Assert.Equal("file appendonly.aof.3.base.rdb seq 3 type b\nfile appendonly.aof.3.incr.aof seq 3 type i\n", directory.Manifest);
            Assert.Equal(3, directory.Names.Length);
        }
        using var again = killed.Start();
        using var reader = again.Connect();
        Assert.Equal("*2 $3 old $-1", reader.Call("MGET a b"));
    }

    [Fact]
    public void A_server_without_an_AOF_that_deletes_history_leaves_the_files_to_others()
    {
        using var directory = new AofDirectory();
        using var server = directory.Start("appendonly no\naof-disable-auto-gc yes");
        using var client = server.Connect();
        client.Call("SET a 1");
        AofDirectory.Rewrite(server, client);
        AofDirectory.Rewrite(server, client);
        Assert.Contains(" type h", directory.Manifest, StringComparison.Ordinal);
        Assert.Equal("+OK", client.Call("CONFIG SET aof-disable-auto-gc no"));
        Assert.Equal("file appendonly.aof.2.base.rdb seq 2 type b\n", directory.Manifest);
        using var next = directory.Start();
        using var reader = next.Connect();
        Assert.Equal("$1 1", reader.Call("GET a"));
    }

    [Fact]
    public void A_rewrite_that_cannot_begin_leaves_the_size_of_the_files_as_it_is()
    {
        using var directory = new AofDirectory();
        using var server = directory.Start();
        using var client = server.Connect();
        client.Call("SET a 1");
        var bytes = new FileInfo(directory.AofPath("appendonly.aof.1.base.rdb")).Length + new FileInfo(directory.AofPath("appendonly.aof.1.incr.aof")).Length;
        (directory.Files.Only, directory.Files.FailsAt) = ("appendonlydir", FileStep.SyncDirectory);
        Assert.StartsWith("-ERR Can't execute", client.Call("BGREWRITEAOF"), StringComparison.Ordinal);
        Assert.Contains($"aof_current_size:{bytes}\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
        directory.Files.FailsAt = FileStep.None;
    }
}
