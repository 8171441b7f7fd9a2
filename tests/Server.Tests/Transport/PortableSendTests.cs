using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Transport;

public sealed class PortableSendTests
{
    /// <summary>
    /// The sending end of a connection's output belongs to whoever sends. A batch that runs meanwhile, on another thread, must not
    /// touch it.
    /// </summary>
    [Fact]
    public void A_batch_leaves_its_replies_to_the_one_who_is_sending()
    {
        using var server = new TestServer(portableTransport: true);
        using var client = server.Connect();
        // More than the kernel takes from a peer that does not read.
        const int Length = 64 * 1024 * 1024;
        client.Call($"SETRANGE k {Length - 1} x");
        client.Send("GET k");
        WaitFor(c => c.CommandsRun == 2 && c.Connection.Output is { HasSending: true, HasWriting: false });
        client.Send("PING");
        WaitFor(c => c.CommandsRun == 3);
        lock (server.Server.Executor.ExecutorLock) Assert.True(server.Server.Clients.All.Single().Connection.Output.HasWriting);
        Assert.Equal(Length, client.Read().Length - $"${Length} ".Length);
        Assert.Equal("+PONG", client.Read());

        void WaitFor(Func<Client, bool> isSo) => Await.UntilLocked(server, () => isSo(server.Server.Clients.All.Single()));
    }
}
