using System.Diagnostics;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.Scripts;

/// <summary>What other clients may do while a script runs too long, on both transports.</summary>
public sealed class BusyScriptTests
{
    const string Busy = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

    static TestServer Start(bool portable, Action<int>? exits = null) => new("busy-reply-threshold 100", portable, exits: exits);

    /// <summary>Lets a client call something that does not end, and waits until the server calls it busy.</summary>
    static RawClient StartEndless(TestServer server, params string[] words)
    {
        var caller = server.Connect();
        caller.SendRaw(RawClient.Encode(words));
        WaitUntilBusy(server);
        return caller;
    }

    /// <summary>Passes the threshold by the clock of the tests: again and again, since the script may not have begun yet.</summary>
    static void WaitUntilBusy(TestServer server)
    {
        for (var patience = Stopwatch.StartNew(); !server.Server.RunningScript.IsBusy; Thread.Yield())
        {
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "the script is not busy");
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Theory]
    [InlineData(false, "while true do end")]
    [InlineData(true, "while true do end")]
    [InlineData(false, "while true do redis.call('get', 'k') end")]
    [InlineData(false, "while true do pcall(function() while true do end end) end")]
    [InlineData(false, "while true do local ok = pcall(error, 'x') end")]
    [InlineData(false, "while true do string.rep('ab', 1000) end")]
    [InlineData(false, "local t = {} for i = 1, 300 do t[i] = i end while true do pcall(table.sort, t, function() return true end) end")]
    [InlineData(false, "string.find(string.rep('a', 60), string.rep('.-', 30) .. 'b')")]
    public void Others_are_told_and_may_end_it(bool portable, string script)
    {
        using var server = Start(portable);
        using var other = server.Connect();
        using var caller = StartEndless(server, "EVAL", script, "0");
        Assert.Equal(Busy, other.Call("PING"));
        Assert.Equal(Busy, other.Call("GET k"));
        Assert.Equal("-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", other.Call("FUNCTION KILL"));
        using var late = server.Connect();
        Assert.Equal(Busy, late.Call("PING"));
        Assert.Equal("+OK", other.Call("SCRIPT KILL"));
        Assert.StartsWith("-ERR Script killed by user with SCRIPT KILL... script: ", caller.Read());
        Assert.Equal("+PONG", other.Call("PING"));
        Assert.Equal("+PONG", caller.Call("PING"));
        Assert.Equal("-NOTBUSY No scripts in execution right now.", other.Call("SCRIPT KILL"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_caller_has_sent_behind_it_runs_afterwards(bool portable)
    {
        using var server = Start(portable);
        using var other = server.Connect();
        using var caller = server.Connect();
        caller.SendRaw(RawClient.Encode("EVAL", "while true do end", "0") + RawClient.Encode("SET", "k", "v") + RawClient.Encode("GET", "k"));
        WaitUntilBusy(server);
        caller.SendRaw(RawClient.Encode("STRLEN", "k"));
        // Requests of others go through the same buffer meanwhile.
        for (var i = 0; i < 50; i++) Assert.Equal(Busy, other.Call($"SET other {new string('x', 1000)}"));
        other.Call("SCRIPT KILL");
        Assert.StartsWith("-ERR Script killed", caller.Read());
        Assert.Equal("+OK", caller.Read());
        Assert.Equal("$1 v", caller.Read());
        Assert.Equal(":1", caller.Read());
    }

    [Fact]
    public void A_script_that_has_written_cannot_be_killed_but_the_server_can()
    {
        var exits = new List<int>();
        using var server = Start(portable: false, exits.Add);
        using var other = server.Connect();
        using var caller = StartEndless(server, "EVAL", "redis.call('set', 'k', 'v') while true do end", "0");
        Assert.StartsWith("-UNKILLABLE ", other.Call("SCRIPT KILL"));
        Assert.Equal(Busy, other.Call("SHUTDOWN"));
        Assert.Equal(Busy, other.Call("SHUTDOWN SAVE"));
        other.Send("SHUTDOWN NOSAVE");
        Assert.StartsWith("-ERR Script killed", caller.Read());
        Assert.Equal([0], exits);
        // Half a script is in no file.
        Assert.Empty(server.Effects.Commands);
    }

    [Fact]
    public void A_function_is_ended_by_its_own_command()
    {
        using var server = Start(portable: false);
        using var other = server.Connect();
        other.CallWords("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('endless', function(keys, args) while true do end end)");
        using var caller = StartEndless(server, "FCALL", "endless", "1", "k", "a");
        Assert.StartsWith("-BUSY ", other.Call("SCRIPT KILL"));
        Assert.Matches(
            @"^\*4 \$14 running_script \*6 \$4 name \$7 endless \$7 command \*5 \$5 FCALL \$7 endless \$1 1 \$1 k \$1 a \$11 duration_ms :\d+ ",
            other.Call("FUNCTION STATS"));
        Assert.Equal("+OK", other.Call("FUNCTION KILL"));
        Assert.Equal("-ERR Script killed by user with SCRIPT KILL... script: endless, on @user_function:2.", caller.Read());
    }

    [Fact]
    public void What_may_run_meanwhile_does()
    {
        using var server = Start(portable: false);
        using var other = server.Connect();
        using var caller = StartEndless(server, "EVAL", "while true do end", "0");
        Assert.Equal("+OK", other.Call("MULTI"));
        Assert.Equal(Busy, other.Call("SET k v"));
        Assert.Equal("+OK", other.Call("DISCARD"));
        Assert.Equal("+OK", other.Call("WATCH k"));
        Assert.StartsWith("*14 $6 server", other.Call("HELLO 2"));
        using (var gone = server.Connect()) Assert.Equal(Busy, gone.Call("PING"));
        Assert.Equal("+OK", other.Call("SCRIPT KILL"));
        caller.Read();
        Assert.Equal(":0", other.Call("EXISTS k"));
    }

    const string Loading = "-LOADING Redis is loading the dataset in memory";

    /// <summary>It sets the key, and ends once there are so many clients or more.</summary>
    static string UntilClients(int count) =>
        $"redis.call('set', KEYS[1], 'y') while not string.find(redis.call('info', 'clients'), 'connected_clients:[{count}-9]') do end";

    /// <summary>An AOF of one command, and a key behind it.</summary>
    static void MakeAof(AofDirectory directory, string script) => directory.Make(
        "file appendonly.aof.1.incr.aof seq 1 type i\n",
        ("appendonly.aof.1.incr.aof", RawClient.Encode("EVAL", script, "1", "x") + RawClient.Encode("SET", "behind", "it")));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void While_a_script_of_the_file_runs_too_long_others_are_told_that_it_is_loaded(bool portable)
    {
        using var directory = new AofDirectory();
        MakeAof(directory, UntilClients(2));
        using var server = directory.Begin("busy-reply-threshold 100", portableTransport: portable);
        WaitUntilBusy(server);
        using var other = server.Connect();
        Assert.Equal(Loading, other.Call("PING"));
        Assert.Equal(Loading, other.Call("SCRIPT KILL"));
        Assert.Equal(Busy, other.Call("INFO"));
        using var second = server.Connect();
        Await.UntilLocked(server, () => !server.Server.Dataset.IsLoading);
        Assert.Equal("*2 $1 y $2 it", second.Call("MGET x behind"));
        Assert.Contains("Slow script detected: still in execution", directory.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void So_it_is_when_a_client_has_it_loaded_whose_next_commands_wait(bool portable)
    {
        using var directory = new AofDirectory();
        MakeAof(directory, "return 1");
        using var server = directory.Start("busy-reply-threshold 100", portableTransport: portable);
        using var caller = server.Connect();
        using var other = server.Connect();
        File.WriteAllText(
            directory.AofPath("appendonly.aof.1.incr.aof"), RawClient.Encode("EVAL", UntilClients(3), "1", "x"));
        caller.SendRaw(RawClient.Encode("DEBUG", "LOADAOF") + RawClient.Encode("GET", "x"));
        WaitUntilBusy(server);
        caller.SendRaw(RawClient.Encode("STRLEN", "x"));
        for (var i = 0; i < 50; i++) Assert.Equal(Loading, other.Call($"SET other {new string('z', 1000)}"));
        using var third = server.Connect();
        Assert.Equal("+OK", caller.Read());
        Assert.Equal("$1 y", caller.Read());
        Assert.Equal(":1", caller.Read());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_server_ends_without_its_end(bool bySignal)
    {
        using var directory = new AofDirectory();
        MakeAof(directory, "redis.call('set', KEYS[1], 'y') while true do end");
        using (var server = directory.Begin("busy-reply-threshold 100"))
        {
            WaitUntilBusy(server);
            using var other = server.Connect();
            if (bySignal) server.Server.Shutdown.Request(ShutdownFlags.Default);
            else other.Send("SHUTDOWN NOSAVE");
            Await.UntilLocked(server, () => directory.Exits.Count > 0 && !server.Server.RunningScript.IsRunning);
            Assert.Equal([0], directory.Exits);
        }
        Assert.DoesNotContain("sending an error", directory.Log.Text, StringComparison.Ordinal);
        Assert.Contains("behind", directory.Incremental(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_script_of_the_master_is_not_ended_by_others(bool portable)
    {
        using var master = new Following.FakeMaster(RawClient.Encode("EVAL", UntilClients(3), "1", "x"));
        using var server = new TestServer($"busy-reply-threshold 100\nreplicaof 127.0.0.1 {master.Port}", portable);
        WaitUntilBusy(server);
        using var other = server.Connect();
        Assert.Equal(Busy, other.Call("PING"));
        Assert.Equal(
            "-UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed.",
            other.Call("SCRIPT KILL"));
        using var second = server.Connect();
        using var third = server.Connect();
        Await.UntilLocked(server, () => !server.Server.RunningScript.IsRunning);
        Assert.Equal("$1 y", other.Call("GET x"));
    }
}
