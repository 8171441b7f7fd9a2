using MiniRedis.Cluster.Nodes;

namespace MiniRedis.Server.Tests.Commands.Cluster;

/// <summary>CLUSTER at a node that is alone; with others it is in ClusterHostTests and in Compat.Tests.</summary>
public sealed class ClusterCommandsTests
{
    static TestServer Start(string more = "") => new("cluster-enabled yes\n" + more);

    static ClusterNode Myself(TestServer server) => server.Server.Cluster!.Machine.Myself;

    /// <summary>A reply without its types: what is an array, and what is in it.</summary>
    static string Show(RawClient client, string request)
    {
        return Text(client.CallTree(request));

        static string Text(object? reply) => reply switch
        {
            null => "(null)",
            object?[] array => $"[{string.Join(", ", array.Select(Text))}]",
            _ => reply.ToString()!,
        };
    }

    const string Stranger = "0123456789abcdef0123456789abcdef01234567";

    [Theory]
    [InlineData("CLUSTER INFO")]
    [InlineData("CLUSTER NODES")]
    [InlineData("CLUSTER ADDSLOTS 1")]
    [InlineData("CLUSTER SETSLOT 1 STABLE")]
    [InlineData("CLUSTER MEET 127.0.0.1 1")]
    public void A_server_that_is_no_node_says_so(string request)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        Assert.Equal("-ERR This instance has cluster support disabled", client.Call(request));
    }

    [Theory]
    [InlineData("CLUSTER ADDSLOTS 1 x", "-ERR Invalid or out of range slot")]
    [InlineData("CLUSTER ADDSLOTS 16384", "-ERR Invalid or out of range slot")]
    [InlineData("CLUSTER ADDSLOTS 1 1", "-ERR Slot 1 specified multiple times")]
    [InlineData("CLUSTER ADDSLOTSRANGE 1 2 3", "-ERR wrong number of arguments for 'cluster|addslotsrange' command")]
    [InlineData("CLUSTER ADDSLOTSRANGE 2 1", "-ERR start slot number 2 is greater than end slot number 1")]
    [InlineData("CLUSTER DELSLOTS 1", "-ERR Slot 1 is already unassigned")]
    [InlineData("CLUSTER SETSLOT 1 MIGRATING", "-ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")]
    [InlineData("CLUSTER SETSLOT 1 MOVING x", "-ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP")]
    [InlineData("CLUSTER SETSLOT 1 MIGRATING " + Stranger, "-ERR I'm not the owner of hash slot 1")]
    [InlineData("CLUSTER SETSLOT 1 IMPORTING " + Stranger, "-ERR I don't know about node " + Stranger)]
    [InlineData("CLUSTER SETSLOT 1 NODE " + Stranger, "-ERR Unknown node " + Stranger)]
    [InlineData("CLUSTER REPLICATE " + Stranger, "-ERR Unknown node " + Stranger)]
    [InlineData("CLUSTER REPLICATE NO TWO", "-ERR unknown subcommand or wrong number of arguments for 'REPLICATE'. Try CLUSTER HELP.")]
    [InlineData("CLUSTER REPLICATE NO ONE ELSE", "-ERR unknown subcommand or wrong number of arguments for 'REPLICATE'. Try CLUSTER HELP.")]
    [InlineData("CLUSTER FORGET " + Stranger, "-ERR Unknown node " + Stranger)]
    [InlineData("CLUSTER REPLICAS " + Stranger, "-ERR Unknown node " + Stranger)]
    [InlineData("CLUSTER COUNT-FAILURE-REPORTS " + Stranger, "-ERR Unknown node " + Stranger)]
    [InlineData("CLUSTER FAILOVER", "-ERR You should send CLUSTER FAILOVER to a replica")]
    [InlineData("CLUSTER FAILOVER NOW", "-ERR syntax error")]
    [InlineData("CLUSTER RESET NOW", "-ERR syntax error")]
    [InlineData("CLUSTER MEET 127.0.0.1 x", "-ERR Invalid base port specified: x")]
    [InlineData("CLUSTER MEET 127.0.0.1 1 x", "-ERR Invalid bus port specified: x")]
    [InlineData("CLUSTER MEET nowhere 1", "-ERR Invalid node address specified: nowhere:1")]
    [InlineData("CLUSTER MEET 127.0.0.1 0", "-ERR Invalid node address specified: 127.0.0.1:0")]
    [InlineData("CLUSTER SET-CONFIG-EPOCH -1", "-ERR Invalid config epoch specified: -1")]
    [InlineData("CLUSTER SET-CONFIG-EPOCH x", "-ERR value is not an integer or out of range")]
    [InlineData("REPLICAOF 127.0.0.1 1", "-ERR REPLICAOF not allowed in cluster mode.")]
    public void What_cannot_be_done_is_refused_in_the_words_of_Redis(string request, string expected)
    {
        using var server = Start();
        using var client = server.Connect();
        Assert.Equal(expected, client.Call(request));
    }

    [Fact]
    public void Slots_are_taken_and_given_up()
    {
        using var server = Start();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("CLUSTER ADDSLOTS 0 2"));
        Assert.Equal("-ERR Slot 2 is already busy", client.Call("CLUSTER ADDSLOTSRANGE 1 3"));
        Assert.Equal("+OK", client.Call("CLUSTER ADDSLOTSRANGE 10 12 16383 16383"));
        Assert.EndsWith(" 0 2 10-12 16383\n", Show(client, "CLUSTER NODES"));
        Assert.Equal("+OK", client.Call("CLUSTER DELSLOTS 0"));
        Assert.Equal("+OK", client.Call("CLUSTER DELSLOTSRANGE 10 11"));
        Assert.EndsWith(" 2 12 16383\n", Show(client, "CLUSTER NODES"));
        Assert.Equal("+OK", client.Call("CLUSTER FLUSHSLOTS"));
        Assert.EndsWith(" connected\n", Show(client, "CLUSTER NODES"));
    }

    [Fact]
    public void What_is_changed_is_in_the_file_before_the_reply()
    {
        using var server = Start();
        using var client = server.Connect();
        client.Call("CLUSTER ADDSLOTS 7");
        var file = File.ReadAllText(Path.Combine(server.Directory, "nodes.conf"));
        Assert.Contains($"{Myself(server).Id} ", file);
        Assert.Contains(" connected 7\nvars currentEpoch 0 lastVoteEpoch 0\n", file);
    }

    [Fact]
    public void The_node_tells_who_it_is()
    {
        using var server = Start();
        using var client = server.Connect();
        Assert.Equal(Myself(server).Id, Show(client, "CLUSTER MYID"));
        Assert.Equal(Myself(server).ShardId, Show(client, "CLUSTER MYSHARDID"));
        Assert.Equal(
            $"{Myself(server).Id} :{server.Port}@{server.BusPort} myself,master - 0 0 0 connected\n", Show(client, "CLUSTER NODES"));
        Assert.StartsWith("cluster_state:fail\r\ncluster_slots_assigned:0\r\n", Show(client, "CLUSTER INFO"));
        Assert.Equal("[]", Show(client, "CLUSTER LINKS"));
        Assert.Equal("[]", Show(client, $"CLUSTER REPLICAS {Myself(server).Id}"));
        Assert.Contains("redis_mode:cluster", Show(client, "INFO server"));
        Assert.Contains("cluster_enabled:1", Show(client, "INFO cluster"));
    }

    [Fact]
    public void Slots_and_shards_name_the_node_as_clients_reach_it()
    {
        using var server = Start("cluster-announce-ip 10.1.2.3\ncluster-announce-port 7777\ncluster-announce-hostname here.example\n");
        using var client = server.Connect();
        client.Call("CLUSTER ADDSLOTSRANGE 0 1 3 3");
        var id = Myself(server).Id;
        Assert.Equal(
            $"[[0, 1, [10.1.2.3, 7777, {id}, [hostname, here.example]]], [3, 3, [10.1.2.3, 7777, {id}, [hostname, here.example]]]]",
            Show(client, "CLUSTER SLOTS"));
        Assert.Equal(
            $"[[slots, [0, 1, 3, 3], nodes, [[id, {id}, port, 7777, ip, 10.1.2.3, endpoint, 10.1.2.3, hostname, here.example, "
            + "role, master, replication-offset, 0, health, online]]]]",
            Show(client, "CLUSTER SHARDS"));
        client.Call("CONFIG SET cluster-preferred-endpoint-type hostname");
        Assert.Contains($"[here.example, 7777, {id}, [ip, 10.1.2.3]]", Show(client, "CLUSTER SLOTS"));
        client.Call("CONFIG SET cluster-preferred-endpoint-type unknown-endpoint");
        Assert.Contains($"[(null), 7777, {id}, [ip, 10.1.2.3, hostname, here.example]]", Show(client, "CLUSTER SLOTS"));
    }

    [Fact]
    public void An_epoch_is_given_once_and_can_be_raised()
    {
        using var server = Start();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("CLUSTER SET-CONFIG-EPOCH 5"));
        Assert.Equal("-ERR Node config epoch is already non-zero", client.Call("CLUSTER SET-CONFIG-EPOCH 6"));
        Assert.Equal("+STILL 5", client.Call("CLUSTER BUMPEPOCH"));
    }

    [Fact]
    public void A_hard_reset_makes_another_node_of_it()
    {
        using var server = Start();
        using var client = server.Connect();
        client.Call("CLUSTER ADDSLOTS 1");
        var id = Myself(server).Id;
        Assert.Equal("+OK", client.Call("CLUSTER RESET"));
        Assert.Equal(id, Myself(server).Id);
        Assert.Equal("+OK", client.Call("CLUSTER RESET HARD"));
        Assert.NotEqual(id, Myself(server).Id);
        Assert.Equal(0, Myself(server).SlotCount);
        Assert.Equal("+OK", client.Call("CLUSTER SAVECONFIG"));
    }
}
