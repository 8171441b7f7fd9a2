using MiniRedis.Server.Files;

namespace MiniRedis.Server.Tests.Persistence;

/// <summary>What a disk that refuses does to BGSAVE, to the start, and to commands, and that all is well once it takes bytes again.</summary>
public sealed class DiskFaultTests : IDisposable
{
    const string Misconf = "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. "
        + "Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if "
        + "RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";

    readonly AofDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    TestServer StartWithoutAof(string configuration) => _directory.Start($"appendonly no\n{configuration}");

    [Theory]
    [InlineData("Create", FailingFiles.NoSpace)]
    [InlineData("Write", FailingFiles.NoSpace)]
    [InlineData("Write", FailingFiles.InputOutput)]
    [InlineData("Sync", FailingFiles.NoSpace)]
    [InlineData("Sync", FailingFiles.InputOutput)]
    [InlineData("Replace", FailingFiles.InputOutput)]
    public void A_BGSAVE_that_fails_leaves_the_file_there_was_and_one_that_works_ends_it(string step, string reason)
    {
        _directory.Files.Reason = reason;
        using var server = StartWithoutAof("save 1000 1000");
        using var client = server.Connect();
        client.Call("SET a 1");
        Assert.Equal("+OK", client.Call("SAVE"));
        var before = File.ReadAllBytes(server.Server.Saving.Path);
        client.Call("SET a 2");
        (_directory.Files.FailsAt, _directory.Files.Room) = (Enum.Parse<FileStep>(step), 20);
        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        server.TickUntil(() => !server.Server.BackgroundSaving.IsRunning);
        Assert.Equal(Misconf, client.Call("SET a 3"));
        Assert.Equal(Misconf, client.Call("PING"));
        Assert.Equal("$1 2", client.Call("GET a"));
        Assert.Contains("rdb_last_bgsave_status:err\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
        Assert.Contains(reason, _directory.Log.Text, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(server.Server.Saving.Path));
        Assert.Equal([server.Server.Saving.Path], Directory.GetFiles(_directory.PathOf("")));

        _directory.Files.FailsAt = FileStep.None;
        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        server.TickUntil(() => !server.Server.BackgroundSaving.IsRunning);
        Assert.Equal("+OK", client.Call("SET a 4"));
        Assert.NotEqual(before, File.ReadAllBytes(server.Server.Saving.Path));
    }

    [Fact]
    public void A_BGSAVE_whose_name_the_disk_may_forget_has_failed_though_the_file_is_whole()
    {
        using (var server = StartWithoutAof("save 1000 1000"))
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            _directory.Files.FailsAt = FileStep.SyncDirectory;
            client.Call("BGSAVE");
            server.TickUntil(() => !server.Server.BackgroundSaving.IsRunning);
            Assert.Equal(Misconf, client.Call("SET a 2"));
            _directory.Files.FailsAt = FileStep.None;
        }
        using var again = StartWithoutAof("");
        using var reader = again.Connect();
        Assert.Equal("$1 1", reader.Call("GET a"));
    }

