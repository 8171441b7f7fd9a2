using System.Globalization;
using System.Text;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Tests.PubSub;

/// <summary>Who subscribes to what, and who does not read what he subscribed to.</summary>
public sealed class PubSubTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_subscriber_who_does_not_read_is_cut_off_at_the_hard_limit(bool portableTransport)
    {
        using var server = new TestServer("client-output-buffer-limit pubsub 1mb 0 0", portableTransport);
        using var slow = server.Connect();
        using var fast = server.Connect();
        using var publisher = server.Connect();
        slow.Call("SUBSCRIBE news");
        fast.Call("SUBSCRIBE news");
        var message = new string('x', 16 * 1024);
        var sent = 0;
        // The kernel's buffers take some megabytes before any waits in ours.
        while (publisher.CallWords("PUBLISH", "news", message) == ":2")
        {
            Assert.Equal($"*3 $7 message $4 news ${message.Length} {message}", fast.Read());
            Assert.True(sent++ < 10_000, "nobody was cut off");
        }
        Assert.Equal($"*3 $7 message $4 news ${message.Length} {message}", fast.Read());
        Assert.Contains("client_output_buffer_limit_disconnections:1\r\n", publisher.Call("INFO stats"), StringComparison.Ordinal);
        Assert.Equal("*2 $4 news :1", publisher.Call("PUBSUB NUMSUB news"));
        Assert.EndsWith("\r\n", slow.ReadToEnd()[..4], StringComparison.Ordinal);
    }

    [Fact]
    public void A_subscriber_who_stays_over_the_soft_limit_is_cut_off_when_its_time_is_over()
    {
        using var server = new TestServer("client-output-buffer-limit pubsub 0 64kb 10");
        using var slow = server.Connect();
        using var publisher = server.Connect();
        slow.Call("SUBSCRIBE news");
        var message = new string('x', 64 * 1024);
        Await.Until(() =>
        {
            var isFull = publisher.Call("CLIENT LIST TYPE pubsub").Contains(" events=rw ", StringComparison.Ordinal);
            if (!isFull) Assert.Equal(":1", publisher.CallWords("PUBLISH", "news", message));
            return isFull;
        });
        // Far more than the sockets can still take: what they are full of is on its way.
        for (var i = 0; i < 64; i++) Assert.Equal(":1", publisher.CallWords("PUBLISH", "news", message));
        server.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(":1", publisher.Call("PUBLISH news x"));
        server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("*2 $4 news :0", publisher.Call("PUBSUB NUMSUB news"));
        Assert.Contains("client_output_buffer_limit_disconnections:1\r\n", publisher.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_for_a_slow_subscriber_takes_little_more_memory_than_its_bytes()
    {
        using var server = new TestServer("client-output-buffer-limit pubsub 0 0 0");
        using var slow = server.Connect();
        using var publisher = server.Connect();
        slow.Call("SUBSCRIBE news");
        var message = new string('x', 500);
        var call = string.Concat(Enumerable.Repeat(RawClient.Encode("PUBLISH", "news", message), 1000));
        void Publish()
        {
            publisher.SendRaw(call);
            for (var i = 0; i < 1000; i++) Assert.Equal(":1", publisher.Read());
        }

        (long Bytes, long Memory) Waiting()
        {
            lock (server.Server.Executor.ExecutorLock)
            {
                var output = server.Server.Clients.All.First().Connection.Output;
                return (output.PendingBytes, output.MemoryBytes);
            }
        }

        while (Waiting().Bytes < 100_000) Publish();
        // One message a batch: each would take a chunk of its own.
        for (var i = 0; i < 1000; i++) Assert.Equal(":1", publisher.CallWords("PUBLISH", "news", message));
        var (bytes, memory) = Waiting();
        Assert.InRange(bytes, 500_000, long.MaxValue);
        Assert.InRange(memory, bytes, bytes + bytes / 2 + 128 * 1024);
    }

    [Fact]
    public void Messages_of_every_length_arrive_whole_and_in_order()
    {
        using var server = new TestServer();
        using var subscriber = server.Connect();
        using var publisher = server.Connect();
        subscriber.Call("SUBSCRIBE c");
        int[] lengths = [0, 1, 900, 980, 1000, 1100, 5000, 16_000, 16_384, 17_000, 65_000, 66_000, 300_000, 1_100_000, 3];
        publisher.SendRaw(string.Concat(lengths.Select(n => RawClient.Encode("PUBLISH", "c", new string('m', n)))));
        foreach (var length in lengths) Assert.Equal($"*3 $7 message $1 c ${length} {new string('m', length)}", subscriber.Read());
        foreach (var _ in lengths) Assert.Equal(":1", publisher.Read());
    }

    [Fact]
    public void Whoever_leaves_in_whatever_way_gets_nothing_more_and_the_others_all()
    {
        using var server = new TestServer();
        using var publisher = server.Connect();
        var clients = Enumerable.Range(0, 20).Select(_ => server.Connect()).ToList();
        foreach (var client in clients) client.Call("SUBSCRIBE c");
        clients[3].Call("UNSUBSCRIBE");
        clients[0].Call("RESET");
        clients[19].Call("UNSUBSCRIBE c");
        clients[7].Dispose();
        publisher.CallWords("CLIENT", "KILL", "ADDR", clients[11].Socket.LocalEndPoint!.ToString()!);
        Await.Until(() => publisher.Call("PUBSUB NUMSUB c") == "*2 $1 c :15");
        Assert.Equal(":15", publisher.Call("PUBLISH c x"));
        for (var i = 0; i < clients.Count; i++)
        {
            if (i is not (0 or 3 or 7 or 11 or 19)) Assert.Equal("*3 $7 message $1 c $1 x", clients[i].Read());
        }
        Assert.Equal("+PONG", clients[3].Call("PING"));
        foreach (var client in clients) client.Dispose();
    }

    /// <summary>Many of them, of all forms: whatever is at the same time a channel finds exactly the patterns that match.</summary>
    [Fact]
    public void Patterns_are_found_by_what_they_begin_with()
    {
        string[] patterns =
        [
            "*", "a*", "ab*", "abc", "a?c", "a[bx]c", "[a]*", "\\*literal", "", "?", new string('p', 64) + "*", new string('p', 70), new string('p', 63) + "?x",
            .. Enumerable.Range(0, 1000).Select(i => $"user:{i}:*"),
        ];
        string[] channels = ["", "a", "abc", "axc", "*literal", "xliteral", "user:7:y", "user:77:y", "user:", new string('p', 64), new string('p', 65), new string('p', 70)];
        using var server = new TestServer();
        using var subscriber = server.Connect();
        using var publisher = server.Connect();
        void Check(IEnumerable<string> subscribed)
        {
            foreach (var channel in channels)
            {
                var expected = subscribed.Count(p => Glob.IsMatch(Encoding.Latin1.GetBytes(p), Encoding.Latin1.GetBytes(channel)));
                Assert.Equal(string.Create(CultureInfo.InvariantCulture, $":{expected}"), publisher.CallWords("PUBLISH", channel, "m"));
                for (var i = 0; i < expected; i++)
                    Assert.EndsWith($" ${channel.Length} {channel} $1 m", subscriber.Read(), StringComparison.Ordinal);
            }
        }

        foreach (var pattern in patterns) subscriber.CallWords("PSUBSCRIBE", pattern);
        Check(patterns);
        for (var i = 0; i < patterns.Length; i += 2) subscriber.CallWords("PUNSUBSCRIBE", patterns[i]);
        Check(patterns.Where((_, i) => i % 2 == 1));
        for (var i = 1; i < patterns.Length; i += 2) subscriber.CallWords("PUNSUBSCRIBE", patterns[i]);
        Check([]);
    }

    [Fact]
    public void Subscriptions_count_as_memory_of_their_client()
    {
        using var server = new TestServer();
        using var subscriber = server.Connect(protocol: 3);
        long Total()
        {
            var info = subscriber.Call("CLIENT INFO");
            var rest = info[(info.IndexOf("tot-mem=", StringComparison.Ordinal) + 8)..];
            return long.Parse(rest.AsSpan(0, rest.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
        }

        var before = Total();
        for (var i = 0; i < 1000; i++) subscriber.Call($"SUBSCRIBE channel:{i:D4}");
        Assert.InRange(Total() - before, 1000 * 90, 1000 * 200);
        lock (server.Server.Executor.ExecutorLock) Assert.InRange(server.Server.ClientMemory.MemoryBytes, 1000 * 90, 1000 * 200);
        subscriber.SendRaw(RawClient.Encode("UNSUBSCRIBE"));
        for (var i = 999; i >= 0; i--) Assert.EndsWith($" :{i}", subscriber.Read(), StringComparison.Ordinal);
        Assert.Equal(before, Total());
    }

    [Fact]
    public void Messages_between_threads_that_own_different_connections_all_arrive()
    {
        using var server = new TestServer("io-threads 3");
        var subscribers = Enumerable.Range(0, 6).Select(_ => server.Connect()).ToList();
        var publishers = Enumerable.Range(0, 3).Select(_ => server.Connect()).ToList();
        foreach (var subscriber in subscribers) subscriber.Call("SUBSCRIBE c");
        var all = string.Concat(Enumerable.Range(0, 200).Select(i => RawClient.Encode("PUBLISH", "c", $"{i:D3}")));
        foreach (var publisher in publishers) publisher.SendRaw(all);
        foreach (var publisher in publishers)
        {
            for (var i = 0; i < 200; i++) Assert.Equal(":6", publisher.Read());
        }
        foreach (var subscriber in subscribers)
        {
            var seen = Enumerable.Range(0, 600).Select(_ => subscriber.Read()).ToList();
            Assert.Equal(Enumerable.Range(0, 200).SelectMany(i => Enumerable.Repeat($"*3 $7 message $1 c $3 {i:D3}", 3)), seen.Order(StringComparer.Ordinal));
        }
        foreach (var client in subscribers.Concat(publishers)) client.Dispose();
    }
}
