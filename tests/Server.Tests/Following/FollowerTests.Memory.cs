using MiniRedis.Server.Clients;
using MiniRedis.Server.Following;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Tests.Following;

public sealed partial class FollowerTests
{
    /// <summary>Refuses the memory of the first run.</summary>
    sealed class PoorReplay(IMasterReplay inner) : IMasterReplay
    {
        public bool HasRefused { get; private set; }

        public int Applied => inner.Applied;

        public MasterRun Run(Client master, ReadOnlySpan<byte> unread)
        {
            if (HasRefused) return inner.Run(master, unread);
            HasRefused = true;
            throw new MemoryRefusedException(1);
        }
    }

    [Fact]
    public void A_link_whose_buffers_find_no_memory_is_made_again()
    {
        using var master = new FakeMaster(s_stream);
        using var server = new TestServer(Settings);
        var poor = new PoorReplay(server.Server.Follower.Replay);
        lock (server.Server.Executor.ExecutorLock) server.Server.Follower.Replay = poor;
        using (var client = server.Connect()) client.Call($"REPLICAOF 127.0.0.1 {master.Port}");
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        AssertHasStream(server);
        Assert.True(poor.HasRefused);
        Assert.Equal(2, master.Count("PSYNC"));
    }
}
