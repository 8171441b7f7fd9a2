namespace MiniRedis.Server.Tests.Scripts;

/// <summary>What of scripts and functions reaches files and replicas.</summary>
public sealed class ScriptEffectsTests : ServerTests
{
    string Eval(string script) => _client.CallWords("EVAL", script, "0");

    [Fact]
    public void The_commands_of_a_script_are_one_unit()
    {
        Eval("redis.call('set', 'a', '1') redis.call('get', 'a') redis.call('expire', 'a', 100) redis.call('incr', 'b')");
        Assert.Equal([3], _server.Effects.Units);
        Assert.Equal("SET a 1", _server.Effects.Commands[0]);
        Assert.StartsWith("PEXPIREAT a ", _server.Effects.Commands[1]);
        Assert.Equal("incr b", _server.Effects.Commands[2]);
    }

    [Fact]
    public void What_a_failing_script_did_before_has_happened()
    {
        Eval("redis.call('set', 'a', '1') error('no')");
        Assert.Equal(["SET a 1"], _server.Effects.Commands);
        Assert.Equal("$1 1", _client.Call("GET a"));
    }

    [Fact]
    public void Set_repl_says_who_is_told()
    {
        Eval("""
            redis.call('set', 'a', '1')
            redis.set_repl(redis.REPL_NONE) redis.call('set', 'b', '1')
            redis.set_repl(redis.REPL_REPLICA) redis.call('set', 'c', '1')
            redis.set_repl(redis.REPL_ALL) redis.call('set', 'd', '1')
            """);
        Assert.Equal(["SET a 1", "SET c 1 (replicas)", "SET d 1"], _server.Effects.Commands);
        // The next command is told to all again.
        Eval("redis.set_repl(redis.REPL_NONE)");
        _client.Call("SET e 1");
        Assert.Equal("SET e 1", _server.Effects.Commands[^1]);
        Assert.Equal("*4 $1 1 $1 1 $1 1 $1 1", _client.Call("MGET a b c d"));
    }

    [Fact]
    public void Blocked_clients_are_served_when_the_script_is_over()
    {
        using var waiting = _server.Connect();
        waiting.Send("BLPOP l 0");
        _server.TickUntil(() => _server.Server.Clients.All.Any(client => client.Waiting is not null));
        Eval("redis.call('lpush', 'l', 'first') redis.call('lpush', 'l', 'second')");
        Assert.Equal("*2 $1 l $6 second", waiting.Read());
        Assert.Equal(["lpush l first", "lpush l second", "LPOP l"], _server.Effects.Commands);
        Assert.Equal([2, 1], _server.Effects.Units);
    }

    [Fact]
    public void Functions_survive_a_restart_by_either_file()
    {
        using var aof = new AofDirectory();
        const string First = "#!lua name=first\nredis.register_function('first', function() return 1 end)";
        const string Second = "#!lua name=second\nredis.register_function('second', function() return 2 end)";
        foreach (var preamble in (string[])["yes", "no"])
        {
            using (var server = aof.Start($"aof-use-rdb-preamble {preamble}"))
            {
                using var client = server.Connect();
                client.CallWords("FUNCTION", "LOAD", "REPLACE", First);
                client.Call("BGREWRITEAOF");
                server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
                client.CallWords("FUNCTION", "LOAD", "REPLACE", Second);
                client.CallWords("EVAL", "redis.call('set', 'k', 'v') redis.call('set', 'l', 'w')", "0");
            }
            using (var server = aof.Start($"aof-use-rdb-preamble {preamble}"))
            {
                using var client = server.Connect();
                Assert.Equal(":1", client.Call("FCALL first 0"));
                Assert.Equal(":2", client.Call("FCALL second 0"));
                Assert.Equal("*2 $1 v $1 w", client.Call("MGET k l"));
            }
        }
        _client.CallWords("FUNCTION", "LOAD", First);
        Assert.Equal("+OK", _client.Call("SAVE"));
        using var loaded = new TestServer(data: File.ReadAllBytes(_server.Server.Saving.Path));
        loaded.TickUntil(() => !loaded.Server.Dataset.IsLoading);
        using var reader = loaded.Connect();
        Assert.Equal(":1", reader.Call("FCALL first 0"));
    }

    [Fact]
    public void A_file_whose_library_does_not_load_is_refused()
    {
        using var aof = new AofDirectory();
        using (var server = aof.Start("aof-use-rdb-preamble no"))
        {
            using var client = server.Connect();
            client.Call("SET k v");
        }
        File.AppendAllText(
            Directory.GetFiles(Path.GetDirectoryName(aof.AofPath("x"))!, "*.incr.aof").Single(),
            RawClient.Encode("FUNCTION", "LOAD", "#!lua name=broken\nnot lua"));
        Assert.Contains("Error compiling function", aof.Refusal("aof-use-rdb-preamble no"), StringComparison.Ordinal);
    }

    [Fact]
    public void Scripts_that_an_old_file_holds_run_again()
    {
        using var aof = new AofDirectory();
        using (var server = aof.Start("aof-use-rdb-preamble no"))
        {
            using var client = server.Connect();
            client.Call("SET k v");
        }
        File.AppendAllText(
            Directory.GetFiles(Path.GetDirectoryName(aof.AofPath("x"))!, "*.incr.aof").Single(),
            RawClient.Encode("EVAL", "return redis.call('set', KEYS[1], ARGV[1])", "1", "old", "script"));
        using var loaded = aof.Start("aof-use-rdb-preamble no");
        using var reader = loaded.Connect();
        Assert.Equal("$6 script", reader.Call("GET old"));
    }
}
