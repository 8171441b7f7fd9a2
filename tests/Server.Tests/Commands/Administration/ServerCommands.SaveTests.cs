namespace MiniRedis.Server.Tests.Commands.Administration;

public sealed class ServerCommandsSaveTests
{
    [Fact]
    public void What_was_saved_is_there_after_a_restart()
    {
        byte[] data;
        string? digest;
        using (var server = new TestServer("enable-debug-command yes"))
        using (var client = server.Connect())
        {
            client.Call("SET a 1");
            client.Call("SET b 2 PXAT 99999999999999");
            client.Call("SELECT 3");
            client.Call("HSET h f v");
            client.Call("HPEXPIREAT h 69999999999999 FIELDS 1 f");
            digest = client.Call("DEBUG DIGEST");
            Assert.Equal("+OK", client.Call("SAVE"));
            data = File.ReadAllBytes(server.Server.Saving.Path);
            Assert.Equal([server.Server.Saving.Path], Directory.GetFiles(server.Directory));
        }
        using var second = new TestServer("enable-debug-command yes", data: data);
        second.Tick();
        using var again = second.Connect();
        Assert.Equal(digest, again.Call("DEBUG DIGEST"));
        Assert.Equal(":99999999999999", again.Call("PEXPIRETIME b"));
        Assert.Contains("rdb_last_load_keys_loaded:3\r\n", again.Call("INFO persistence"), StringComparison.Ordinal);
    }

    [Fact]
    public void Saving_sets_the_changes_to_zero_and_the_time()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        var started = client.Call("LASTSAVE");
        client.Call("SET a 1");
        client.Call("SET a 2");
        Assert.Contains("rdb_changes_since_last_save:2\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
        server.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(started, client.Call("LASTSAVE"));

        Assert.Equal("+OK", client.Call("SAVE"));

        Assert.Contains("rdb_changes_since_last_save:0\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
        Assert.Equal(long.Parse(started[1..], null) + 10, long.Parse(client.Call("LASTSAVE")[1..], null));
    }

    [Fact]
    public void INFO_tells_how_many_keys_a_background_save_has_written()
    {
        using var server = new TestServer("rdb-key-save-delay 10000000");
        using var client = server.Connect();
        client.Call("MSET a 1 b 2 c 3 d 4");
        client.Call("BGSAVE");
        string Told() => string.Join(' ', client.Call("INFO persistence").Split("\r\n").Where(line => line.StartsWith("current_", StringComparison.Ordinal)).Skip(3));
        // All are captured at once.
        server.TickUntil(() => server.Server.Snapshots.Current!.IsWalked);
        Await.Until(() => Told() == "current_fork_perc:25.00 current_save_keys_processed:1 current_save_keys_total:4");
        lock (server.Server.Executor.ExecutorLock) server.Server.BackgroundSaving.Cancel();
        server.TickUntil(() => !server.Server.BackgroundSaving.IsRunning);
        Assert.Equal("current_fork_perc:0.00 current_save_keys_processed:0 current_save_keys_total:0", Told());
    }

    [Theory]
    [InlineData(FileStep.Create)]
    [InlineData(FileStep.Write)]
    [InlineData(FileStep.Sync)]
    [InlineData(FileStep.Replace)]
    internal void A_disk_that_fails_leaves_the_file_there_was(FileStep step)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Call("SET a 1");
        client.Call("SAVE");
        var before = File.ReadAllBytes(server.Server.Saving.Path);
        client.Call("SET a 2");
        server.Server.Saving.Files = new FailingFiles { FailsAt = step, Room = 20 };

        Assert.Equal("-ERR", client.Call("SAVE"));

        Assert.Equal(before, File.ReadAllBytes(server.Server.Saving.Path));
        Assert.Equal([server.Server.Saving.Path], Directory.GetFiles(server.Directory));
        Assert.Contains("rdb_changes_since_last_save:1\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
        server.Server.Saving.Files = new FailingFiles();
        Assert.Equal("+OK", client.Call("SAVE"));
    }

    [Fact]
    public void A_directory_that_is_gone_is_an_error()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        lock (server.Server.Executor.ExecutorLock) server.Server.Config.Persistence.Dir += "/gone";
        Assert.Equal("-ERR", client.Call("SAVE"));
    }

    [Fact]
    public void Without_checksums_the_file_ends_in_zeros_and_is_loaded()
    {
        using var server = new TestServer("rdbchecksum no");
        using var client = server.Connect();
        client.Call("SET a 1");
        client.Call("SAVE");
        var data = File.ReadAllBytes(server.Server.Saving.Path);
        Assert.Equal(new byte[8], data[^8..]);

        using var second = new TestServer(data: data);
        second.Tick();
        using var again = second.Connect();
        Assert.Equal("$1 1", again.Call("GET a"));
    }

    [Theory]
    [InlineData("DEBUG RELOAD", ":2")]
    [InlineData("DEBUG RELOAD NOSAVE", ":1")]
    [InlineData("DEBUG RELOAD NOSAVE NOFLUSH MERGE", ":2")]
    [InlineData("DEBUG RELOAD NOSAVE NOFLUSH", "-ERR Error trying to load the RDB dump, check server logs.")]
    [InlineData("DEBUG RELOAD SOMEHOW", "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")]
    public void Reloading_saves_empties_and_loads_as_it_is_told(string command, string expected)
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        client.Call("SET a 1");
        client.Call("SAVE");
        client.Call("SET b 2");

        var reply = client.Call(command);

        Assert.Equal(expected, reply == "+OK" ? client.Call("DBSIZE") : reply);
    }
}
