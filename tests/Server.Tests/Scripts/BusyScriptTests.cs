using System.Diagnostics;

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
}
