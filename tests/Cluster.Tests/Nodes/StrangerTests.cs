using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Cluster.Tests.Bus;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>Packets of somebody who is no node of the cluster, and packets that are none.</summary>
public class StrangerTests
{
    public static TheoryData<string> Names => [.. Captured.Packets];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_packet_of_a_stranger_changes_nothing(string name)
    {
        if (name == "meet") return;
        var cluster = LocalCluster.Create(3, 1);
        var before = cluster[0].Machine.NodesFile();
        var answers = cluster.Inject(cluster[0], Captured.Packet(name));
        // A ping is answered, so that two nodes that do not know each other find out who is there.
        Assert.Equal(name == "ping" ? 1 : 0, answers.Count);
        Assert.Equal(before, cluster[0].Machine.NodesFile());
        Assert.DoesNotContain(cluster[0].Outputs, o => o is ClusterOutput.Publish);
    }

    [Fact]
    public void A_stranger_who_wants_to_be_met_is_pinged_where_it_says_it_is_and_given_up_when_nobody_answers()
    {
        var cluster = LocalCluster.Create(3, 0);
        var answers = cluster.Inject(cluster[0], Captured.Packet("meet"));
        Assert.Equal(BusMessageType.Pong, TypeOf(answers.Single()));
        var met = cluster[0].Machine.Nodes.Single(n => n.IsInHandshake);
        Assert.Equal(("192.168.1.1", 31101), (met.Ip, met.BusPort));
        cluster.Pass(1500);
        Assert.DoesNotContain(cluster[0].Machine.Nodes, n => n.IsInHandshake);
    }

    static BusMessageType TypeOf(byte[] packet)
    {
        Assert.True(BusPacket.TryRead(packet, out var read));
        return read.Type;
    }

    [Fact]
    public void A_packet_with_the_id_of_a_node_on_the_link_of_another_one_is_not_believed()
    {
        var cluster = LocalCluster.Create(3, 0);
        var (first, second, third) = (cluster[0], cluster[1], cluster[2]);
        Assert.True(NodeId.TryParse(third.Id, out var id));
        var slots = new SlotSet();
        slots.Add(0);
        var forged = BusPacketWriter.Plain(BusMessageType.AuthRequest, new BusSender { Id = id, Slots = slots, Ip = "", ConfigEpoch = 99 });
        var link = first.View(second).InboundLink!;
        first.Machine.Received(link.Id, forged, cluster.Now);
        cluster.Settle();
        Assert.Equal(3UL, first.View(third).ConfigEpoch);
        Assert.True(link != first.View(second).InboundLink);
    }

    [Fact]
    public void A_light_message_on_a_link_of_nobody_closes_it()
    {
        var cluster = LocalCluster.Create(3, 0);
        cluster.Inject(cluster[0], BusPacketWriter.LightPublish(BusMessageType.Publish, "ch"u8, "x"u8));
        Assert.Contains(cluster[0].Outputs, o => o is ClusterOutput.Close);
        Assert.DoesNotContain(cluster[0].Outputs, o => o is ClusterOutput.Publish);
    }

    [Fact]
    public void Garbage_closes_the_link_and_is_counted()
    {
        var cluster = LocalCluster.Create(1, 0);
        var link = cluster[0].Machine.Accepted("192.168.1.1", cluster[0].Ip, cluster.Now);
        cluster[0].Machine.ReceivedGarbage(link, cluster.Now);
        cluster.Settle();
        Assert.Equal(1, cluster[0].Machine.MalformedPackets);
        Assert.Contains(new ClusterOutput.Close(link), cluster[0].Outputs);
        Assert.Empty(cluster[0].Machine.Links);
    }

    /// <summary>
    /// Packets of a known node in which some bytes are others. The machine takes what it can read, and never throws; most are
    /// counted as malformed, or say something that is not so, as a node whose memory is broken would.
    /// </summary>
    [Theory]
    [InlineData(1, 4000)]
    [InlineData(2, 4000)]
    public void No_packet_makes_the_machine_throw(int seed, int rounds)
    {
        var random = new Random(seed);
        var cluster = LocalCluster.Create(3, 1);
        var file = cluster[0].File!;
        var ids = cluster.Nodes.Select(n => n.Id).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            if (round % 50 == 0) cluster.Restart(cluster[0]);
            var packet = Mutate(Captured.Packet(Captured.Packets[random.Next(Captured.Packets.Length)]), random, ids);
            var node = cluster[0].Machine;
            var link = node.Accepted("192.168.1.1", "10.0.0.1", cluster.Now);
            node.Received(link, packet, cluster.Now);
            node.TakeOutputs();
            node.Tick(cluster.Now + round);
            node.TakeOutputs();
            // Whatever came, the file that it would write now can be read.
            var copy = new ClusterMachine(cluster[0].Settings, cluster[0], new Random(1), cluster.Now);
            Assert.Null(copy.Load(node.NodesFile()));
        }
        Assert.NotEmpty(file);
    }

    static byte[] Mutate(byte[] packet, Random random, string[] ids)
    {
        // From a node that is known, half of the time about one that is.
        Assert.True(NodeId.TryParse(ids[1 + random.Next(3)], out var sender));
        sender.Write(packet.AsSpan(40));
        if (random.Next(2) == 0 && packet.Length >= BusPacket.HeaderLength + 8 + NodeId.Length)
        {
            Assert.True(NodeId.TryParse(ids[random.Next(4)], out var about));
            about.Write(packet.AsSpan(BusPacket.HeaderLength + (random.Next(2) == 0 ? 0 : 8)));
        }
        for (var changes = random.Next(6); changes > 0; changes--)
        {
            // The header in front of the slots and everything behind them have more to say than the slots.
            var at = random.Next(3) switch { 0 => random.Next(80), 1 => random.Next(2128, packet.Length), _ => random.Next(packet.Length) };
            packet[at] = random.Next(3) switch { 0 => 0, 1 => 0xff, _ => (byte)random.Next(256) };
        }
        if (random.Next(10) == 0) packet = packet[..random.Next(packet.Length + 1)];
        return packet;
    }
}
