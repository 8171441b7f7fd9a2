namespace MiniRedis.Server.Tests.Clients;

public sealed class LimitsTests
{
    static bool IsListed(RawClient client, int id) => client.Call("CLIENT LIST").Contains($"id={id} ", StringComparison.Ordinal);

    static string Evicted(RawClient client)
    {
        var info = client.Call("INFO stats");
        var start = info.IndexOf("evicted_clients:", StringComparison.Ordinal) + "evicted_clients:".Length;
        return info[start..info.IndexOf('\r', start)];
    }

    /// <summary>A request that ends in the middle of an argument: its bytes are its client's memory.</summary>
    static void LeaveUnfinished(TestServer server, RawClient client, int bytes)
    {
        var request = $"*2\r\n$3\r\nGET\r\n${bytes}\r\n" + new string('x', bytes - 1);
        client.SendRaw(request);
        server.WaitUntilRead(client, request.Length);
    }

    [Fact]
    public void The_largest_clients_are_closed_when_all_together_take_too_much()
    {
        using var server = new TestServer("maxmemory-clients 1mb");
        using var client = server.Connect();
        using var small = server.Connect();
        using var large = server.Connect();
        using var spared = server.Connect();
        spared.Call("CLIENT NO-EVICT ON");
        LeaveUnfinished(server, small, 100_000);
        LeaveUnfinished(server, large, 400_000);
        server.Tick();
        Assert.Equal("0", Evicted(client));
        LeaveUnfinished(server, spared, 700_000);
        server.Tick();
        Assert.True(large.IsClosedByServer());
        Assert.Equal("1", Evicted(client));
        Assert.True(IsListed(client, 2) && IsListed(client, 4));
    }

    [Fact]
    public void Among_clients_of_one_class_of_size_the_oldest_goes_and_percentages_are_of_maxmemory()
    {
        using var server = new TestServer("maxmemory 10mb\nmaxmemory-clients 5%");
        using var client = server.Connect();
        using var first = server.Connect();
        using var second = server.Connect();
        first.Call("PING");
        LeaveUnfinished(server, second, 260_000);
        LeaveUnfinished(server, first, 250_000);
        server.Tick();
        Assert.True(IsListed(client, 2) && IsListed(client, 3));
        Assert.Equal("+OK", client.Call("CONFIG SET maxmemory-clients 4%"));
        Assert.Equal("+PONG", client.Call("PING"));
        Assert.True(first.IsClosedByServer() != IsListed(client, 2));
        Assert.Equal("1", Evicted(client));
        Assert.True(IsListed(client, 3));
    }

    [Fact]
    public void Clients_that_may_not_be_evicted_are_left_however_much_they_take()
    {
        using var server = new TestServer("maxmemory-clients 100kb");
        using var client = server.Connect();
        client.Call("CLIENT NO-EVICT ON");
        using var spared = server.Connect();
        spared.Call("CLIENT NO-EVICT ON");
        LeaveUnfinished(server, spared, 400_000);
        server.Tick();
        Assert.Equal("+PONG", client.Call("PING"));
        Assert.Equal("0", Evicted(client));
        Assert.True(IsListed(client, 2));
    }

    [Fact]
    public void What_a_client_queues_watches_subscribes_to_and_tracks_is_its_memory()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        using var other = server.Connect();
        long Memory()
        {
            var line = client.Call("CLIENT LIST ID 2");
            var start = line.IndexOf("tot-mem=", StringComparison.Ordinal) + "tot-mem=".Length;
            return long.Parse(line[start..line.IndexOf(' ', start)], System.Globalization.CultureInfo.InvariantCulture);
        }

        other.Call("PING");
        var name = new string('k', 10_000);
        foreach (var command in (string[])[$"WATCH {name}", $"CLIENT TRACKING ON BCAST PREFIX {name}", $"CLIENT SETNAME {name}", "MULTI", $"GET {name}"])
        {
            var before = Memory();
            other.Call(command);
            Assert.InRange(Memory() - before, command == "MULTI" ? 0 : 10_000, 60_000);
        }
    }

    [Fact]
    public void A_client_over_the_soft_limit_has_its_seconds()
    {
        using var server = new TestServer("client-output-buffer-limit pubsub 0 1mb 5");
        using var publisher = server.Connect();
        using var slow = server.Connect();
        slow.Call("SUBSCRIBE news");
        var message = new string('m', 1_000_000);
        long Pending()
        {
            lock (server.Server.Executor.ExecutorLock)
                return server.Server.Clients.TryGet(2, out var client) ? client.Connection.Output.PendingBytes : -1;
        }

        // What it does not read fills the kernel's buffers first.
        while (Pending() is >= 0 and < 3_000_000) publisher.CallWords("PUBLISH", "news", message);
        server.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(":1", publisher.CallWords("PUBLISH", "news", "x"));
        server.Advance(TimeSpan.FromSeconds(2));
        publisher.CallWords("PUBLISH", "news", "x");
        for (var i = 0; i < 3 && Pending() >= 0; i++) server.Advance(TimeSpan.FromSeconds(1));
        Await.Until(() => Pending() < 0);
        Assert.Contains("client_output_buffer_limit_disconnections:1\r\n", publisher.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_over_its_output_limit_is_cut_off_without_what_it_asked_for(bool portableTransport)
    {
        using var server = new TestServer("client-output-buffer-limit normal 10 0 0", portableTransport);
        using var client = server.Connect();
        Assert.Equal("+OK", client.CallWords("SET", "k", new string('x', 100_000)));
        client.Send("GET k");
        Assert.True(client.IsClosedByServer());
        using var other = server.Connect();
        Assert.Contains("client_output_buffer_limit_disconnections:1\r\n", other.Call("INFO stats"), StringComparison.Ordinal);
    }
}
