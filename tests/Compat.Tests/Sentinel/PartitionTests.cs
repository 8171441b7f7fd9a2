using MiniRedis.Compat.Tests.Replication;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Sentinel;

/// <summary>The network between a master and everybody else breaks, and is mended after the others have gone on without it.</summary>
public sealed class PartitionTests : IDisposable
{
    readonly SentinelFleet _fleet = new();

    public void Dispose() => _fleet.Dispose();

    [RedisServerTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_master_that_was_cut_off_refuses_writes_and_follows_the_new_one_afterwards(bool oursIsMaster)
    {
        var master = oursIsMaster ? _fleet.OurNode().Port : ServerProcess.FreePort();
        if (!oursIsMaster) _fleet.RealNode(master);
        using var network = new CutProxy(master);
        var replica = oursIsMaster ? ServerProcess.FreePort() : _fleet.OurNode(network.Port).Port;
        if (oursIsMaster) _fleet.RealNode(replica, network.Port);
        using var atMaster = new RawClient(master);
        // Everybody comes to the master by way of the network that breaks.
        foreach (var setting in (string[])[$"replica-announce-port {network.Port}", "min-replicas-to-write 1", "min-replicas-max-lag 1"])
        {
            Assert.Equal("+OK", atMaster.Call($"CONFIG SET {setting}"));
        }
        _fleet.AddOurSentinel(network.Port, quorum: 2);
        _fleet.AddOurSentinel(network.Port, quorum: 2);
        _fleet.AddRealSentinel(network.Port, quorum: 2);
        _fleet.Meet(replicas: 1);
        // One connection, as WAIT waits for what its own has written.
        Await.Until(() => atMaster.Call("SET before 1") == "+OK");
        Assert.Equal(":1", atMaster.Call("WAIT 1 0"));

        network.IsOpen = false;
        _fleet.AwaitMasterOf(replica);
        SentinelFleet.Until(master, "SET in-vain 1", reply => reply.StartsWith("-NOREPLICAS", StringComparison.Ordinal));
        Assert.Contains("$6 master", atMaster.Call("ROLE"), StringComparison.Ordinal);
        using (var atNew = new RawClient(replica))
        {
            Assert.Equal("$1 1", atNew.Call("GET before"));
            Assert.Equal("+OK", atNew.Call("SET after 1"));
        }

        network.IsOpen = true;
        _fleet.AwaitMasterOf(replica, master);
        SentinelFleet.Until(master, "GET after", reply => reply == "$1 1");
        SentinelFleet.Until(master, "EXISTS in-vain", reply => reply == ":0");
    }
}