    [Theory]
    [InlineData("Create", ".base.")]
    [InlineData("Create", "temp-")]
    [InlineData("Write", "temp-")]
    [InlineData("Sync", "temp-")]
    [InlineData("Replace", ".base.")]
    [InlineData("Create", ".incr.")]
    [InlineData("Create", "manifest")]
    [InlineData("Write", "manifest")]
    [InlineData("Sync", "manifest")]
    [InlineData("Replace", "manifest")]
    [InlineData("SyncDirectory", "appendonlydir")]
    public void Where_the_first_files_cannot_be_made_the_start_is_refused_and_the_next_one_succeeds(string step, string file)
    {
        (_directory.Files.FailsAt, _directory.Files.Only) = (Enum.Parse<FileStep>(step), file);
        var configuration = step == "Create" && file == ".base." ? "aof-use-rdb-preamble no" : "";
        Assert.Contains("No space left on device", _directory.Refusal(configuration), StringComparison.Ordinal);
        _directory.Files.FailsAt = FileStep.None;
        _directory.Exits.Clear();
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("SET a 1");
        }
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("$1 1", reader.Call("GET a"));
    }

    [Theory]
    [InlineData("save 1 1")]
    [InlineData("appendonly yes")]
    public void Where_there_is_no_thread_a_background_save_fails_and_the_next_one_works(string configuration)
    {
        using var server = StartWithoutAof(configuration);
        using var client = server.Connect();
        client.Call("SET a 1");
        var start = server.Server.Snapshots.StartThread;
        server.Server.Snapshots.StartThread = (_, _) => throw new DiskException(Errno.Again);
        Assert.Equal("-ERR", client.Call("BGSAVE"));
        Assert.StartsWith("-ERR Can't execute an AOF background rewriting.", client.Call("BGREWRITEAOF"), StringComparison.Ordinal);
        var info = client.Call("INFO persistence");
        Assert.Contains("rdb_bgsave_in_progress:0\r\n", info, StringComparison.Ordinal);
        Assert.Contains("rdb_last_bgsave_status:err\r\n", info, StringComparison.Ordinal);
        Assert.Contains("aof_rewrite_in_progress:0\r\n", info, StringComparison.Ordinal);
        Assert.Contains("aof_last_bgrewrite_status:err\r\n", info, StringComparison.Ordinal);
        Assert.Contains("Can't save in background: fork: Resource temporarily unavailable", _directory.Log.Text, StringComparison.Ordinal);
        Assert.Equal("+OK", client.Call("SAVE"));

        server.Server.Snapshots.StartThread = start;
        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        server.TickUntil(() => !server.Server.BackgroundSaving.IsRunning);
        Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
        server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
        info = client.Call("INFO persistence");
        Assert.Contains("rdb_last_bgsave_status:ok\r\n", info, StringComparison.Ordinal);
        Assert.Contains("aof_last_bgrewrite_status:ok\r\n", info, StringComparison.Ordinal);
    }

    [Fact]
    public void A_replaced_file_that_cannot_be_deleted_stays_on_the_list_until_it_can()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Call("SET a 1");
        (_directory.Files.FailsAt, _directory.Files.Only) = (FileStep.Delete, "1.base.rdb");
        client.Call("BGREWRITEAOF");
        server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
        Assert.Contains("file appendonly.aof.1.base.rdb seq 1 type h", _directory.Manifest, StringComparison.Ordinal);
        Assert.DoesNotContain("appendonly.aof.1.incr.aof", _directory.Manifest, StringComparison.Ordinal);
        Assert.Contains("appendonly.aof.1.base.rdb", _directory.Names);
        Assert.Contains("appendonly.aof.1.base.rdb: No space left on device", _directory.Log.Text, StringComparison.Ordinal);

        _directory.Files.FailsAt = FileStep.None;
        client.Call("BGREWRITEAOF");
        server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
        Assert.Equal(["appendonly.aof.3.base.rdb", "appendonly.aof.3.incr.aof", "appendonly.aof.manifest"], _directory.Names);
    }

    [Fact]
    public void A_second_server_on_the_same_append_only_files_is_refused_until_the_first_has_ended()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            var refusal = _directory.Refusal();
            Assert.Contains($"writes the append only files in {_directory.PathOf("appendonlydir")}: two servers", refusal, StringComparison.Ordinal);
            using var other = StartWithoutAof("");
            using var otherClient = other.Connect();
            Assert.Equal("-ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs.",
                otherClient.Call("CONFIG SET appendonly yes"));
            Assert.StartsWith("-ERR Can't execute", otherClient.Call("BGREWRITEAOF"), StringComparison.Ordinal);
            Assert.Equal("+OK", client.Call("SET b 2"));
        }
        using var next = _directory.Start();
        using var reader = next.Connect();
        Assert.Equal("*2 $1 1 $1 2", reader.Call("MGET a b"));
    }

    [Fact]
    public void A_dump_that_is_a_folder_is_refused_like_one_that_cannot_be_read()
    {
        Directory.CreateDirectory(_directory.PathOf("dump.rdb"));
        Assert.Throws<MiniRedis.Server.Hosting.StartFailedException>(() => StartWithoutAof(""));
        Assert.Contains("Fatal error loading the DB: Is a directory. Exiting.", _directory.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_through_a_file_cannot_be_told_from_nothing_and_is_refused()
    {
        File.WriteAllText(_directory.PathOf("appendonlydir"), "");
        Assert.Throws<MiniRedis.Server.Hosting.StartFailedException>(() => StartWithoutAof(""));
        Assert.Contains("Fatal error loading the DB: Not a directory. Exiting.", _directory.Log.Text, StringComparison.Ordinal);
    }

    /// <summary>Of what did not fit, nothing is left in front of what does.</summary>
    [Theory]
    [InlineData("everysec", 0, FailingFiles.NoSpace)]
    [InlineData("everysec", 1, FailingFiles.NoSpace)]
    [InlineData("everysec", 30, FailingFiles.NoSpace)]
    [InlineData("everysec", 30, FailingFiles.InputOutput)]
    [InlineData("no", 0, FailingFiles.NoSpace)]
    [InlineData("no", 30, FailingFiles.InputOutput)]
    public void A_short_write_is_taken_back_and_written_again_when_there_is_room(string policy, int fits, string reason)
    {
        _directory.Files.Reason = reason;
        using (var server = _directory.Start($"appendfsync {policy}"))
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            var before = _directory.Incremental();
            (_directory.Files.Only, _directory.Files.Room) = (".incr.aof", new FileInfo(_directory.AofPath("appendonly.aof.1.incr.aof")).Length + fits);
            _directory.Files.FailsAt = FileStep.Write;
            Assert.Equal("+OK", client.Call("SET second value"));
            Assert.Equal("-MISCONF Errors writing to the AOF file: " + reason, client.Call("SET third value"));
            Assert.Equal(before, _directory.Incremental());
            _directory.Files.FailsAt = FileStep.None;
            server.TickUntil(() =>
            {
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return server.Server.Aof.Error is null;
            });
            Assert.Equal("+OK", client.Call("SET fourth value"));
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal(before + "*3 $3 SET $6 second $5 value *3 $3 SET $6 fourth $5 value ", _directory.Incremental());
        }
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("*3 $5 value $-1 $5 value", reader.Call("MGET second third fourth"));
    }

    [Theory]
    [InlineData("everysec", false)]
    [InlineData("everysec", true)]
    [InlineData("always", false)]
    public void A_transaction_that_is_too_large_for_the_AOF_has_it_rewritten_and_writes_refused_until_then(string policy, bool reloads)
    {
        using (var server = _directory.Start($"appendfsync {policy}"))
        {
            using var client = server.Connect();
            client.Call("SET before 1");
            server.Server.Effects.MostUnitBytes = 1000;
            server.Server.Cron.IsPaused = true;
            client.Run($"""
                MULTI
                -> +OK
                SET small 1
                -> +QUEUED
                SET large {new string('v', 950)}
                -> +QUEUED
                SET last 1
                -> +QUEUED
                EXEC
                -> *3 +OK +OK +OK
                SET refused 1
                -> -MISCONF Errors writing to the AOF file: A transaction was too large for it, and it is being rewritten
                """);
            Assert.Contains("\r\naof_last_write_status:err\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
            if (reloads)
            {
                Assert.Equal("+OK", client.Call("DEBUG LOADAOF"));
                Assert.Equal(":4", client.Call("EXISTS before small large last"));
            }
            server.Server.Cron.IsPaused = false;
            server.TickUntil(() =>
            {
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return server.Server.Aof.Error is null;
            });
            Assert.Contains("too large to be appended", _directory.Log.Text, StringComparison.Ordinal);
            Assert.Equal("+OK", client.Call("SET after 1"));
            Assert.Empty(_directory.Exits);
        }
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal(":5", reader.Call("EXISTS before small large last after"));
    }

    [Fact]
    public void A_change_that_is_lost_while_the_AOF_is_rewritten_for_another_has_it_rewritten_once_more()
    {
        using var server = _directory.Start("appendfsync everysec");
        using var client = server.Connect();
        client.Call($"SET {new string('k', 1000)} v PX 60000");
        server.Server.Effects.MostUnitBytes = 1000;
        (_directory.Files.Only, var rewrites) = ("temp-rewriteaof", server.Server.Statistics.AofRewrites);
        _directory.Files.HoldSyncs();
        client.Call($"SET large {new string('v', 1000)}");
        void TickUntil(Func<bool> condition) => server.TickUntil(() =>
        {
            server.Time.Advance(TimeSpan.FromMilliseconds(100));
            return condition();
        });
        TickUntil(() => _directory.Files.WaitingSyncs > 0);
        // Its deletion is too large as well.
        server.Time.Advance(TimeSpan.FromMinutes(1));
        TickUntil(() => server.Server.Statistics.ExpiredKeys == 1);
        // No other rewrite begins meanwhile.
        server.Server.Cron.IsPaused = true;
        _directory.Files.ReleaseSyncs();
        TickUntil(() => !server.Server.AofRewriting.IsRunning);
        Assert.NotNull(server.Server.Aof.Error);
        server.Server.Cron.IsPaused = false;
        TickUntil(() => server.Server.Aof.Error is null);
        Assert.Equal(rewrites + 2, server.Server.Statistics.AofRewrites);
    }

    [Fact]
    public void Info_and_memory_stats_tell_how_much_a_full_disk_has_not_taken()
    {
        using var server = _directory.Start("appendfsync everysec");
        using var client = server.Connect();
        client.Call("SET a 1");
        (_directory.Files.Only, _directory.Files.FailsAt) = (".incr.aof", FileStep.Write);
        var before = server.Server.Memory.Total;
        client.Call("SET b 2");
        Assert.True(server.Server.Memory.Total >= before + 27);
        Assert.Equal(27, server.Server.Memory.NotCountedForEviction);
        // *3 $3 SET $1 b $1 2
        Assert.Contains("\r\nmem_aof_buffer:27\r\n", client.Call("INFO memory"), StringComparison.Ordinal);
        Assert.Contains("\r\naof_buffer_length:27\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
        Assert.Contains(" aof.buffer :27 ", client.Call("MEMORY STATS"), StringComparison.Ordinal);
        _directory.Files.FailsAt = FileStep.None;
        server.TickUntil(() =>
        {
            server.Time.Advance(TimeSpan.FromMilliseconds(100));
            return server.Server.Aof.Error is null;
        });
        server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
        Assert.Contains("\r\nmem_aof_buffer:0\r\n", client.Call("INFO memory"), StringComparison.Ordinal);
    }

    /// <summary>What was refused is not in the file, so that nobody finds after the restart what was never acknowledged in full.</summary>
    [Theory]
    [InlineData(0, FailingFiles.InputOutput)]
    [InlineData(30, FailingFiles.NoSpace)]
    [InlineData(30, FailingFiles.InputOutput)]
    public void With_always_a_server_that_ends_for_a_short_write_leaves_what_it_acknowledged(int fits, string reason)
    {
        _directory.Files.Reason = reason;
        using (var server = _directory.Start("appendfsync always"))
        {
            using var client = server.Connect();
            Assert.Equal("+OK", client.Call("SET a 1"));
            var before = _directory.Incremental();
            (_directory.Files.Only, _directory.Files.Room) = (".incr.aof", new FileInfo(_directory.AofPath("appendonly.aof.1.incr.aof")).Length + fits);
            _directory.Files.FailsAt = FileStep.Write;
            client.Send("SET second value");
            server.TickUntil(() => _directory.Exits.Count > 0);
            Assert.Equal(1, _directory.Exits[0]);
            Assert.Equal(0, client.Socket.Available);
            Assert.Equal(before, _directory.Incremental());
        }
        _directory.Files.FailsAt = FileStep.None;
        _directory.Exits.Clear();
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("*2 $1 1 $-1", reader.Call("MGET a second"));
    }

    [Fact]
    public void What_a_full_disk_has_of_a_command_is_gone_before_anything_follows()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            (_directory.Files.Only, _directory.Files.FailsAt, _directory.Files.RefusesCuts) = (".incr.aof", FileStep.Write, true);
            // Half of the next command fits.
            _directory.Files.Room = new FileInfo(_directory.AofPath("appendonly.aof.1.incr.aof")).Length + 10;
            client.Call("INCR a");
            server.TickUntil(() => server.Server.Aof.Error == "No space left on device");
            // There is room again, but the half stays where it is.
            _directory.Files.FailsAt = FileStep.None;
            server.TickUntil(() =>
            {
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return server.Server.Aof.Error == "Input/output error";
            });
            Assert.Equal("-MISCONF Errors writing to the AOF file: Input/output error", client.Call("INCR a"));
            _directory.Files.RefusesCuts = false;
            server.TickUntil(() =>
            {
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return server.Server.Aof.Error is null;
            });
            Assert.Equal(":3", client.Call("INCR a"));
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal("*2 $6 SELECT $1 0 *3 $3 SET $1 a $1 1 *2 $4 INCR $1 a *2 $4 INCR $1 a ", _directory.Incremental());
        }
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("$1 3", reader.Call("GET a"));
    }
}
