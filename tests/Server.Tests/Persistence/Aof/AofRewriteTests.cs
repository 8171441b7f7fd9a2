namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>Rewriting the file, turning it on and off, and what becomes of both when the disk refuses.</summary>
public sealed class AofRewriteTests : IDisposable
{
    readonly AofDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    static void Finish(TestServer server) => server.TickUntil(() => !server.Server.AofRewriting.IsRunning && !server.Server.AofRewriting.IsScheduled);

    /// <summary>What another server answers that loads the files.</summary>
    string AfterRestart(string command)
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        return client.Call(command);
    }

    string DigestAfterRestart() => AfterRestart("DEBUG DIGEST");

    [Fact]
    public void A_rewrite_leaves_one_base_and_what_was_written_since_it_began()
    {
        string digest;
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            for (var i = 0; i < 50; i++) client.Call($"INCR a{i % 3}");
            _directory.Files.Only = "temp-rewriteaof";
            _directory.Files.HoldSyncs();
            Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
            Assert.Equal("-ERR Background append only file rewriting already in progress", client.Call("BGREWRITEAOF"));
            for (var i = 0; i < 5; i++) client.Call("INCR a1");
            Assert.Equal("file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n", _directory.Manifest);
            _directory.Files.ReleaseSyncs();
            Finish(server);
            Assert.Equal("file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n", _directory.Manifest);
            Assert.Equal(["appendonly.aof.2.base.rdb", "appendonly.aof.2.incr.aof", "appendonly.aof.manifest"], _directory.Names);
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.StartsWith("*2 $6 SELECT $1 0 *2 $4 INCR $2 a1 *2", _directory.Incremental(2), StringComparison.Ordinal);
            Assert.Contains("aof_rewrites:1\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
            digest = client.Call("DEBUG DIGEST");
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
        }
        Assert.Equal(digest, DigestAfterRestart());
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void A_server_that_ends_in_the_middle_of_a_rewrite_leaves_the_list_as_it_is(string preamble)
    {
        const string Listed = "file appendonly.aof.1.incr.aof seq 1 type i\nfile appendonly.aof.2.incr.aof seq 2 type i\n";
        using (var server = _directory.Start($"aof-use-rdb-preamble {preamble}\nrdb-key-save-delay 10000000"))
        {
            using var client = server.Connect();
            Assert.Equal("+OK", client.Call("MSET a 1 b 2"));
            Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
            Assert.Equal(":2", client.Call("INCR a"));
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.EndsWith(Listed, _directory.Manifest, StringComparison.Ordinal);
        }
        Assert.StartsWith("file appendonly.aof.1.base.", _directory.Manifest, StringComparison.Ordinal);
        Assert.EndsWith(Listed, _directory.Manifest, StringComparison.Ordinal);
        Assert.Equal("*2 $1 2 $1 2", AfterRestart("MGET a b"));
    }

    [Theory]
    [InlineData("Create", ".incr.aof")]
    [InlineData("Create", "manifest")]
    [InlineData("Write", "manifest")]
    [InlineData("Sync", "manifest")]
    [InlineData("Replace", "manifest")]
    [InlineData("SyncDirectory", "appendonlydir")]
    [InlineData("Create", "temp-rewriteaof")]
    [InlineData("Write", "temp-rewriteaof")]
    [InlineData("Sync", "temp-rewriteaof")]
    [InlineData("Replace", ".base.")]
    public void Wherever_a_rewrite_fails_nothing_is_lost_and_the_next_one_succeeds(string step, string file)
    {
        string digest;
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("INCR before");
            (_directory.Files.Only, _directory.Files.FailsAt) = (file, Enum.Parse<FileStep>(step));
            var reply = client.Call("BGREWRITEAOF");
            client.Call("INCR meanwhile");
            server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
            Assert.Contains("aof_last_bgrewrite_status:err\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
            if (reply.StartsWith('-')) Assert.Equal("-ERR Can't execute an AOF background rewriting. Please check the server logs for more information.", reply);
            _directory.Files.FailsAt = FileStep.None;
            client.Call("INCR after");
            digest = client.Call("DEBUG DIGEST");
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
        }
        Assert.Equal(digest, DigestAfterRestart());
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("BGREWRITEAOF");
            client.Call("INCR more");
            Finish(server);
            Assert.True(server.Server.AofRewriting.LastWentWell);
            digest = client.Call("DEBUG DIGEST");
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal(3, _directory.Names.Count(name => !name.StartsWith("temp", StringComparison.Ordinal)));
        }
        Assert.Equal(digest, DigestAfterRestart());
    }

    [Theory]
    [InlineData("Replace", "manifest")]
    [InlineData("SyncDirectory", "appendonlydir")]
    public void A_rewrite_whose_end_fails_leaves_what_the_list_says(string step, string file)
    {
        string digest;
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("INCR a");
            _directory.Files.Only = "temp-rewriteaof";
            _directory.Files.HoldSyncs();
            client.Call("BGREWRITEAOF");
            client.Call("INCR a");
            (_directory.Files.Only, _directory.Files.FailsAt) = (file, Enum.Parse<FileStep>(step));
            _directory.Files.ReleaseSyncs();
            server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
            Assert.False(server.Server.AofRewriting.LastWentWell);
            _directory.Files.FailsAt = FileStep.None;
            client.Call("INCR a");
            client.Call("BGREWRITEAOF");
            client.Call("INCR a");
            Finish(server);
            Assert.True(server.Server.AofRewriting.LastWentWell);
            digest = client.Call("DEBUG DIGEST");
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
        }
        Assert.Equal(digest, DigestAfterRestart());
    }

    [Fact]
    public void After_three_failures_in_a_row_the_next_automatic_attempt_waits()
    {
        using var server = _directory.Start("auto-aof-rewrite-percentage 1\nauto-aof-rewrite-min-size 1");
        using var client = server.Connect();
        (_directory.Files.Only, _directory.Files.FailsAt) = ("temp-rewriteaof", FileStep.Create);
        for (var failures = 1; failures <= 3; failures++)
        {
            Assert.DoesNotContain("triggered the limit", _directory.Log.Text, StringComparison.Ordinal);
            client.Call($"APPEND a {new string('x', 100)}");
            server.Advance(TimeSpan.FromMilliseconds(100));
            server.TickUntil(() => server.Server.AofRewriting.FailuresInARow == failures);
        }
        Assert.Contains(
            "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in 1 minutes\n", _directory.Log.Text + '\n',
            StringComparison.Ordinal);
        _directory.Files.FailsAt = FileStep.None;
        server.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(3, server.Server.AofRewriting.FailuresInARow);
        server.Advance(TimeSpan.FromSeconds(15));
        server.TickUntil(() => server.Server.AofRewriting.FailuresInARow == 0);
    }

    [Fact]
    public void Growth_starts_a_rewrite_by_itself()
    {
        using var server = _directory.Start("auto-aof-rewrite-percentage 100\nauto-aof-rewrite-min-size 1kb");
        using var client = server.Connect();
        for (var i = 0; i < 40; i++) client.Call($"SET a {new string('x', 100)}");
        server.Advance(TimeSpan.FromMilliseconds(200));
        server.TickUntil(() => _directory.Manifest.Contains("seq 2 type b", StringComparison.Ordinal));
    }

    [Fact]
    public void Turned_on_it_has_a_base_first_and_counts_only_then()
    {
        using (var server = _directory.Start("appendonly no"))
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            Assert.False(Directory.Exists(_directory.AofPath("")));
            _directory.Files.Only = "temp-rewriteaof";
            _directory.Files.HoldSyncs();
            Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
            client.Call("INCR a");
            Assert.False(File.Exists(_directory.AofPath("appendonly.aof.manifest")));
            Assert.Equal("-ERR Errors trying to SHUTDOWN. Check logs.", client.Call("SHUTDOWN"));
            Assert.Contains("Writing initial AOF, can't exit", _directory.Log.Text, StringComparison.Ordinal);
            _directory.Files.ReleaseSyncs();
            Finish(server);
            Assert.Equal("file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n", _directory.Manifest);
            client.Call("INCR a");
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
        }
        Assert.Equal("$1 3", AfterRestart("GET a"));
    }

    [Fact]
    public void Turning_on_that_fails_at_first_is_tried_again_and_the_old_list_counts_until_then()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("SET old 1");
            client.Call("CONFIG SET appendonly no");
            client.Call("DEL old");
            client.Call("SET new 1");
            var before = _directory.Manifest;
            (_directory.Files.Only, _directory.Files.FailsAt) = ("temp-rewriteaof", FileStep.Sync);
            Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
            client.Call("INCR new");
            string[] listed = ["appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof"];
            for (var failures = 1; failures <= 5; failures++)
            {
                server.TickUntil(() => server.Server.AofRewriting.FailuresInARow == failures);
                Assert.Equal(before, _directory.Manifest);
                // Of all attempts the last one's file is there.
                Assert.Equal([.. listed, $"appendonly.aof.{failures + 1}.incr.aof", "appendonly.aof.manifest"], _directory.Names);
                client.Call("INCR new");
                server.Advance(TimeSpan.FromMinutes(5));
            }
            _directory.Files.FailsAt = FileStep.None;
            client.Call("INCR new");
            server.Advance(TimeSpan.FromMinutes(5));
            Finish(server);
            client.Call("INCR new");
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal("file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.7.incr.aof seq 7 type i\n", _directory.Manifest);
            Assert.Equal(3, _directory.Names.Length);
        }
        Assert.Equal("*2 $-1 $1 9", AfterRestart("MGET old new"));
    }

    [Fact]
    public void Turned_off_before_there_is_a_base_it_leaves_what_there_was()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("SET old 1");
            client.Call("CONFIG SET appendonly no");
            _directory.Files.Only = "temp-rewriteaof";
            _directory.Files.HoldSyncs();
            client.Call("CONFIG SET appendonly yes");
            client.Call("SET new 1");
            client.Call("CONFIG SET appendonly no");
            _directory.Files.ReleaseSyncs();
            server.TickUntil(() => !server.Server.Snapshots.IsActive);
            Assert.Equal(["appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof", "appendonly.aof.manifest"], _directory.Names);
        }
        Assert.Equal("*2 $1 1 $-1", AfterRestart("MGET old new"));
    }

    [Fact]
    public void With_the_file_off_a_rewrite_leaves_a_base_of_the_data_as_they_are()
    {
        using (var server = _directory.Start("appendonly no"))
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
            Finish(server);
            Assert.Equal("file appendonly.aof.1.base.rdb seq 1 type b\n", _directory.Manifest);
            client.Call("SET b 1");
        }
        Assert.Equal("*2 $1 1 $-1", AfterRestart("MGET a b"));
    }

    [Fact]
    public void Turned_on_within_a_transaction_it_begins_when_that_is_over()
    {
        using (var server = _directory.Start("appendonly no"))
        {
            using var client = server.Connect();
            client.Run("""
                MULTI
                -> +OK
                INCR a
                -> +QUEUED
                CONFIG SET appendonly yes
                -> +QUEUED
                INCR a
                -> +QUEUED
                EXEC
                -> *3 :1 +OK :2
                """);
            server.Advance(TimeSpan.FromMilliseconds(200));
            Finish(server);
            client.Call("INCR a");
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
        }
        Assert.Equal("$1 3", AfterRestart("GET a"));
    }

    [Fact]
    public void Leftovers_of_a_crash_between_list_and_deletion_are_deleted_at_the_start()
    {
        _directory.Make("file b seq 2 type b\nfile i seq 2 type i\nfile old seq 1 type h\n", ("b", ""), ("i", AofDirectory.Commands("SET a 1")), ("old", "x"));
        using var server = _directory.Start();
        Assert.Equal(["appendonly.aof.manifest", "b", "i"], _directory.Names);
        Assert.Equal("file b seq 2 type b\nfile i seq 2 type i\n", _directory.Manifest);
    }
}
