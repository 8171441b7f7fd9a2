using System.Runtime.CompilerServices;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Linux;

namespace MiniRedis.Server.Tests.Statistics;

public sealed class MemoryUsageTests
{
    sealed class Holder(long bytes) : IMemoryHolder
    {
        public long MemoryBytes { get; set; } = bytes;
    }

    [Fact]
    public void What_waits_for_a_disk_is_used_but_makes_no_key_go()
    {
        using var parts = new LoneParts();
        var (clients, tracked, backlog) = (new Holder(1000), new Holder(200), new Holder(30));
        var memory = new MemoryUsage(parts.Keyspace, clients, tracked);
        memory.AddBacklog(backlog);
        parts.Set("k", new string('v', 500));
        var data = parts.Keyspace.UsedBytes;
        Assert.Equal(data + 1230, memory.Total);
        Assert.Equal(data + 200, memory.CountedData);
        Assert.Equal(data + 1200, memory.CountedForEviction);
        Assert.Equal(30, memory.NotCountedForEviction);
        Assert.Equal(memory.Startup + parts.Keyspace.IndexBytes + 1230, memory.Overhead);
        Assert.Equal(memory.Total - memory.Overhead, memory.Dataset);
        Assert.InRange(memory.Dataset, 500, data);
    }

    [Fact]
    public void The_peak_is_the_most_there_was_and_when()
    {
        using var parts = new LoneParts();
        var clients = new Holder(1000);
        var memory = new MemoryUsage(parts.Keyspace, clients, new Holder(0));
        memory.NotePeak(1);
        var peak = memory.Total;
        clients.MemoryBytes = 999;
        memory.NotePeak(2);
        Assert.Equal((peak, 1), (memory.Peak, memory.PeakAt));
        clients.MemoryBytes = 1001;
        memory.NotePeak(3);
        Assert.Equal((peak + 1, 3), (memory.Peak, memory.PeakAt));
    }

    [Fact]
    public void The_overhead_of_a_connection_is_what_its_objects_take()
    {
        using var keyspace = new Keyspace(1);
        var shared = new NativeBuffer(1);
        var clients = new ClientRegistry();
        // Connections only ask it for its number.
        var loop = (EpollLoop)RuntimeHelpers.GetUninitializedObject(typeof(EpollLoop));
        Add();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Add();
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        shared.Free();
        Assert.InRange(each, Client.OwnBytes * 3 / 4, Client.OwnBytes * 5 / 4);

        void Add()
        {
            var connection = new EpollConnection(loop, 100, shared, new string('1', 15), new string('2', 14), false);
            var client = new Client(clients.NextId(), connection, keyspace[0], User.Server, 0);
            connection.State = client;
            clients.Add(client);
        }
    }

    [Fact]
    public void Connections_count_while_they_last_and_what_they_hold_with_them()
    {
        using var server = new TestServer();
        using (var client = server.Connect())
        {
            client.Call("PING");
            Assert.Equal(Client.OwnBytes, Read(server).Clients);
            // The start of a request that has not arrived in full is kept in a buffer of the connection's own.
            client.SendRaw("*2\r\n$4\r\nECHO\r\n$100000\r\nx");
            SpinWait.SpinUntil(() => Read(server).Clients > 100_000, TimeSpan.FromSeconds(5));
            Assert.InRange(Read(server).Clients, 100_000, 200_000);
        }
        SpinWait.SpinUntil(() => Read(server).Clients == 0, TimeSpan.FromSeconds(5));
        Assert.Equal(0, Read(server).Clients);
    }

    [Fact]
    public void What_a_client_holds_is_overhead_in_INFO_and_in_MEMORY_STATS()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        using var other = server.Connect();
        client.Call("SET k v");
        var before = Figures(client);
        other.SendRaw("*2\r\n$4\r\nECHO\r\n$1000000\r\nx");
        SpinWait.SpinUntil(() => Read(server).Clients > 1_000_000, TimeSpan.FromSeconds(5));
        var after = Figures(client);
        // Beside the request there is the buffer's own rounding.
        Assert.InRange(after.InStats - before.InStats, 1_000_000, 1_050_000);
        Assert.InRange(after.InInfo - before.InInfo, 1_000_000, 1_050_000);
        Assert.InRange(after.Overhead - before.Overhead, 1_000_000, 1_050_000);
        Assert.Equal(before.Dataset, after.Dataset);
    }

    [Fact]
    public void Nothing_is_kept_of_a_client_that_left_though_nobody_asks_for_the_memory()
    {
        using var server = new TestServer();
        using var pusher = server.Connect();
        Client left;
        using (var waiter = server.Connect())
        {
            waiter.Send("BLPOP list 0");
            SpinWait.SpinUntil(() => WithLock(server, () => server.Server.Blocking.Keys) == 1, TimeSpan.FromSeconds(5));
            Assert.Equal(":1", pusher.Call("RPUSH list x"));
            Assert.Equal("*2 $4 list $1 x", waiter.Read());
            left = WithLock(server, () => server.Server.Clients.All.MaxBy(client => client.Id)!);
        }
        Assert.True(SpinWait.SpinUntil(() => WithLock(server, () => server.Server.Clients.Count) == 1, TimeSpan.FromSeconds(5)));
        Assert.True(WithLock(server, () => left.OutputPlace) < 0);
    }

    [Fact]
    public void The_buffer_of_a_large_effect_is_not_kept()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("SET k " + new string('v', 3_000_000)));
        Assert.InRange(WithLock(server, () => server.Server.Effects.BufferBytes), 0, 1 << 17);
        Assert.Equal("+OK", client.Call("SET k v"));
        Assert.Equal("SET k v", server.Effects.Commands[^1]);
    }

    static T WithLock<T>(TestServer server, Func<T> read)
    {
        lock (server.Server.Executor.ExecutorLock) return read();
    }

    static (long InStats, long InInfo, long Overhead, long Dataset) Figures(RawClient client)
    {
        var stats = client.Call("MEMORY STATS");
        var info = client.Call("INFO memory");
        return (Number(stats, "clients.normal :"), Number(info, "mem_clients_normal:"), Number(info, "used_memory_overhead:"),
            Number(info, "used_memory_dataset:"));
    }

    static long Number(string text, string before) =>
        long.Parse(System.Text.RegularExpressions.Regex.Match(text, System.Text.RegularExpressions.Regex.Escape(before) + @"(\d+)").Groups[1].Value,
            System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public void Total_is_data_and_overhead()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Call("SET k v");
        var (_, total, overhead, dataset) = Read(server);
        Assert.Equal(total, overhead + dataset);
        Assert.InRange(dataset, 10, 64);
    }

    static (long Clients, long Total, long Overhead, long Dataset) Read(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock)
        {
            var memory = server.Server.Memory;
            return (server.Server.ClientMemory.MemoryBytes, memory.Total, memory.Overhead, memory.Dataset);
        }
    }
}
