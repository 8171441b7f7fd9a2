using MiniRedis.Storage.Hashing;

namespace MiniRedis.Server.Tests;

/// <summary>A node of a cluster of two, whose other node is known by its file only: nobody answers there, and the timeout is long.</summary>
static class LoneNode
{
    public const string Myself = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Other = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// <summary>"bar" is here, "foo" is at the other node.</summary>
    public const int Bar = 5061, Foo = 12182;

    /// <param name="mine">Slots of this node, as the file has them; those of its master if it is a replica.</param>
    /// <param name="others">Slots of the other node.</param>
    /// <param name="more">Lines of redis.conf.</param>
    /// <param name="isReplica">Whether it is a replica of the other.</param>
    /// <param name="isUp">Whether the cluster is to come up first.</param>
    /// <param name="realTime">The machine's clock, where commands wait.</param>
    public static TestServer Start(
        string mine = "0-8191", string others = "8192-16383", string more = "", bool isReplica = false, bool isUp = true, bool realTime = false)
    {
        var nodes = NodesFile(mine, others, isReplica);
        var server = new TestServer("cluster-enabled yes\ncluster-node-timeout 600000\n" + more, realTime: realTime, nodes: nodes);
        if (isUp && realTime) server.TickUntil(() => server.Server.Cluster!.Machine.IsOk);
        else if (isUp) AdvanceUntilOk(server);
        return server;
    }

    /// <summary>A master takes some seconds after its start until it says that the cluster is up.</summary>
    static void AdvanceUntilOk(TestServer server)
    {
        bool IsOk()
        {
            lock (server.Server.Executor.ExecutorLock) return server.Server.Cluster!.Machine.IsOk;
        }

        for (var passed = 0; !IsOk(); passed += 100)
        {
            Assert.True(passed < 60_000, "the cluster did not come up");
            server.Advance(TimeSpan.FromMilliseconds(100));
            server.Server.Cluster!.OnTick();
        }
    }

    /// <summary>What such a node has in nodes.conf.</summary>
    public static string NodesFile(string mine, string others, bool isReplica = false)
    {
        var role = isReplica ? $"myself,slave {Other}" : "myself,master -";
        return $"{Myself} 127.0.0.1:0@0 {role} 0 0 1 connected {(isReplica ? "" : mine)}\n"
            + $"{Other} 127.0.0.1:7001@17001,other.example master - 0 0 2 connected {others}\nvars currentEpoch 2 lastVoteEpoch 0\n";
    }

    /// <summary>A key of a slot.</summary>
    public static string KeyOf(int slot)
    {
        for (var i = 0; ; i++)
        {
            if (KeySlot.Of(System.Text.Encoding.ASCII.GetBytes($"{i}")) == slot) return $"{i}";
        }
    }
}
