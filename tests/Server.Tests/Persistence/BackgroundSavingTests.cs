using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Persistence;

public class BackgroundSavingTests
{
    const string Debug = "save \"\"\nenable-debug-command yes\n";

    /// <summary>A server whose disk waits for the test.</summary>
    static TestServer Start(GatedFiles files, string configuration = Debug)
    {
        var server = new TestServer(configuration);
        server.Server.Saving.Files = files;
        return server;
    }

    /// <summary>Drives the cron until a condition holds: what another thread does is done when it is done.</summary>
    static void TickUntil(TestServer server, Func<bool> condition)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "it did not come to pass");
            server.Tick();
            Thread.Yield();
        }
    }

    static void Finish(TestServer server, GatedFiles files)
    {
        files.Open();
        TickUntil(server, () => !server.Server.BackgroundSaving.IsRunning);
    }

    static string Info(RawClient client, string field)
    {
        var info = client.Call("INFO persistence");
        var line = Array.Find(info.Split(['\r', '\n']), line => line.StartsWith(field + ":", StringComparison.Ordinal));
        Assert.True(line is not null, info);
        return line[(field.Length + 1)..];
    }

    /// <summary>The digest of a server that has loaded a file.</summary>
    static string DigestOf(byte[] file)
    {
        var directory = Directory.CreateTempSubdirectory("miniredis-test-");
        try
        {
            File.WriteAllBytes(Path.Combine(directory.FullName, "dump.rdb"), file);
            using var server = new TestServer($"{Debug}dir {directory.FullName}");
            TickUntil(server, () => !server.Server.Dataset.IsLoading);
            using var client = server.Connect();
            return client.Call("DEBUG DIGEST");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>The file that is left is the one of the background save, so what it lacks is what counts.</summary>
    [Fact]
    public void Changes_since_the_save_are_counted_right_though_the_data_were_reloaded_while_it_ran()
    {
        var files = new FailingFiles { Only = "-background" };
        using var server = new TestServer(Debug, files: files);
        using var client = server.Connect();
        client.Call("MSET a 1 b 2 c 3");
        files.HoldSyncs();
        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        client.Call("MSET d 4 e 5");
        Assert.Equal("+OK", client.Call("DEBUG RELOAD"));
        Assert.Equal("0", Info(client, "rdb_changes_since_last_save"));
        client.Call("SET f 6");
        files.ReleaseSyncs();
        TickUntil(server, () => !server.Server.BackgroundSaving.IsRunning);
        Assert.Equal("3", Info(client, "rdb_changes_since_last_save"));
    }

    [Fact]
    public void The_file_holds_the_instant_at_which_saving_began()
    {
        var files = new GatedFiles();
        using var server = Start(files);
        using var client = server.Connect();
        // More than may wait for the disk, so that the walk stops in the middle, and writes have to save the rest.
        var value = new string('v', 10_000);
        for (var i = 0; i < 3000; i++) client.Call($"SET key:{i} {value}{i}");
        for (var i = 0; i < 600; i++)
        {
            client.Call($"RPUSH list:{i % 20} {new string('e', 300)} {i}");
            client.Call($"HSET hash:{i % 20} f{i} v{i}");
            client.Call($"ZADD zset:{i % 20} {i} m{i}");
            client.Call($"XADD stream:{i % 20} {i + 1}-1 f v");
            client.Call($"SADD set:{i % 20} m{i}");
        }
        var digest = client.Call("DEBUG DIGEST");

        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        server.Tick();
        Assert.False(server.Server.Snapshots.Current!.IsWalked);
        for (var i = 2999; i >= 0; i--) client.Call(i % 3 == 0 ? $"APPEND key:{i} x" : i % 3 == 1 ? $"SET key:{i} {i}" : $"DEL key:{i}");
        for (var i = 0; i < 20; i++)
        {
            client.Call($"RPUSH list:{i} c");
            client.Call($"HDEL hash:{i} f{i}");
            client.Call($"ZADD zset:{i} 7 m{i} 8 new");
            client.Call($"XTRIM stream:{i} MAXLEN 1");
            client.Call($"SREM set:{i} m{i}");
            client.Call($"RENAME set:{i} hash:{i}");
            client.Call($"EXPIRE list:{i} 100");
            client.Call($"SET new:{i} {value}");
        }
        client.Call("SWAPDB 0 3");
        client.Call("SET other 1");
        Finish(server, files);

        Assert.Equal("1", Info(client, "rdb_saves"));
        Assert.Equal(digest, DigestOf(files.Read("dump.rdb")));
        Assert.Equal(":1", client.Call("EXISTS other"));
        Assert.Equal(["dump.rdb"], files.Names);
    }

    [Fact]
    public void A_command_that_changes_a_large_value_waits_until_that_is_written_and_nobody_else_does()
    {
        var files = new GatedFiles();
        using var server = Start(files);
        using var writer = server.Connect();
        using var other = server.Connect();
        writer.Call("SET small 1");
        for (var i = 0; i < 100; i++) writer.Call("SADD big " + string.Join(' ', Enumerable.Range(i * 100, 100).Select(n => $"member:{n}")));
        var digest = writer.Call("DEBUG DIGEST");
        writer.Call("BGSAVE");

        writer.Send("SADD big late");
        Assert.Equal(":10000", other.Call("SCARD big"));
        Assert.Equal(":2", other.Call("INCR small"));
        TickUntil(server, () => Client(server, writer).Has(ClientFlags.Paused));
        Assert.Equal(":10000", other.Call("SCARD big"));
        files.Open();
        TickUntil(server, () => writer.Socket.Available > 0);

        Assert.Equal(":1", writer.Read());
        Assert.Equal(":10001", other.Call("SCARD big"));
        Finish(server, files);
        Assert.Equal(digest, DigestOf(files.Read("dump.rdb")));
    }

    [Theory]
    [InlineData("DEL big", ":1")]
    [InlineData("UNLINK big", ":1")]
    [InlineData("SET big 1", "+OK")]
    [InlineData("RENAME small big", "+OK")]
    [InlineData("FLUSHDB", "+OK")]
    public void Whatever_replaces_or_removes_a_large_value_does_not_wait(string command, string reply)
    {
        var files = new GatedFiles();
        using var server = Start(files);
        using var client = server.Connect();
        client.Call("SET small 1");
        client.Call("SELECT 1");
        client.Call("SET elsewhere 1");
        client.Call("SELECT 0");
        for (var i = 0; i < 100; i++) client.Call("ZADD big " + string.Join(' ', Enumerable.Range(i * 100, 100).Select(n => $"{n} member:{n}")));
        var digest = client.Call("DEBUG DIGEST");
        client.Call("BGSAVE");

        Assert.Equal(reply, client.Call(command));
        Finish(server, files);

        Assert.Equal(digest, DigestOf(files.Read("dump.rdb")));
    }

    [Fact]
    public void A_transaction_waits_as_a_whole()
    {
        var files = new GatedFiles();
        using var server = Start(files);
        using var client = server.Connect();
        using var other = server.Connect();
        for (var i = 0; i < 100; i++) client.Call("RPUSH big " + string.Join(' ', Enumerable.Range(i * 100, 100).Select(n => $"element:{n}")));
        client.Call("BGSAVE");
        client.Call("MULTI");
        client.Call("SET first 1");
        client.Call("RPUSH big late");

        client.Send("EXEC");
        TickUntil(server, () => Client(server, client).Has(ClientFlags.Paused));
        Assert.Equal(":0", other.Call("EXISTS first"));
        Finish(server, files);

        Assert.Equal("*2 +OK :10001", client.Read());
    }

    [Fact]
    public void A_save_is_started_by_the_first_save_point_that_is_reached()
    {
        var files = new GatedFiles();
        files.Open();
        using var server = Start(files, "save 100 3\nsave 10 5");
        using var client = server.Connect();
        client.Run("""
            MSET a 1 b 2 c 3 d 4
            -> +OK
            """);
        server.Advance(TimeSpan.FromSeconds(50));
        Assert.False(server.Server.BackgroundSaving.IsRunning);
        client.Call("SET e 5");
        server.Advance(TimeSpan.FromSeconds(1));
        TickUntil(server, () => Info(client, "rdb_saves") == "1" && !server.Server.BackgroundSaving.IsRunning);
        Assert.Equal("0", Info(client, "rdb_changes_since_last_save"));

        client.Call("MSET a 1 b 2 c 3");
        server.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal("1", Info(client, "rdb_saves"));
        server.Advance(TimeSpan.FromSeconds(1));
        TickUntil(server, () => Info(client, "rdb_saves") == "2" && !server.Server.BackgroundSaving.IsRunning);
    }

    [Fact]
    public void Changes_made_while_saving_are_left_to_be_saved()
    {
        var files = new GatedFiles();
        using var server = Start(files);
        using var client = server.Connect();
        client.Call("SET a 1");
        client.Call("SET b 1");
        client.Call("BGSAVE");
        client.Call("SET c 1");
        Assert.Equal("3", Info(client, "rdb_changes_since_last_save"));
        Finish(server, files);
        Assert.Equal("1", Info(client, "rdb_changes_since_last_save"));
    }

    [Fact]
    public void Only_one_save_runs_at_a_time()
    {
        var files = new GatedFiles();
        using var server = Start(files);
        using var client = server.Connect();
        client.Run("""
            SET a 1
            -> +OK
            BGSAVE CANCEL
            -> -ERR Background saving is currently not in progress or scheduled
            BGSAVE
            -> +Background saving started
            BGSAVE
            -> -ERR Background save already in progress
            BGSAVE SCHEDULE
            -> -ERR Background save already in progress
            SAVE
            -> -ERR Background save already in progress
            BGSAVE x
            -> -ERR syntax error
            BGSAVE SCHEDULE x
            -> -ERR syntax error
            """);
        Finish(server, files);
        Assert.Equal("ok", Info(client, "rdb_last_bgsave_status"));
    }

    [Fact]
    public void In_a_transaction_a_save_is_put_off()
    {
        var files = new GatedFiles();
        files.Open();
        using var server = Start(files);
        using var client = server.Connect();
        client.Run("""
            MULTI
            -> +OK
            BGSAVE
            -> +QUEUED
            SET a 1
            -> +QUEUED
            EXEC
            -> *2 +Background saving scheduled +OK
            """);
        server.Advance(TimeSpan.FromSeconds(1));
        TickUntil(server, () => Info(client, "rdb_saves") == "1" && !server.Server.BackgroundSaving.IsRunning);
        Assert.Equal("0", Info(client, "rdb_changes_since_last_save"));
    }

    [Theory]
    [InlineData("BGSAVE CANCEL", "+Background saving cancelled")]
    [InlineData("FLUSHALL", "+OK")]
    public void A_save_that_is_cancelled_leaves_the_file_as_it_was(string command, string reply)
    {
        var files = new GatedFiles();
        files.Open();
        using var server = Start(files);
        using var client = server.Connect();
        client.Call("SET a 1");
        client.Call("SAVE");
        var file = files.Read("dump.rdb");
        files.Close();
        for (var i = 0; i < 500; i++) client.Call($"SET key:{i} x");

        client.Call("BGSAVE");
        Assert.Equal(reply, client.Call(command));
        Finish(server, files);

        Assert.Equal(["dump.rdb"], files.Names);
        Assert.Equal(file, files.Read("dump.rdb"));
        Assert.Equal("ok", Info(client, "rdb_last_bgsave_status"));
        Assert.Equal("+Background saving started", client.Call("BGSAVE"));
        Finish(server, files);
        Assert.NotEqual(file, files.Read("dump.rdb"));
    }

    [Fact]
    public void FLUSHALL_empties_the_file_as_well_where_there_are_save_points()
    {
        var files = new GatedFiles();
        files.Open();
        using var server = Start(files, $"{Debug}save 1000 1000");
        using var client = server.Connect();
        client.Call("SET a 1");
        client.Call("SAVE");
        client.Call("FLUSHALL");
        Assert.Equal("+0000000000000000000000000000000000000000", DigestOf(files.Read("dump.rdb")));
    }

    [Fact]
    public void While_saving_fails_writes_are_refused_and_a_save_that_works_ends_it()
    {
        var files = new GatedFiles();
        files.Open();
        files.Failure = new IOException("No space left on device");
        using var server = Start(files, "save 1000 1000");
        using var client = server.Connect();
        client.Call("SET a 1");
        client.Call("BGSAVE");
        Finish(server, files);

        Assert.Equal("err", Info(client, "rdb_last_bgsave_status"));
        Assert.Empty(files.Names);
        const string Refusal = "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. "
            + "Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if "
            + "RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
        client.Run($"""
            SET a 2
            -> {Refusal}
            PING
            -> {Refusal}
            GET a
            -> $1 1
            CONFIG SET stop-writes-on-bgsave-error no
            -> +OK
            SET a 3
            -> +OK
            CONFIG SET stop-writes-on-bgsave-error yes
            -> +OK
            SET a 4
            -> {Refusal}
            """);
        files.Failure = null;
        Assert.Equal("+OK", client.Call("SAVE"));
        Assert.Equal("+OK", client.Call("SET a 5"));
    }

    [Fact]
    public void A_save_point_tries_again_five_seconds_after_a_failure()
    {
        var files = new GatedFiles();
        files.Open();
        files.Failure = new IOException("No space left on device");
        using var server = Start(files, "save 1 1\nstop-writes-on-bgsave-error no");
        using var client = server.Connect();
        client.Call("SET a 1");
        server.Advance(TimeSpan.FromSeconds(2));
        TickUntil(server, () => Info(client, "rdb_last_bgsave_status") == "err");

        files.Failure = null;
        server.Advance(TimeSpan.FromSeconds(5));
        Assert.False(server.Server.BackgroundSaving.IsRunning);
        server.Advance(TimeSpan.FromSeconds(1));
        TickUntil(server, () => Info(client, "rdb_last_bgsave_status") == "ok");
    }

    [Fact]
    public void A_save_is_given_up_when_the_disk_hangs_while_a_client_waits_for_it()
    {
        var files = new GatedFiles();
        using var server = Start(files);
        using var client = server.Connect();
        for (var i = 0; i < 100; i++) client.Call("RPUSH big " + string.Join(' ', Enumerable.Range(i * 100, 100).Select(n => $"element:{n}")));
        for (var i = 0; i < 500; i++) client.Call($"SET key:{i} {new string('x', 1000)}");
        client.Call("BGSAVE");
        client.Send("RPUSH big late");
        TickUntil(server, () => Client(server, client).Has(ClientFlags.Paused) || client.Socket.Available > 0);
        // Twice: what the disk did take counts from when it is seen.
        server.Advance(TimeSpan.FromSeconds(11));
        server.Advance(TimeSpan.FromSeconds(11));
        TickUntil(server, () => client.Socket.Available > 0);

        Assert.Equal(":10001", client.Read());
        Finish(server, files);
        Assert.Equal("err", Info(client, "rdb_last_bgsave_status"));
    }

    static Client Client(TestServer server, RawClient client)
    {
        var address = client.Socket.LocalEndPoint!.ToString();
        lock (server.Server.Executor.ExecutorLock) return server.Server.Clients.All.Single(c => c.Connection.Remote == address);
    }
}
