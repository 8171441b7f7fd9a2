using System.Net;
using System.Net.Sockets;
using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Hosting;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Server.Tests.Bus;

/// <summary>Nodes of a cluster in this process, whose buses meet: plain and encrypted, on both transports.</summary>
public sealed class ClusterHostTests
{
    const string Node = "cluster-enabled yes\ncluster-node-timeout 2000\nrepl-diskless-sync-delay 0\n";

    static readonly string s_all = "CLUSTER ADDSLOTSRANGE 0 16383";

    int _seed;

    TestServer Start(string more = "", bool portable = false) =>
        new(Node + more, portableTransport: portable, realTime: true, seed: ++_seed);

    static ClusterMachine MachineOf(TestServer server) => server.Server.Cluster!.Machine;

    static void Meet(TestServer one, TestServer other)
    {
        using var client = one.Connect();
        Assert.Equal("+OK", client.Call($"CLUSTER MEET 127.0.0.1 {other.Port} {other.BusPort}"));
        one.TickUntil(() => Knows(one, other) && Knows(other, one));
    }

    /// <summary>It has the other in its table, with links in both directions.</summary>
    static bool Knows(TestServer one, TestServer other) =>
        MachineOf(one).Nodes.TryGet(MachineOf(other).Myself.Id, out var node)
        && node is { IsInHandshake: false, Link.IsConnected: true, InboundLink: not null };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nodes_that_have_met_know_each_other_and_each_others_slots(bool portable)
    {
        using var one = Start(portable: portable);
        using var other = Start(portable: portable);
        using var client = other.Connect();
        Assert.Equal("+OK", client.Call(s_all));
        Meet(one, other);
        one.TickUntil(() => MachineOf(one).Slots.Owner(0)?.Id == MachineOf(other).Myself.Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_tls_cluster_the_bus_is_encrypted_and_both_sides_show_certificates(bool portable)
    {
        using var files = new TestCertificates();
        using var one = Start(files.Configuration + "tls-cluster yes\n", portable);
        using var other = Start(files.Configuration + "tls-cluster yes\n", portable);
        using var client = one.Connect();
        Assert.Equal("+OK", client.Call($"CLUSTER MEET 127.0.0.1 {other.TlsPort} {other.BusPort}"));
        one.TickUntil(() => Knows(one, other) && Knows(other, one));
        var link = one.Server.Cluster!.Link(MachineOf(one).Nodes[1].Link!.Id)!;
        Assert.NotNull(link.Connection!.PeerCertificate);
    }

    [Fact]
    public void A_message_reaches_the_subscribers_of_another_node_once()
    {
        using var one = Start();
        using var other = Start();
        Meet(one, other);
        using var publisher = one.Connect();
        using var subscriber = other.Connect();
        Assert.Equal("*3 $9 subscribe $4 news :1", subscriber.Call("SUBSCRIBE news"));
        Assert.Equal(":0", publisher.Call("PUBLISH news first"));
        Assert.Equal(":0", publisher.Call("PUBLISH news second"));
        Assert.Equal("*3 $7 message $4 news $5 first", subscriber.Read());
        Assert.Equal("*3 $7 message $4 news $6 second", subscriber.Read());
    }

    [Fact]
    public void A_purge_that_one_node_is_asked_for_is_carried_out_by_all_and_told_once_to_each_subscriber()
    {
        using var one = Start();
        using var other = Start();
        Meet(one, other);
        using var client = one.Connect();
        client.Call(s_all);
        other.TickUntil(() => MachineOf(other).Slots.Owner(0)?.Id == MachineOf(one).Myself.Id);
        using var there = other.Connect();
        // The other one has no slots, so its key is put there by hand.
        lock (other.Server.Executor.ExecutorLock)
        {
            var database = other.Server.Keyspace[0];
            database.SetString(database.Lookup("k"u8), "k"u8, "v"u8, -1);
            var names = new byte[7];
            Storage.Caching.TagNames.Put(names, "posts"u8);
            database.SetMetadata(database.Lookup("k"u8), new() { Created = 1 }, new(names));
        }
        there.Call("SUBSCRIBE __cache@0__:purge");
        client.Call("CACHE.PURGE LOCAL TAG posts");
        var version = client.Call("CACHE.PURGE SOFT TAG posts")[1..];
        var message = there.Read();
        Assert.StartsWith("*3 $7 message $17 __cache@0__:purge $31 ", message, StringComparison.Ordinal);
        Assert.EndsWith(" SOFT TAG posts", message, StringComparison.Ordinal);
        // In the other's own versions, which are above those that it was told of.
        Assert.True(string.CompareOrdinal(message.Split(' ')[6], version) >= 0, $"{message} {version}");
        lock (other.Server.Executor.ExecutorLock)
        {
            var database = other.Server.Keyspace[0];
            Assert.True(database.IsPurged(database.Lookup("k"u8).Record));
            Assert.Equal(1, database.Purges.Count);
            Assert.Contains(other.Effects.Commands, c => c.StartsWith("PING mrc1p\u0001", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_node_hears_of_the_purges_that_it_missed_while_its_link_was_cut_and_of_no_other_twice()
    {
        using var one = Start();
        using var other = Start();
        Meet(one, other);
        using var client = one.Connect();
        client.Call(s_all);
        Assert.StartsWith(":", client.Call("CACHE.PURGE TAG first"), StringComparison.Ordinal);
        Assert.StartsWith(":", client.Call("CACHE.PURGE LOCAL TAG local"), StringComparison.Ordinal);
        other.TickUntil(() => PurgesOf(other) == "TAG first");
        lock (one.Server.Executor.ExecutorLock)
        {
            var cluster = one.Server.Cluster!;
            MachineOf(one).Closed(MachineOf(one).Nodes[1].Link!.Id, cluster.Now);
            // Nobody can be told now, and the lock keeps the bus from opening a link.
            one.Server.Purges.Repeat(0, PurgeScope.Tag, isSoft: false, "second"u8, isLocal: false, at: 1);
            one.Server.Purges.Repeat(0, PurgeScope.Prefix, isSoft: false, "user:"u8, isLocal: false, at: 2);
            one.Server.Purges.Repeat(0, PurgeScope.All, isSoft: false, [], isLocal: false, at: 3);
            one.Server.Purges.RunRepeated();
        }
        const string All = "TAG first, TAG second, PREFIX user:, ALL ";
        other.TickUntil(() => PurgesOf(other) == All);
        // The link is cut once more: what has arrived is known, or told again and not carried out again.
        lock (one.Server.Executor.ExecutorLock) MachineOf(one).Closed(MachineOf(one).Nodes[1].Link!.Id, one.Server.Cluster!.Now);
        one.TickUntil(() => Knows(one, other));
        Assert.StartsWith(":", client.Call("CACHE.PURGE TAG last"), StringComparison.Ordinal);
        other.TickUntil(() => PurgesOf(other).EndsWith("TAG last", StringComparison.Ordinal));
        Assert.Equal(All + ", TAG last", PurgesOf(other));
    }

    static string PurgesOf(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock)
        {
            var log = server.Server.Keyspace[0].Purges;
            var purges = new List<string>();
            for (var i = 0; i < log.Count; i++)
                purges.Add($"{log[i].Scope.ToString().ToUpperInvariant()} {System.Text.Encoding.ASCII.GetString(log[i].Name)}");
            return string.Join(", ", purges);
        }
    }

    [Fact]
    public void A_node_that_is_made_a_replica_has_its_masters_data()
    {
        using var master = Start();
        using var replica = Start();
        using var client = master.Connect();
        using var other = replica.Connect();
        Follow(replica, other, master, client);
        Assert.Equal(master.Port, replica.Server.Follower.Master!.Port);
        Assert.Equal(MachineOf(replica).Myself.Id, MachineOf(master).Myself.Replicas[0].Id);
    }

    /// <summary>Has one node have all slots and a key, and the other one follow it.</summary>
    static void Follow(TestServer replica, RawClient other, TestServer master, RawClient client)
    {
        Meet(master, replica);
        client.Call(s_all);
        master.TickUntil(() => MachineOf(master).IsOk);
        Assert.Equal("+OK", client.Call("SET key value"));
        Assert.Equal("+OK", other.Call($"CLUSTER REPLICATE {MachineOf(master).Myself.Id}"));
        replica.TickUntil(() => replica.Server is { Keyspace.Count: 1, History.IsLinkUp: true });
        master.TickUntil(() => MachineOf(master).Myself.Replicas.Count == 1);
    }

    [Fact]
    public void A_replica_of_no_one_is_an_empty_master_of_a_shard_of_its_own()
    {
        using var master = Start();
        using var replica = Start();
        using var client = master.Connect();
        using var other = replica.Connect();
        Follow(replica, other, master, client);
        Assert.Equal("+OK", other.Call("cluster replicate no one"));
        Assert.Null(replica.Server.Follower.Master);
        Assert.Equal(":0", other.Call("DBSIZE"));
        Assert.True(MachineOf(replica).Myself is { IsMaster: true, SlotCount: 0 });
        // The other node learns it, and keeps what it has.
        master.TickUntil(() => MachineOf(master).Myself.Replicas.Count == 0);
        Assert.NotEqual(client.Call("CLUSTER MYSHARDID"), other.Call("CLUSTER MYSHARDID"));
        Assert.Equal("$5 value", client.Call("GET key"));
        // A master stays what it is.
        var shard = client.Call("CLUSTER MYSHARDID");
        Assert.Equal("+OK", client.Call("CLUSTER REPLICATE NO ONE"));
        Assert.Equal((shard, "$5 value"), (client.Call("CLUSTER MYSHARDID"), client.Call("GET key")));
    }

    [Fact]
    public void Who_takes_over_by_agreement_is_the_master_and_the_former_one_its_replica()
    {
        using var master = Start();
        using var replica = Start();
        using var client = master.Connect();
        using var other = replica.Connect();
        Follow(replica, other, master, client);
        Assert.Equal("+OK", other.Call("CLUSTER FAILOVER"));
        replica.TickUntil(() => MachineOf(replica).Myself is { IsMaster: true, SlotCount: KeySlot.Count });
        master.TickUntil(() => MachineOf(master).Myself.IsReplica && master.Server.Follower.Master?.Port == replica.Port);
        Assert.Null(replica.Server.Follower.Master);
        Assert.False(master.Server.Cluster!.HoldsWrites);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("RCmb\u0000\u0000\u0000\u0010 and less than a header")]
    [InlineData("RCmb\u007f\u007f\u007f\u007f and more than a stranger may send")]
    public void A_stranger_that_sends_what_is_no_packet_is_closed_and_counted(string bytes)
    {
        using var server = Start();
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(IPAddress.Loopback, server.BusPort);
        peer.Send(System.Text.Encoding.Latin1.GetBytes(bytes));
        Assert.Equal(0, peer.Receive(new byte[1]));
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(1, MachineOf(server).MalformedPackets);
        server.TickUntil(() => server.Server.Cluster!.Connections == 0);
    }

    [Fact]
    public void Another_node_with_the_same_file_does_not_start()
    {
        using var server = Start();
        var failure = Assert.Throws<StartFailedException>(() => Start($"dir {server.Directory}\n"));
        Assert.NotNull(failure);
    }

    [Fact]
    public void A_port_that_leaves_no_room_for_the_bus_is_refused() =>
        Assert.Throws<StartFailedException>(() => Start("port 55536\n"));

    [Fact]
    public void A_damaged_file_is_not_started_with()
    {
        var directory = Directory.CreateTempSubdirectory("miniredis-nodes-");
        try
        {
            File.WriteAllText(Path.Combine(directory.FullName, "nodes.conf"), "not a node\n");
            Assert.Throws<StartFailedException>(() => Start($"dir {directory.FullName}\n"));
            Assert.Equal("not a node\n", File.ReadAllText(Path.Combine(directory.FullName, "nodes.conf")));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_node_that_starts_again_is_who_it_was()
    {
        var directory = Directory.CreateTempSubdirectory("miniredis-nodes-");
        try
        {
            string id;
            using (var first = Start($"dir {directory.FullName}\n"))
            {
                id = MachineOf(first).Myself.Id;
                using var client = first.Connect();
                client.Call("CLUSTER ADDSLOTS 5 7");
            }
            using var second = Start($"dir {directory.FullName}\n");
            Assert.Equal(id, MachineOf(second).Myself.Id);
            Assert.Equal(2, MachineOf(second).Myself.SlotCount);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void CONFIG_SET_reaches_the_machine()
    {
        using var server = Start();
        using var client = server.Connect();
        client.Call("CONFIG SET cluster-node-timeout 777 cluster-announce-hostname here.example cluster-replica-no-failover yes");
        var machine = MachineOf(server);
        Assert.Equal(777, machine.Settings.NodeTimeout);
        Assert.Equal("here.example", machine.Myself.Hostname);
        Assert.Contains("nofailover", client.Call("CLUSTER NODES"));
    }

    [Fact]
    public void Slots_that_another_master_took_are_emptied()
    {
        using var server = Start();
        using var client = server.Connect();
        client.Call(s_all);
        server.TickUntil(() => MachineOf(server).IsOk);
        client.Call("SET {a}1 x");
        client.Call("SET {a}2 x");
        client.Call("SET {b}1 x");
        lock (server.Server.Executor.ExecutorLock)
        {
            ISlotKeys keys = server.Server.Cluster!.SlotKeys;
            Assert.Equal(2, keys.Count(KeySlot.Of("a"u8)));
            var slots = new SlotSet();
            slots.Add(KeySlot.Of("a"u8));
            keys.Delete(slots);
            // They go later, and are hidden until then.
            Assert.Equal((0, 1, 2), (keys.Count(KeySlot.Of("a"u8)), server.Server.Keyspace.Count, server.Server.Keyspace[0].HiddenCount));
        }
        server.TickUntil(() => !server.Server.Cluster!.SlotKeys.IsDeleting);
        Assert.Equal(0, server.Server.Keyspace[0].HiddenCount);
        Assert.Equal(":1", client.Call("DBSIZE"));
    }
}
