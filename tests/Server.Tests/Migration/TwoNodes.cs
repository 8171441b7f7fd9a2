using MiniRedis.Cluster.Migrations;
using MiniRedis.Cluster.Nodes;

namespace MiniRedis.Server.Tests.Migration;

/// <summary>Two masters in this process, of which the first has all slots but one; and replicas of either where a test wants them.</summary>
sealed class TwoNodes : IDisposable
{
    /// <summary>The slot of every key with the hash tag {x}.</summary>
    public const int Slot = 16287;

    /// <summary>A key in the slot.</summary>
    public static string Key(string name) => $"{{x}}{name}";

    const string Node = "cluster-enabled yes\ncluster-node-timeout 2000\ncluster-allow-replica-migration no\n"
        + "repl-diskless-sync-delay 0\nenable-debug-command yes\n";

    readonly List<TestServer> _replicas = [];
    readonly string _more;

    public TwoNodes(string more = "")
    {
        _more = more;
        Source = new TestServer(Node + more, realTime: true, seed: 1);
        Target = new TestServer(Node + more, realTime: true, seed: 2);
        (ToSource, ToTarget) = (Source.Connect(), Target.Connect());
        ToSource.Call("CLUSTER ADDSLOTSRANGE 1 16383");
        ToTarget.Call("CLUSTER ADDSLOTS 0");
        Assert.Equal("+OK", ToTarget.Call("CLUSTER SET-CONFIG-EPOCH 2"));
        Assert.Equal("+OK", ToSource.Call("CLUSTER SET-CONFIG-EPOCH 1"));
        Assert.Equal("+OK", ToSource.Call($"CLUSTER MEET 127.0.0.1 {Target.Port} {Target.BusPort}"));
        foreach (var node in (TestServer[])[Source, Target])
            node.TickUntil(() => MachineOf(node) is { IsOk: true, Nodes.Count: 2 } machine && machine.Nodes.All(n => n.IsConnected && !n.IsInHandshake));
    }

    public TestServer Source { get; }
    public TestServer Target { get; }
    public RawClient ToSource { get; }
    public RawClient ToTarget { get; }

    public string TargetId => MachineOf(Target).Myself.Id;

    public static ClusterMachine MachineOf(TestServer server) => server.Server.Cluster!.Machine;

    /// <summary>The latest migration of a node; null: it has had none.</summary>
    public static SlotMigration? JobOf(TestServer server) => server.Server.Migrations!.Machine.Jobs is [var job, ..] ? job : null;

    public TestServer AddReplica(TestServer master)
    {
        var replica = new TestServer(Node + _more, realTime: true, seed: 3 + _replicas.Count);
        _replicas.Add(replica);
        using var client = replica.Connect();
        Assert.Equal("+OK", client.Call($"CLUSTER MEET 127.0.0.1 {master.Port} {master.BusPort}"));
        var id = MachineOf(master).Myself.Id;
        replica.TickUntil(() => MachineOf(replica).Nodes.TryGet(id, out var node) && !node.IsInHandshake);
        Assert.Equal("+OK", client.Call($"CLUSTER REPLICATE {id}"));
        replica.TickUntil(() => replica.Server.History.IsLinkUp);
        // A master whose last slot goes to a node of another shard, as far as it knows, follows nobody.
        foreach (var node in (TestServer[])[Source, Target, replica])
            node.TickUntil(() => MachineOf(node).Nodes.TryGet(MachineOf(replica).Myself.Id, out var other) && other.Master?.Id == id);
        return replica;
    }

    /// <summary>Begins to move the slot, and waits until the source has come so far.</summary>
    public void Begin(MigrationState upTo = MigrationState.Success)
    {
        if (upTo == MigrationState.WaitingToPause) Assert.Equal("+OK", ToSource.Call("DEBUG SLOTMIGRATION PREVENT-PAUSE 1"));
        if (upTo is MigrationState.FailoverGranted) Assert.Equal("+OK", ToTarget.Call("DEBUG SLOTMIGRATION PREVENT-FAILOVER 1"));
        Assert.Equal("+OK", ToSource.Call($"CLUSTER MIGRATESLOTS SLOTSRANGE {Slot} {Slot} NODE {TargetId}"));
        Wait(Source, upTo);
    }

    /// <summary>Lets a migration go on that waits to hold writes.</summary>
    public void GoOn() => Assert.Equal("+OK", ToSource.Call("DEBUG SLOTMIGRATION PREVENT-PAUSE 0"));

    public static void Wait(TestServer server, MigrationState state) => server.TickUntil(() => JobOf(server)?.State == state);

    public static long Count(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock) return server.Server.Cluster!.SlotKeys.Count(Slot);
    }

    public static string? OwnerSeenBy(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock) return MachineOf(server).Slots.Owner(Slot)?.Id;
    }

    /// <summary>The source has the slot with all keys, and the target nothing of it.</summary>
    public void AssertSourceKeeps(long keys)
    {
        Target.TickUntil(() => Target.Server.Cluster!.SlotKeys.Count(Slot) == 0 && JobOf(Target) is null or { IsOver: true });
        Assert.Equal((keys, 0), (Count(Source), Count(Target)));
        Assert.Equal(MachineOf(Source).Myself.Id, OwnerSeenBy(Source));
        Assert.Equal(MachineOf(Source).Myself.Id, OwnerSeenBy(Target));
        // Nothing is held, and nothing hidden.
        Assert.Equal("+OK", ToSource.Call("SET {x}after 1"));
        Assert.False(Target.Server.Keyspace[0].IsHidden(Slot));
    }

    public void Dispose()
    {
        ToSource.Dispose();
        ToTarget.Dispose();
        foreach (var replica in _replicas) replica.Dispose();
        Source.Dispose();
        Target.Dispose();
    }
}
