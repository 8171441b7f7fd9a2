using System.Globalization;
using System.Text.RegularExpressions;

namespace MiniRedis.Server.Tests.Clients;

/// <summary>What a connection may cost before it is closed.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Clients_over_the_limit_are_told_why_and_closed(bool portable)
    {
        using var server = new TestServer("maxclients 3", portable);
        var clients = Enumerable.Range(0, 3).Select(_ => server.Connect()).ToList();
        foreach (var client in clients) Assert.Equal("+PONG", client.Call("PING"));
        for (var i = 0; i < 50; i++)
        {
            using var rejected = server.Connect();
            // Bytes that are never read must not turn the close into a reset that eats the error.
            if (i % 2 == 0) rejected.TrySendRaw(RawClient.Encode("PING"));
            Assert.Equal("-ERR max number of clients reached\r\n", rejected.ReadToEnd());
        }
        clients[0].Dispose();
        using var next = Retry(server);
        Assert.Equal("+PONG", next.Call("PING"));
        lock (server.Server.Executor.ExecutorLock) Assert.InRange(server.Server.Statistics.RejectedConnections, 50, 1000);
        foreach (var client in clients) client.Dispose();

        // The place is free once the server has noticed that its client is gone.
        static RawClient Retry(TestServer server)
        {
            Await.UntilLocked(server, () => server.Server.Clients.Count < 3);
            return server.Connect();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Idle_clients_are_closed_after_the_timeout(bool portable)
    {
        using var server = new TestServer("timeout 10", portable);
        using var idle = server.Connect();
        using var busy = server.Connect();
        idle.Call("PING");
        for (var i = 0; i < 3; i++)
        {
            busy.Call("PING");
            server.Advance(TimeSpan.FromSeconds(4));
        }
        Assert.True(idle.IsClosedByServer());
        Assert.Equal("+PONG", busy.Call("PING"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_query_buffer_over_the_limit_closes_the_client(bool portable)
    {
        using var server = new TestServer("client-query-buffer-limit 1mb", portable);
        using var client = server.Connect();
        client.SendRaw("*2\r\n$4\r\nECHO\r\n$2097152\r\n");
        client.TrySendRaw(new string('x', 2 * 1024 * 1024) + "\r\n");
        Assert.Equal("", client.ReadToEnd());
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(1, server.Server.Statistics.QueryBufferLimitDisconnections);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reader_too_slow_is_closed_at_the_hard_limit(bool portable)
    {
        using var server = new TestServer("client-output-buffer-limit normal 10mb 0 0", portable);
        using var client = ConnectFirst(server);
        using var observer = server.Connect();
        client.CallWords("SET", "k", new string('x', 1024 * 1024));
        // 100 replies of 1 MB; neither the sockets nor 10 MB hold them.
        client.TrySendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("GET", "k"), 100)));
        long most = 0;
        Await.Until(() =>
        {
            var line = observer.Call("CLIENT LIST ID 1");
            var isThere = line.Contains("id=1", StringComparison.Ordinal);
            if (isThere) most = Math.Max(most, Omem(line));
            return !isThere;
        });
        Assert.InRange(most, 0, 10 * 1024 * 1024);
        Assert.True(client.ReadToEnd().Length < 50 * 1024 * 1024);
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(1, server.Server.Statistics.OutputBufferLimitDisconnections);
        Assert.Equal("+PONG", observer.Call("PING"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reader_over_the_soft_limit_is_closed_after_its_time(bool portable)
    {
        using var server = new TestServer("client-output-buffer-limit normal 0 1mb 10", portable);
        using var client = ConnectFirst(server);
        using var observer = server.Connect();
        TakeLittle(client);
        client.CallWords("SET", "k", new string('x', 1024 * 1024));
        client.TrySendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("GET", "k"), 30)));
        var line = "";
        // The replies are there a moment before they are being sent.
        Await.Until(() =>
        {
            line = observer.Call("CLIENT LIST ID 1");
            return Omem(line) >= 2 * 1024 * 1024 && line.Contains(" events=rw ", StringComparison.Ordinal);
        });
        Assert.Matches(@" oll=[1-9]\d* omem=\d+ tot-mem=\d{7,} events=rw ", line);
        server.Advance(TimeSpan.FromSeconds(9));
        Assert.Contains("id=1", observer.Call("CLIENT LIST ID 1"), StringComparison.Ordinal);
        server.Advance(TimeSpan.FromSeconds(2));
        Assert.DoesNotContain("id=1", observer.Call("CLIENT LIST ID 1"), StringComparison.Ordinal);
        Assert.True(client.ReadToEnd().Length < 30 * 1024 * 1024);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reader_that_catches_up_gets_everything(bool portable)
    {
        using var server = new TestServer("client-output-buffer-limit normal 0 1mb 10", portable);
        using var client = ConnectFirst(server);
        using var observer = server.Connect();
        TakeLittle(client);
        var value = new string('x', 3 * 1024 * 1024);
        client.CallWords("SET", "k", value);
        client.TrySendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("GET", "k"), 10)));
        Await.Until(() => Omem(observer.Call("CLIENT LIST ID 1")) >= 2 * 1024 * 1024);
        for (var i = 0; i < 10; i++) Assert.Equal($"${value.Length} {value}", client.Read());
        server.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("+PONG", client.Call("PING"));
        Assert.Equal(0, Omem(observer.Call("CLIENT LIST ID 1")));
    }

    [Fact]
    public void An_argument_over_the_bulk_limit_is_refused()
    {
        using var server = new TestServer("proto-max-bulk-len 1mb");
        using var client = server.Connect();
        client.SendRaw("*2\r\n$4\r\nECHO\r\n$1048577\r\n");
        Assert.Equal("-ERR Protocol error: invalid bulk length\r\n", client.ReadToEnd());
        using var other = server.Connect();
        Assert.Equal("$1048576", other.CallWords("ECHO", new string('x', 1024 * 1024))[..8]);
    }

    [Theory]
    [InlineData("*11\r\n", "unauthenticated multibulk length")]
    [InlineData("*2\r\n$4\r\nECHO\r\n$16385\r\n", "unauthenticated bulk length")]
    public void Who_has_not_authenticated_may_send_little(string bytes, string error)
    {
        using var server = new TestServer("requirepass p");
        using var client = server.Connect();
        client.SendRaw(bytes);
        Assert.Equal($"-ERR Protocol error: {error}\r\n", client.ReadToEnd());
        // The limit falls with AUTH, in the same batch too.
        using var other = server.Connect();
        other.SendRaw(RawClient.Encode("AUTH", "p") + RawClient.Encode("ECHO", new string('x', 20_000)));
        Assert.Equal("+OK", other.Read());
        Assert.StartsWith("$20000 ", other.Read(), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_has_not_authenticated_may_leave_little_unread()
    {
        using var server = new TestServer("requirepass p");
        using var client = server.Connect();
        using var observer = server.Connect();
        observer.Call("AUTH p");
        client.Socket.ReceiveBufferSize = 4096;
        var requests = string.Concat(Enumerable.Repeat(RawClient.Encode("GET", "k"), 1000));
        Await.Until(() =>
        {
            client.TrySendRaw(requests);
            return !observer.Call("CLIENT LIST ID 1").Contains("id=1", StringComparison.Ordinal);
        });
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(1, server.Server.Statistics.OutputBufferLimitDisconnections);
    }

    /// <summary>A client that has the id 1. On the portable transport those that come together are numbered in any order.</summary>
    static RawClient ConnectFirst(TestServer server)
    {
        var client = server.Connect();
        client.Call("PING");
        return client;
    }

    /// <summary>
    /// Keeps the client's side of the kernel from growing with what comes: where it may take 32 MB, nothing waits in the server.
    /// </summary>
    static void TakeLittle(RawClient client) => client.Socket.ReceiveBufferSize = 64 * 1024;

    static long Omem(string line) => long.Parse(Regex.Match(line, @" omem=(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
}
