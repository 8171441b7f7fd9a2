using System.Text;

namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>Files that end too early, are damaged, lack something, or are of an older kind.</summary>
public sealed class AofLoadingTests : IDisposable
{
    const string Manifest = "file appendonly.aof.1.incr.aof seq 1 type i\n";
    const string Name = "appendonly.aof.1.incr.aof";

    readonly AofDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    string Loaded(string command, string configuration = "")
    {
        using var server = _directory.Start(configuration);
        Assert.True(_directory.Exits.Count == 0, _directory.Log.Text);
        using var client = server.Connect();
        return client.Call(command);
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void Wherever_the_last_file_ends_what_is_whole_is_loaded_or_the_start_is_refused(string truncated)
    {
        var whole = AofDirectory.Commands("SELECT 0", "SET a 1") + "#TS:1700000000\r\n"
            + AofDirectory.Commands("MULTI", "INCR a", "INCR a", "EXEC", "RPUSH l x");
        // Where a command, a note or a transaction ends, and what is loaded up to there.
        (int End, string A, string List)[] ends =
        [
            (0, "$-1", ":0"),
            (End("SELECT 0"), "$-1", ":0"),
            (End("SELECT 0", "SET a 1"), "$1 1", ":0"),
            (End("SELECT 0", "SET a 1") + 16, "$1 1", ":0"),
            (End("SELECT 0", "SET a 1", "MULTI", "INCR a", "INCR a", "EXEC") + 16, "$1 3", ":0"),
            (whole.Length, "$1 3", ":1"),
        ];
        for (var length = 0; length <= whole.Length; length++)
        {
            _directory.Make(Manifest, (Name, whole[..length]));
            var expected = ends.Last(end => end.End <= length);
            if (truncated == "no" && expected.End != length)
            {
                var log = _directory.Refusal("aof-load-truncated no");
                Assert.Contains($"Unexpected end of file reading the append only file {Name}. You can: 1)", log, StringComparison.Ordinal);
                Assert.Contains($"What is whole ends at offset {expected.End}.", log, StringComparison.Ordinal);
                Assert.Equal(length, new FileInfo(_directory.AofPath(Name)).Length);
                continue;
            }
            using (var server = _directory.Start($"aof-load-truncated {truncated}"))
            {
                using var client = server.Connect();
                Assert.Equal((length, expected.A, expected.List), (length, client.Call("GET a"), client.Call("LLEN l")));
                Assert.Equal(expected.End, new FileInfo(_directory.AofPath(Name)).Length);
                Assert.Equal(":1", client.Call("INCR after"));
            }
            Assert.Equal((length, "$1 1"), (length, Loaded("GET after")));
            _directory.Exits.Clear();
        }
    }

    static int End(params string[] commands) => AofDirectory.Commands(commands).Length;

    [Fact]
    public void A_base_that_ends_too_early_is_refused_at_every_byte()
    {
        byte[] rdb;
        using (var server = new TestServer("aof-use-rdb-preamble yes"))
        {
            using var client = server.Connect();
            client.Call("SET key value");
            client.Call("SAVE");
            rdb = File.ReadAllBytes(server.Server.Saving.Path);
        }
        const string Both = "file appendonly.aof.1.base.rdb seq 1 type b\n" + Manifest;
        var text = Encoding.Latin1.GetString(rdb);
        for (var length = 1; length < rdb.Length; length++)
        {
            _directory.Make(Both, ("appendonly.aof.1.base.rdb", text[..length]), (Name, ""));
            var log = _directory.Refusal();
            // Less than the first five bytes could be the beginning of anything.
            const string Aborted = "Error reading the RDB base file appendonly.aof.1.base.rdb, AOF loading aborted";
            Assert.Contains(length < 5 ? "Bad file format" : Aborted, log, StringComparison.Ordinal);
            Assert.Contains("Fatal error loading the DB, check server logs. Exiting.", log, StringComparison.Ordinal);
        }
        _directory.Exits.Clear();
        _directory.Make(Both, ("appendonly.aof.1.base.rdb", text), (Name, ""));
        Assert.Equal("$5 value", Loaded("GET key"));
    }

    [Theory]
    [InlineData("!", "Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup")]
    [InlineData("\0\0\0\0", "Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup")]
    [InlineData("*x\r\n", "Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup")]
    [InlineData("*1\r\n+x\r\n", "Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup")]
    [InlineData("*2\r\n$3\r\nbla\r\n$1\r\nx\r\n*1\r\n$4\r\nPING\r\n", "Unknown command 'bla' reading the append only file appendonly.aof.1.incr.aof: make a backup")]
    public void What_is_no_command_is_damage_and_never_cut_off(string tail, string expected)
    {
        var content = AofDirectory.Commands("SET a 1") + tail;
        _directory.Make(Manifest, (Name, content));
        var log = _directory.Refusal("aof-load-truncated yes");
        Assert.Contains(expected, log, StringComparison.Ordinal);
        Assert.Contains("then use ./redis-check-aof --fix <filename.manifest>", log, StringComparison.Ordinal);
        Assert.Contains("what is whole ends at offset 27)", log, StringComparison.Ordinal);
        Assert.Equal(content.Length, new FileInfo(_directory.AofPath(Name)).Length);
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void The_log_says_what_is_cut_off_in_the_words_of_redis(string truncated)
    {
        _directory.Make(Manifest, (Name, AofDirectory.Commands("SET a 1", "MULTI", "SET b 1")));
        string[] lines =
        [
            $"Revert incomplete MULTI/EXEC transaction from AOF file {Name}",
            $"!!! Warning: short read while loading the AOF file {Name}!!!",
            $"!!! Truncating the AOF {Name} at offset 27 !!!",
            $"AOF {Name} loaded anyway because aof-load-truncated is enabled",
        ];
        if (truncated == "yes") Loaded("GET a");
        else _directory.Refusal("aof-load-truncated no");
        Assert.Equal(truncated == "yes" ? lines : lines[..1], lines.Intersect(_directory.Log.Text.Split('\n')));
    }

    /// <summary>An RDB file has them in 48 bits, and what is loaded from one can be written as commands.</summary>
    [Fact]
    public void Deadlines_of_fields_are_loaded_though_too_late_to_be_given()
    {
        _directory.Make(Manifest, (Name, AofDirectory.Commands("HSET h f v", "HPEXPIREAT h 281474976710655 FIELDS 1 f")));
        Assert.Equal("*1 :281474976710655", Loaded("HPEXPIRETIME h FIELDS 1 f"));
        Assert.StartsWith("-ERR invalid expire time", Loaded("HPEXPIREAT h 281474976710655 FIELDS 1 f"), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_last_file_may_end_too_early()
    {
        _directory.Make(Manifest + "file appendonly.aof.2.incr.aof seq 2 type i\n",
            (Name, AofDirectory.Commands("SET a 1") + "*3\r\n$3\r\nSET"), ("appendonly.aof.2.incr.aof", AofDirectory.Commands("SET b 1")));
        Assert.Contains($"Unexpected end of file reading the append only file {Name}", _directory.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_file_may_be_followed_by_empty_ones_that_a_rewrite_had_begun()
    {
        var whole = AofDirectory.Commands("SET a 1");
        _directory.Make(Manifest + "file appendonly.aof.2.incr.aof seq 2 type i\n",
            (Name, whole + "*3\r\n$3\r\nSET"), ("appendonly.aof.2.incr.aof", ""));
        Assert.Equal(":2", Loaded("INCR a"));
        Assert.Equal(whole.Length, new FileInfo(_directory.AofPath(Name)).Length);
        Assert.Equal("$1 2", Loaded("GET a"));
    }

    [Fact]
    public void A_file_that_is_listed_and_missing_keeps_the_server_from_starting()
    {
        _directory.Make(Manifest);
        Assert.Contains($"{Name} doesn't exist: No such file or directory", _directory.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_that_makes_no_sense_keeps_the_server_from_starting_even_with_the_file_off()
    {
        _directory.Make("file a seq 1\n");
        Assert.Contains("*** FATAL AOF MANIFEST FILE ERROR ***", _directory.Refusal("appendonly no"), StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_files_are_fine_and_each_file_begins_in_the_first_database()
    {
        _directory.Make("file b seq 1 type b\nfile i1 seq 1 type i\nfile i2 seq 2 type i\nfile i3 seq 5 type i\n",
            ("b", ""), ("i1", AofDirectory.Commands("SELECT 3", "SET a 1")), ("i2", ""), ("i3", AofDirectory.Commands("SET b 1")));
        Assert.Equal("*1 $1 b", Loaded("KEYS *"));
    }

    [Fact]
    public void A_single_file_of_older_versions_becomes_the_base()
    {
        File.WriteAllText(_directory.PathOf("appendonly.aof"), AofDirectory.Commands("SET a 1"));
        Assert.Equal("$1 1", Loaded("GET a"));
        Assert.Equal("file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n", _directory.Manifest);
        Assert.Equal(["appendonly.aof", "appendonly.aof.1.incr.aof", "appendonly.aof.manifest"], _directory.Names);
        Assert.False(File.Exists(_directory.PathOf("appendonly.aof")));
        Assert.Contains("Successfully migrated an old-style AOF configuration (appendonly.aof) into the AOF directory (appendonlydir)",
            _directory.Log.Text, StringComparison.Ordinal);
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Call("BGREWRITEAOF");
        server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
        Assert.Equal("file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n", _directory.Manifest);
    }

    [Fact]
    public void An_upgrade_that_power_failure_cut_short_is_finished_at_the_next_start()
    {
        _directory.Make("file appendonly.aof seq 1 type b\n");
        File.WriteAllText(_directory.PathOf("appendonly.aof"), AofDirectory.Commands("SET a 1"));
        Assert.Equal("$1 1", Loaded("GET a"));
    }

    [Fact]
    public void A_single_file_may_begin_with_an_rdb_file_and_end_too_early()
    {
        using (var server = new TestServer())
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            client.Call("SAVE");
            File.Copy(server.Server.Saving.Path, _directory.PathOf("appendonly.aof"));
        }
        File.AppendAllText(_directory.PathOf("appendonly.aof"), AofDirectory.Commands("INCR a") + "*2\r\n$4");
        Assert.Equal("$1 2", Loaded("GET a"));
    }

    [Fact]
    public void An_rdb_file_is_not_loaded_in_place_of_a_missing_append_only_file()
    {
        using (var server = _directory.Start("appendonly no"))
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            client.Call("SAVE");
        }
        Assert.Equal(":0", Loaded("DBSIZE"));
        Assert.Contains("as in Redis, nothing is loaded", _directory.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_are_told_that_data_are_loaded_meanwhile()
    {
        var commands = AofDirectory.Commands([.. Enumerable.Range(0, 200).Select(i => $"SET key:{i} {i}")]);
        _directory.Make(Manifest, (Name, commands));
        using var server = new TestServer("loading-process-events-interval-bytes 1024");
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Server.Cron.IsPaused = true;
            server.Server.Config.Persistence.Dir = _directory.PathOf("");
            server.Server.Aof.Files.Load();
            server.Server.Loading.StartAof();
            for (var i = 0; i < 4; i++) server.Server.Loading.Step();
        }
        using var client = server.Connect();
        Assert.Equal("-LOADING Redis is loading the dataset in memory", client.Call("GET key:1"));
        var info = client.Call("INFO persistence");
        Assert.Contains("\r\nloading:1\r\n", info, StringComparison.Ordinal);
        Assert.Contains($"\r\nloading_total_bytes:{commands.Length}\r\n", info, StringComparison.Ordinal);
        lock (server.Server.Executor.ExecutorLock)
        {
            while (server.Server.Dataset.IsLoading) server.Server.Loading.Step();
        }
        Assert.Equal(":200", client.Call("DBSIZE"));
    }

    [Fact]
    public void A_blocking_command_in_the_file_does_not_block_and_long_values_are_read()
    {
        var value = new string('v', 3_000_000);
        _directory.Make(Manifest, (Name, AofDirectory.Commands("BLPOP nothing 0", "RPUSH l a b", "BLPOP l 0") + RawClient.Encode("SET", "big", value)));
        using var server = _directory.Start();
        using var client = server.Connect();
        Assert.Equal("*1 $1 b", client.Call("LRANGE l 0 -1"));
        Assert.Equal(":3000000", client.Call("STRLEN big"));
    }

    [Fact]
    public void The_bytes_that_are_loaded_grow_from_file_to_file_up_to_all_of_them()
    {
        string[] contents = [AofDirectory.Commands("SET a 1", "SET b 2"), AofDirectory.Commands("SET c 3"), AofDirectory.Commands("SET d 4", "SET e 5")];
        _directory.Make(
            "file b seq 1 type b\nfile i1 seq 1 type i\nfile i2 seq 2 type i\n", ("b", contents[0]), ("i1", contents[1]), ("i2", contents[2]));
        using var server = new TestServer(log: _directory.Log);
        var loaded = new List<long>();
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Server.Cron.IsPaused = true;
            server.Server.Config.Persistence.Dir = _directory.PathOf("");
            server.Server.Aof.Files.Load();
            server.Server.Loading.StartAof();
            Assert.Equal(contents.Sum(content => content.Length), server.Server.Loading.TotalBytes);
            for (; server.Server.Dataset.IsLoading; server.Server.Loading.Step()) loaded.Add(server.Server.Loading.LoadedBytes);
        }
        Assert.Equal(loaded.Order(), loaded);
        Assert.Equal((0, contents.Sum(content => content.Length)), (loaded[0], loaded[^1]));
        Assert.Contains(contents[0].Length + contents[1].Length, loaded);
        foreach (var file in new[] { "base file b", "incr file i1", "incr file i2" })
            Assert.Contains("DB loaded from " + file, _directory.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_cut_off_is_gone_from_the_disk_before_anything_is_appended()
    {
        _directory.Make(Manifest, (Name, AofDirectory.Commands("SET a 1") + "*3\r\n$3\r\nSET"));
        using var server = _directory.Start("appendfsync no");
        Assert.Contains(Name, _directory.Files.Synced);
    }

    [Fact]
    public void The_directory_that_is_made_and_the_file_that_is_moved_into_it_are_there_after_a_power_failure()
    {
        const string OfTheList = "Fail to fsync AOF directory appendonlydir";
        _directory.Files.FailsAt = FileStep.SyncDirectory;
        var log = _directory.Refusal();
        Assert.Contains("Can't open or create append-only dir", log, StringComparison.Ordinal);
        Assert.DoesNotContain(OfTheList, log, StringComparison.Ordinal);
        // The next one finds the directory.
        Assert.DoesNotContain("Can't open or create append-only dir", _directory.Refusal(), StringComparison.Ordinal);

        _directory.Make("file appendonly.aof seq 1 type b\n");
        File.WriteAllText(_directory.PathOf("appendonly.aof"), AofDirectory.Commands("SET a 1"));
        log = _directory.Refusal();
        Assert.True(File.Exists(_directory.AofPath("appendonly.aof")));
        Assert.DoesNotContain(OfTheList, log, StringComparison.Ordinal);
        _directory.Files.FailsAt = FileStep.None;
        _directory.Exits.Clear();
        Assert.Equal("$1 1", Loaded("GET a"));
    }
}
