namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>Commands of a file that fail, or that something in the file would drop: nothing that was acknowledged goes without a word.</summary>
public sealed class AofFailureTests : IDisposable
{
    const string Name = "appendonly.aof.1.incr.aof";
    const string Ignore = "propagation-error-behavior ignore";

    readonly AofDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    void Make(params string[] commands) => _directory.Make($"file {Name} seq 1 type i\n", (Name, AofDirectory.Commands(commands)));

    string Loaded(string command, string configuration = "")
    {
        using var server = _directory.Start(configuration);
        Assert.True(_directory.Exits.Count == 0, _directory.Log.Text);
        using var client = server.Connect();
        return client.Call(command);
    }

    [Fact]
    public void A_transaction_that_was_left_open_takes_in_what_was_acknowledged_behind_it()
    {
        Make("SET a 1", "MULTI", "SET b 1", "SET c 1", "MULTI", "SET d 1", "EXEC", "SET e 1");
        Assert.Equal(":5", Loaded("EXISTS a b c d e"));
        var offset = AofDirectory.Commands("SET a 1", "MULTI", "SET b 1", "SET c 1").Length;
        Assert.Contains($"The append only file {Name} has a MULTI within a transaction, at offset {offset}", _directory.Log.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_transaction_that_is_open_at_the_end_of_the_last_file_is_cut_off_as_a_whole()
    {
        Make("SET a 1", "MULTI", "SET b 1", "MULTI", "SET c 1");
        Assert.Equal(":1", Loaded("EXISTS a b c"));
        Assert.Equal(AofDirectory.Commands("SET a 1").Length, new FileInfo(_directory.AofPath(Name)).Length);
    }

    [Fact]
    public void Keys_that_the_file_watches_keep_no_transaction_from_running()
    {
        Make("WATCH a", "SET a 1", "MULTI", "WATCH b", "SET b 1", "EXEC");
        Assert.Equal(":2", Loaded("EXISTS a b"));
    }

    [Theory]
    [InlineData("incr", "ERR value is not an integer or out of range", 27, "SET a x", "INCR a", "SET b 1")]
    [InlineData("exec", "ERR EXEC without MULTI", 27, "SET a x", "EXEC", "SET b 1")]
    [InlineData("rename", "ERR no such key", 27, "SET a x", "RENAME c d", "SET b 1")]
    [InlineData("incr", "ERR value is not an integer or out of range", 84, "SET a x", "MULTI", "INCR n", "INCR a", "EXEC", "SET b 1")]
    [InlineData("discard", "it would drop the commands of a transaction", 69, "MULTI", "SET a x", "SET b 1", "DISCARD", "EXEC")]
    [InlineData("reset", "it would drop the commands of a transaction", 69, "MULTI", "SET a x", "SET b 1", "RESET", "EXEC")]
    public void A_command_that_fails_keeps_the_server_from_starting_unless_the_user_says_otherwise(
        string failing, string error, int offset, params string[] commands)
    {
        Make(commands);
        var content = File.ReadAllBytes(_directory.AofPath(Name));
        var expected = $"== CRITICAL == This server is sending an error to its AOF-loading-client: '{error}' after processing the command "
            + $"'{failing}' at offset {offset} of the append only file {Name}";
        foreach (var configuration in new[] { "", "propagation-error-behavior panic" })
        {
            var log = _directory.Refusal(configuration);
            Assert.Contains(expected + '\n', log, StringComparison.Ordinal);
            Assert.Contains($"The append only file {Name} is not loaded", log, StringComparison.Ordinal);
            Assert.Equal(content, File.ReadAllBytes(_directory.AofPath(Name)));
        }
        foreach (var configuration in new[] { Ignore, "propagation-error-behavior panic-on-replicas" })
        {
            _directory.Exits.Clear();
            _directory.Log.Clear();
            Assert.Equal("*2 $1 x $1 1", Loaded("MGET a b", configuration));
            Assert.Contains(expected, _directory.Log.Text, StringComparison.Ordinal);
            Assert.Contains("1 commands of the append only file failed", _directory.Log.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_rewrite_leaves_the_files_of_which_commands_failed_where_they_are()
    {
        Make("SET a x", "INCR a");
        using (var server = _directory.Start(Ignore))
        {
            using var client = server.Connect();
            for (var i = 0; i < 2; i++)
            {
                client.Call("BGREWRITEAOF");
                server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
            }
        }
        // Those of the first rewrite are deleted, as they lack nothing.
        Assert.Equal([Name, "appendonly.aof.2.base.rdb", "appendonly.aof.3.incr.aof", "appendonly.aof.manifest"], _directory.Names);
        Assert.Equal("file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.3.incr.aof seq 3 type i\n", _directory.Manifest);
        Assert.Contains($"Not deleted, as commands of the append only file failed when it was loaded: {Name} in appendonlydir",
            _directory.Log.Text, StringComparison.Ordinal);
        Assert.Equal("$1 x", Loaded("GET a"));
        Assert.Contains(Name, _directory.Names);
    }

    [Fact]
    public void The_log_names_some_of_many_failures_and_tells_how_many_there_are()
    {
        Make(["SET a x", .. Enumerable.Repeat("INCR a", 1000)]);
        Assert.Equal("$1 x", Loaded("GET a", Ignore));
        Assert.InRange(_directory.Log.Text.Split("AOF-loading-client").Length - 1, 10, 20);
        Assert.Contains("1000 commands of the append only file failed", _directory.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void DEBUG_LOADAOF_tells_of_a_command_that_fails()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        client.Call("SET a x");
        File.AppendAllText(_directory.AofPath(Name), AofDirectory.Commands("INCR a"));
        Assert.StartsWith("-ERR Error trying to load the AOF files", client.Call("DEBUG LOADAOF"), StringComparison.Ordinal);
        Assert.Contains("after processing the command 'incr'", _directory.Log.Text, StringComparison.Ordinal);
    }
}
