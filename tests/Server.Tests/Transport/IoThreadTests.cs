namespace MiniRedis.Server.Tests.Transport;

/// <summary>Several loops over one executor: every reply comes, in order, and every change happens once.</summary>
public sealed class IoThreadTests
{
    const int Clients = 12, Batches = 60, BatchLength = 50;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(1, true)]
    public async Task Hammering_loops_lose_and_reorder_nothing(int threads, bool portable)
    {
        using var server = new TestServer($"io-threads {threads}", portable);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(number => Background.Run(() => Hammer(server, number))));
        using var client = server.Connect();
        Assert.Equal(Bulk(Clients * Batches * BatchLength), client.Call("GET shared"));
    }

    static string Bulk(int value) => $"${value.ToString(System.Globalization.CultureInfo.InvariantCulture).Length} {value}";

    static void Hammer(TestServer server, int number)
    {
        var random = new Random(number);
        using var client = server.Connect();
        var sent = 0;
        for (var batch = 0; batch < Batches; batch++)
        {
            var requests = new System.Text.StringBuilder();
            for (var i = 0; i < BatchLength; i++)
                requests.Append(RawClient.Encode("INCR", $"own{number}")).Append(RawClient.Encode("INCR", "shared")).Append(RawClient.Encode("ECHO", $"{number}:{sent + i}"));
            // Cut anywhere, so that requests cross receives and batches.
            var bytes = requests.ToString();
            var cut = random.Next(bytes.Length);
            client.SendRaw(bytes[..cut]);
            client.SendRaw(bytes[cut..]);
            long last = 0;
            for (var i = 0; i < BatchLength; i++, sent++)
            {
                Assert.Equal($":{sent + 1}", client.Read());
                var shared = long.Parse(client.Read().AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
                Assert.True(shared > last, "a counter went backwards");
                last = shared;
                var echo = $"{number}:{sent}";
                Assert.Equal($"${echo.Length} {echo}", client.Read());
            }
        }
    }

    [Fact]
    public void INFO_counts_the_clients_and_the_batches_of_each_loop()
    {
        using var server = new TestServer("io-threads 2");
        // Loops take connections in turn: the first and the third have the same.
        using RawClient first = server.Connect(), second = server.Connect(), third = server.Connect();
        for (var i = 0; i < 3; i++) first.Call("PING");
        second.Call("PING");
        third.Call("PING");
        Assert.Equal("+OK", second.Call("CONFIG RESETSTAT"));
        third.Call("PING");
        var info = second.Call("INFO threads");
        Assert.Contains("# Threads\r\nio_thread_0:clients=2,reads=1,writes=1\r\nio_thread_1:clients=1,reads=1,writes=1\r\n", info);
        Assert.Contains("total_reads_processed:3\r\ntotal_writes_processed:3\r\n", second.Call("INFO stats"));
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(1, true)]
    public async Task Clients_that_come_go_and_kill_each_other_across_loops_do_no_harm(int threads, bool portable)
    {
        using var server = new TestServer($"io-threads {threads}", portable, realTime: true);
        using var bystander = server.Connect();
        var killer = Background.Run(() =>
        {
            using var client = server.Connect();
            for (var i = 0; i < 300; i++)
            {
                Assert.StartsWith(":", client.Call($"CLIENT KILL ID {i + 3}"), StringComparison.Ordinal);
                if (i % 10 == 0) client.Call("CLIENT PAUSE 1 ALL");
            }
            client.Call("CLIENT UNPAUSE");
        });
        var others = Enumerable.Range(0, 6).Select(number => Background.Run(() =>
        {
            for (var i = 0; i < 60; i++)
            {
                using var client = server.Connect();
                client.TrySendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("SET", $"k{number}", "v"), 20)));
                if (i % 3 == 0) client.Reset();
            }
        }));
        await Task.WhenAll([killer, .. others]);
        lock (server.Server.Executor.ExecutorLock) server.Server.Pause.End();
        Assert.Equal("+PONG", bystander.Call("PING"));
        Await.UntilLocked(server, () => server.Server.Clients.Count == 1);
        Assert.Equal("+PONG", bystander.Call("PING"));
    }
}
