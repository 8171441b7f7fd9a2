namespace MiniRedis.Server.Tests.Clients;

/// <summary>Connections that pause, resume and end in the middle of things.</summary>
public sealed class LifeCycleTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pause_holds_pipelines_where_they_are_and_loses_nothing(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var client = server.Connect();
        using var other = server.Connect();
        Assert.Equal("+OK", other.Call("CLIENT PAUSE 10000 WRITE"));
        client.SendRaw(RawClient.Encode("GET", "n") + RawClient.Encode("INCR", "n") + RawClient.Encode("GET", "n") + RawClient.Encode("INCR", "n"));
        Assert.Equal("$-1", client.Read());
        Assert.Equal("$-1", other.Call("GET n"));
        WaitUntilHeld(other);
        client.SendRaw(RawClient.Encode("INCR", "n"));
        Assert.Equal("$-1", other.Call("GET n"));
        // What cannot run anyway is told so at once.
        Assert.Equal("-ERR wrong number of arguments for 'incr' command", other.Call("INCR"));
        Assert.Equal("+OK", other.Call("CLIENT UNPAUSE"));
        Assert.Equal(":1", client.Read());
        Assert.Equal("$1 1", client.Read());
        Assert.Equal(":2", client.Read());
        Assert.Equal(":3", client.Read());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pause_of_all_ends_with_its_time(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("CLIENT PAUSE 500 ALL"));
        client.Send("PING");
        client.Send("ECHO x");
        Await.UntilLocked(server, () => server.Server.Clients.All.First().IsHeld);
        server.Advance(TimeSpan.FromMilliseconds(501));
        Assert.Equal("+PONG", client.Read());
        Assert.Equal("$1 x", client.Read());
    }

    static void WaitUntilHeld(RawClient other) =>
        Await.Until(() => other.Call("CLIENT LIST").Contains(" flags=b ", StringComparison.Ordinal));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Clients_that_vanish_in_the_middle_leave_nothing_behind(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var observer = server.Connect();
        observer.CallWords("SET", "big", new string('x', 4 * 1024 * 1024));
        observer.Call("PING");
        for (var i = 0; i < 30; i++)
        {
            // Half a request.
            var half = server.Connect();
            half.SendRaw("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nabc");
            // Replies that are never read.
            var deaf = server.Connect();
            deaf.TrySendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("GET", "big"), 5)));
            // A held pipeline.
            observer.Call("CLIENT PAUSE 10000 WRITE");
            var held = server.Connect();
            held.SendRaw(RawClient.Encode("SET", "k", "v") + RawClient.Encode("PING"));
            // Requests under way.
            var busy = server.Connect();
            busy.SendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("GET", "k"), 5000)));
            RawClient[] vanishing = [half, deaf, held, busy];
            foreach (var client in vanishing)
            {
                if (i % 2 == 0) client.Reset();
                client.Dispose();
            }
            observer.Call("CLIENT UNPAUSE");
        }
        Await.UntilLocked(server, () => server.Server.Clients.Count == 1);
        lock (server.Server.Executor.ExecutorLock)
        {
            Assert.Equal(0, server.Server.Statistics.UnexpectedErrors);
            Assert.InRange(server.Server.ClientMemory.MemoryBytes, 1, 64 * 1024);
        }
        Assert.Equal("+PONG", observer.Call("PING"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_follows_quit_is_not_run(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        for (var i = 0; i < 50; i++)
        {
            using var client = server.Connect();
            client.SendRaw(RawClient.Encode("SET", "k", "1") + RawClient.Encode("QUIT") + RawClient.Encode("SET", "k", "2"));
            Assert.Equal("+OK\r\n+OK\r\n", client.ReadToEnd());
        }
        using var other = server.Connect();
        Assert.Equal("$1 1", other.Call("GET k"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_peer_that_only_stopped_sending_still_gets_its_replies(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var client = server.Connect();
        client.SendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("ECHO", new string('x', 1000)), 100)));
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        var reply = $"$1000\r\n{new string('x', 1000)}\r\n";
        Assert.Equal(string.Concat(Enumerable.Repeat(reply, 100)), client.ReadToEnd());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_of_many_megabytes_comes_back_as_it_was(bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var client = server.Connect();
        var random = new Random(5);
        foreach (var length in (int[])[16_384, 65_536, 1_048_575, 1_048_576, 20_000_000])
        {
            var value = string.Create(length, random, static (span, r) =>
            {
                foreach (ref var c in span) c = (char)r.Next(256);
            });
            Assert.Equal("+OK", client.CallWords("SET", "k", value));
            var sending = Background.Run(() => client.SendRaw(RawClient.Encode("GET", "k") + RawClient.Encode("ECHO", value) + RawClient.Encode("PING")));
            Assert.True($"${length} {value}" == client.Read(), $"GET of {length}");
            Assert.True($"${length} {value}" == client.Read(), $"ECHO of {length}");
            Assert.Equal("+PONG", client.Read());
            await sending;
        }
    }
}
