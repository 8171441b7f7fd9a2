namespace MiniRedis.Server.Tests.Clients;

/// <summary>Where the hard output buffer limit takes effect: within a batch, and within a reply.</summary>
public sealed class OutputLimitTests
{
    static string Batch(params string[] commands) => string.Concat(commands.Select(c => RawClient.Encode(c.Split(' '))));

    [Fact]
    public void What_stands_behind_the_command_that_passes_the_limit_does_not_run()
    {
        using var server = new TestServer("client-output-buffer-limit normal 100000 0 0");
        using var client = server.Connect();
        using var observer = server.Connect();
        observer.CallWords("SET", "big", new string('x', 10_000));
        var reads = Enumerable.Repeat("GET big", 12).ToArray();
        client.SendRaw(Batch(["SET before 1", .. reads, "SET behind 1"]));
        Assert.Equal("", client.ReadToEnd());
        Assert.Equal("*2 $1 1 $-1", observer.Call("MGET before behind"));
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(1, server.Server.Statistics.OutputBufferLimitDisconnections);
    }

    [Fact]
    public void Replies_below_the_limit_are_all_sent()
    {
        using var server = new TestServer("client-output-buffer-limit normal 100000 0 0");
        using var client = server.Connect();
        client.CallWords("SET", "big", new string('x', 10_000));
        client.SendRaw(Batch([.. Enumerable.Repeat("GET big", 9), "SET behind 1"]));
        for (var i = 0; i < 9; i++) Assert.Equal(10_007, client.Read().Length);
        Assert.Equal("+OK", client.Read());
    }

    [Theory]
    [InlineData("HRANDFIELD hash -999999999")]
    [InlineData("SRANDMEMBER set -999999999")]
    [InlineData("ZRANDMEMBER sorted -999999999")]
    public void A_reply_without_end_is_cut_and_its_command_stops(string command)
    {
        using var server = new TestServer("client-output-buffer-limit normal 1mb 0 0");
        using var client = server.Connect();
        using var observer = server.Connect();
        observer.Call("HSET hash field value");
        observer.Call("SADD set member");
        observer.Call("ZADD sorted 1 member");
        client.SendRaw(Batch("PING", command));
        Assert.Equal("", client.ReadToEnd());
        lock (server.Server.Executor.ExecutorLock) Assert.InRange(server.Server.Statistics.NetOutputBytes, 1_000_000, 1_300_000);
        Assert.Equal("+PONG", observer.Call("PING"));
    }

    [Theory]
    [InlineData("SUNION a b")]
    [InlineData("XRANGE s - +")]
    [InlineData("ZSCAN z 0 COUNT 1000000")]
    public void A_reply_whose_count_comes_last_is_cut_too(string command)
    {
        using var server = new TestServer("client-output-buffer-limit normal 1mb 0 0");
        using var client = server.Connect();
        using var observer = server.Connect();
        var text = new string('x', 10_000);
        for (var i = 0; i < 400; i++)
        {
            observer.CallWords("SADD", i % 2 == 0 ? "a" : "b", $"{i}{text}");
            observer.CallWords("XADD", "s", $"{i + 1}", "f", text);
            observer.CallWords("ZADD", "z", "1", $"{i}{text}");
        }
        client.SendRaw(Batch("PING", command, "SET behind 1"));
        Assert.InRange(client.ReadToEnd().Length, 0, 1_500_000);
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(1, server.Server.Statistics.OutputBufferLimitDisconnections);
        Assert.Equal("$-1", observer.Call("GET behind"));
    }

    [Fact]
    public void KEYS_over_the_limit_ends_the_connection()
    {
        using var server = new TestServer("client-output-buffer-limit normal 100000 0 0\nenable-debug-command yes");
        using var client = server.Connect();
        client.Call($"DEBUG POPULATE 1000 {new string('-', 100)}");
        client.Send("KEYS *");
        Assert.Equal("", client.ReadToEnd());
    }

    [Fact]
    public void A_transaction_runs_to_its_end_although_nobody_will_read_its_replies()
    {
        using var server = new TestServer("client-output-buffer-limit normal 100000 0 0");
        using var client = server.Connect();
        using var observer = server.Connect();
        observer.CallWords("SET", "big", new string('x', 60_000));
        client.Call("MULTI");
        foreach (var command in (string[])["SET first 1", "GET big", "GET big", "GET big", "SET last 1"]) Assert.Equal("+QUEUED", client.Call(command));
        client.SendRaw(Batch("EXEC", "SET behind 1"));
        Assert.Equal("", client.ReadToEnd());
        Assert.Equal("*3 $1 1 $1 1 $-1", observer.Call("MGET first last behind"));
    }

    [Fact]
    public void Whoever_authenticates_in_a_batch_has_the_limit_of_those_who_have()
    {
        using var server = new TestServer("requirepass secret");
        using var client = server.Connect();
        client.SendRaw(Batch("AUTH secret", $"SET big {new string('x', 10_000)}", "GET big", "GET big", "GET big"));
        Assert.Equal("+OK", client.Read());
        Assert.Equal("+OK", client.Read());
        for (var i = 0; i < 3; i++) Assert.Equal(10_007, client.Read().Length);
    }
}
