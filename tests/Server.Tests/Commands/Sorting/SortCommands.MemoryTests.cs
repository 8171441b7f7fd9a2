namespace MiniRedis.Server.Tests.Commands.Sorting;

/// <summary>What SORT takes where a client decides how much there is to sort, to look up, and to answer.</summary>
[Trait("Size", "Large")]
public sealed class SortCommandsMemoryTests
{
    const int Megabyte = 1 << 20;

    static (long Used, long Peak) Memory(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Server.Memory.NotePeak(server.Server.Clock.Now);
            return (server.Server.Keyspace.UsedBytes, server.Server.Memory.Peak);
        }
    }

    [Theory]
    [InlineData("SORT l BY k_* ALPHA LIMIT 0 1")]
    [InlineData("SORT l BY k_* ALPHA DESC LIMIT 2499 1")]
    [InlineData("SORT l BY h_*->f ALPHA LIMIT 0 1")]
    [InlineData("SORT l BY h_*->f ALPHA LIMIT 0 1 STORE d")]
    public void Thousands_that_are_sorted_by_one_long_value_do_not_copy_it(string command)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        var value = new string('v', Megabyte);
        client.CallWords("SET", "k_x", value);
        client.CallWords("HSET", "h_x", "f", value);
        client.CallWords(["RPUSH", "l", .. Enumerable.Repeat("x", 2_500)]);
        var before = Memory(server);
        Assert.Equal(command.EndsWith('d') ? ":1" : "*1 $1 x", client.Call(command));
        // Beside the values there are the buffers in which they came.
        Assert.InRange(Memory(server).Peak, before.Used, before.Used + 3 * Megabyte);
        Assert.InRange(Memory(server).Used, before.Used, before.Used + 200);
    }

    [Fact]
    public void A_long_value_that_is_stored_many_times_is_copied_into_the_list_alone()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.CallWords("SET", "k_x", new string('v', Megabyte));
        client.CallWords("HSET", "h_x", "f", new string('w', Megabyte));
        client.CallWords(["RPUSH", "l", .. Enumerable.Repeat("x", 20)]);
        var before = Memory(server);
        Assert.Equal(":40", client.Call("SORT l BY nosort GET k_* GET h_*->f STORE d"));
        var after = Memory(server);
        Assert.InRange(after.Used - before.Used, 40 * Megabyte, 41 * Megabyte);
        Assert.InRange(after.Peak, after.Used, after.Used + 4 * Megabyte);
        Assert.Equal($"${Megabyte} {new string('w', Megabyte)}", client.Call("LINDEX d 39"));
        client.Call("UNLINK d");
        server.TickUntil(() => server.Server.Keyspace.UsedBytes <= before.Used);
    }

    [Fact]
    public void The_destination_may_be_what_is_sorted_and_what_is_looked_up()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Run(
            """
            RPUSH l b c a
            -> :3
            SORT l ALPHA STORE l
            -> :3
            LRANGE l 0 -1
            -> *3 $1 a $1 b $1 c
            MSET k_a 17 k_b x
            -> +OK
            SORT l BY nosort GET k_* GET # STORE k_a
            -> :6
            LRANGE k_a 0 -1
            -> *6 $2 17 $1 a $1 x $1 b $0  $1 c
            """);
    }

    [Fact]
    public void A_million_numbers_are_counted_while_they_are_sorted()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        for (var i = 0; i < 100; i++)
            client.CallWords(["RPUSH", "l", .. Enumerable.Range(0, 10_000).Select(j => $"{(i * 10_000L + j) * 7_919 % 1_000_003}")]);
        var before = Memory(server);
        Assert.Equal("*2 $1 0 $1 1", client.Call("SORT l LIMIT 0 2"));
        Assert.InRange(Memory(server).Peak - before.Used, 32_000_000, 34_000_000);
        Assert.InRange(Memory(server).Used, before.Used, before.Used + 200);
        Assert.Equal("*1 $7 1000001", client.Call("SORT l DESC LIMIT 1 1"));
    }

    [Fact]
    public void Keys_that_have_expired_go_while_others_are_held()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        // Every second name's key has expired when it is looked up, and frees as much as the next ones take.
        for (var i = 0; i < 400; i++)
        {
            client.Call($"RPUSH l {i}");
            client.CallWords("SET", $"k_{i}", $"{i % 10}{new string('v', i * 50)}");
            if (i % 2 == 1) client.Call($"PEXPIRE k_{i} 100");
        }
        server.Time.Advance(TimeSpan.FromSeconds(1));
        var expected = Enumerable.Range(0, 400).Where(i => i % 2 == 1)
            .Concat(Enumerable.Range(0, 400).Where(i => i % 2 == 0).OrderBy(i => i % 10).ThenBy(i => i)).ToList();
        Assert.Equal($"*400 {string.Join(' ', expected.Select(i => $"${$"{i}".Length} {i}"))}", client.Call("SORT l BY k_* ALPHA"));
        Assert.Equal(":201", client.Call("DBSIZE"));
    }

    [Fact]
    public void A_reply_over_the_limit_is_cut_and_the_rest_is_not_looked_up()
    {
        using var server = new TestServer("client-output-buffer-limit normal 4mb 0 0");
        using var client = server.Connect();
        using var observer = server.Connect();
        client.CallWords("SET", "k_x", new string('v', Megabyte));
        client.CallWords(["RPUSH", "l", .. Enumerable.Repeat("x", 2_500)]);
        client.Send("SORT l BY nosort GET k_*");
        Assert.InRange(client.ReadToEnd().Length, 0, 6 * Megabyte);
        lock (server.Server.Executor.ExecutorLock)
        {
            Assert.Equal(1, server.Server.Statistics.OutputBufferLimitDisconnections);
            Assert.InRange(server.Server.Statistics.KeyspaceHits, 1, 10);
        }
        Assert.Equal("+PONG", observer.Call("PING"));
    }

    [Fact]
    public void Elements_of_compressed_nodes_are_sorted_as_others_are()
    {
        using var server = new TestServer("list-compress-depth 1\nlist-max-listpack-size 20");
        using var client = server.Connect();
        var elements = Enumerable.Range(0, 2_000).Select(i => $"element-{i * 7 % 1_999}-{new string('z', i % 50)}").ToArray();
        foreach (var part in elements.Chunk(500)) client.CallWords(["RPUSH", "l", .. part]);
        var sorted = elements.Order(StringComparer.Ordinal).Select(e => $"${e.Length} {e}");
        Assert.Equal($"*2000 {string.Join(' ', sorted)}", client.Call("SORT l ALPHA"));
        Assert.Equal(":2000", client.Call("SORT l ALPHA DESC STORE d"));
        Assert.Equal($"*1 {sorted.Last()}", client.Call("LRANGE d 0 0"));
    }

    [RedisServerFact]
    public void Large_random_sorts_are_those_of_redis()
    {
        using var oracle = new RedisServerProcess();
        using var redis = oracle.Connect();
        using var server = new TestServer();
        using var client = server.Connect();
        var random = new Random(8);
        string[] options = ["", "ALPHA", "DESC", "ALPHA DESC", "BY w_*", "BY w_* DESC", "BY h_*->f", "BY h_*->f GET # GET h_*->n"];
        for (var round = 0; round < 10; round++)
        {
            var elements = Enumerable.Range(0, 3_000).Select(i => random.Next(3) switch
            {
                0 => $"{random.Next(-5_000, 5_000)}",
                1 => $"{(random.NextDouble() - 0.5) * 1e6}",
                _ => $"{random.NextInt64()}",
            }).ToArray();
            Both("FLUSHALL");
            Both(["RPUSH", "l", .. elements]);
            Both(["SADD", "s", .. elements]);
            Both(["ZADD", "z", .. elements.SelectMany(e => new[] { $"{random.Next(100)}", e })]);
            foreach (var element in elements.Take(500))
            {
                Both("SET", $"w_{element}", $"{random.Next(300)}");
                Both("HSET", $"h_{element}", "f", $"{random.NextDouble()}", "n", $"name {element}");
            }
            foreach (var key in (string[])["l", "s", "z"])
            {
                foreach (var option in options)
                {
                    // Equal ones of a set come in the order in which a server happens to have them; bytes decide before that.
                    var (offset, count) = (random.Next(3_000), random.Next(200));
                    Both($"SORT {key} {option} LIMIT {offset} {count}".Split(' ', StringSplitOptions.RemoveEmptyEntries));
                    Both($"SORT {key} {option} STORE d".Split(' ', StringSplitOptions.RemoveEmptyEntries));
                    Both("LRANGE", "d", "0", "-1");
                }
            }
        }

        void Both(params string[] words)
        {
            var command = string.Join(' ', words.Take(12));
            Assert.Equal($"{command}: {redis.CallWords(words)}", $"{command}: {client.CallWords(words)}");
        }
    }
}
