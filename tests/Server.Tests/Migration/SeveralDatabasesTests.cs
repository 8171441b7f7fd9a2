using MiniRedis.Cluster.Migrations;
using static MiniRedis.Server.Tests.Migration.TwoNodes;

namespace MiniRedis.Server.Tests.Migration;

/// <summary>Several databases on nodes of a cluster (cluster-databases), as Valkey 9 has them.</summary>
public sealed class SeveralDatabasesTests
{
    [Fact]
    public void A_node_has_one_database_unless_it_is_told_otherwise()
    {
        using var nodes = new TwoNodes();
        nodes.ToSource.Run("""
            SELECT 1
            -> -ERR SELECT is not allowed in cluster mode
            SET {x}a 1
            -> +OK
            MOVE {x}a 1
            -> -ERR MOVE is not allowed in cluster mode
            COPY {x}a {x}b DB 1
            -> -ERR DB index is out of range
            CONFIG GET cluster-databases
            -> *2 $17 cluster-databases $1 1
            """);
    }

    [Fact]
    public void Keys_of_several_databases_are_apart_and_move_within_their_slot()
    {
        using var nodes = new TwoNodes("cluster-databases 20\n");
        nodes.ToSource.Run($"""
            SET {TwoNodes.Key("a")} zero
            -> +OK
            SELECT 19
            -> +OK
            SELECT 20
            -> -ERR DB index is out of range
            GET {TwoNodes.Key("a")}
            -> $-1
            SET {TwoNodes.Key("b")} nineteen
            -> +OK
            CLUSTER COUNTKEYSINSLOT {Slot}
            -> :1
            CLUSTER GETKEYSINSLOT {Slot} 10
            -> *1 $4 {TwoNodes.Key("b")}
            COPY {TwoNodes.Key("b")} {TwoNodes.Key("c")} DB 0
            -> :1
            MOVE {TwoNodes.Key("b")} 3
            -> :1
            COPY {TwoNodes.Key("b")} {TwoNodes.Key("c")} DB 20
            -> -ERR DB index is out of range
            SWAPDB 0 1
            -> -ERR SWAPDB is not allowed in cluster mode
            SELECT 0
            -> +OK
            CLUSTER COUNTKEYSINSLOT {Slot}
            -> :2
            """);
    }

    [Fact]
    public void A_slot_moves_with_the_keys_of_all_databases()
    {
        using var nodes = new TwoNodes("cluster-databases 16\n");
        for (var database = 0; database < 16; database++)
        {
            Assert.Equal("+OK", nodes.ToSource.Call($"SELECT {database}"));
            Assert.Equal("+OK", nodes.ToSource.Call($"SET {{x}}a {database}"));
        }
        nodes.Begin(MigrationState.WaitingToPause);
        Assert.Equal("+OK", nodes.ToSource.Call("SELECT 5"));
        Assert.Equal(":6", nodes.ToSource.Call("INCR {x}a"));
        Assert.Equal("+OK", nodes.ToSource.Call("SELECT 7"));
        Assert.Equal(":1", nodes.ToSource.Call("DEL {x}a"));
        nodes.GoOn();
        Wait(nodes.Source, MigrationState.Success);
        Assert.Equal(15, Count(nodes.Target));
        Assert.Equal("+OK", nodes.ToTarget.Call("SELECT 5"));
        Assert.Equal("$1 6", nodes.ToTarget.Call("GET {x}a"));
        Assert.Equal("+OK", nodes.ToTarget.Call("SELECT 15"));
        Assert.Equal("$2 15", nodes.ToTarget.Call("GET {x}a"));
        // What the source deletes is in all databases, too.
        nodes.Source.TickUntil(() => !nodes.Source.Server.Cluster!.SlotKeys.IsDeleting);
        Assert.Equal(0, nodes.Source.Server.Keyspace.Databases.ToArray().Sum(d => d.Count + d.HiddenCount));
    }
}
