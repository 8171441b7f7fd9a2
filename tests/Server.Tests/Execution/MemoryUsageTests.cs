using MiniRedis.Server.Execution;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Linux;
using MiniRedis.Storage;

namespace MiniRedis.Server.Tests.Execution;

public sealed class MemoryUsageTests
{
    [Fact]
    public void The_overhead_of_a_connection_is_what_its_objects_take()
    {
        using var keyspace = new Keyspace(1);
        var shared = new NativeBuffer(1);
        var clients = new ClientRegistry();
        Add();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Add();
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        shared.Free();
        Assert.InRange(each, Client.OwnBytes * 3 / 4, Client.OwnBytes * 5 / 4);

        void Add()
        {
            var connection = new EpollConnection(null!, 100, shared, new string('1', 15), new string('2', 14), false);
            var client = new Client(clients.NextId(), connection, keyspace[0], 0);
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
            return (memory.Clients, memory.Total, memory.Overhead, memory.Dataset);
        }
    }
}
