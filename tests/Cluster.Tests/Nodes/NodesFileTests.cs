using MiniRedis.Cluster.Nodes;
using MiniRedis.Cluster.Tests.Bus;

namespace MiniRedis.Cluster.Tests.Nodes;

public class NodesFileTests
{
    const string One = "1111111111111111111111111111111111111111";
    const string Two = "2222222222222222222222222222222222222222";
    const string ShardA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const string ShardB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    static (ClusterMachine Machine, string? Refused) Load(string text)
    {
        var cluster = new LocalCluster(1);
        return (cluster[0].Machine, cluster[0].Machine.Load(text));
    }

    [Theory]
    [InlineData("migrating.conf", "4159ddbf8a584c90d3ab4349ebb5fa44b8250924", 5)]
    [InlineData("importing.conf", "17c7914bb8aadcfc7b0db6fbafad57192d7245a5", 5)]
    [InlineData("replica.conf", "db3c8941ef9918f68dd9a1c7fbaebbc1f1a5a08b", 5)]
    public void A_file_of_Redis_is_read_and_written_with_the_same_words(string name, string myself, int nodes)
    {
        var text = Captured.File(name);
        var (machine, refused) = Load(text);
        Assert.Null(refused);
        Assert.Equal((myself, nodes), (machine.Myself.Id, machine.Nodes.Count));
        Assert.Equal((6UL, 6UL), (machine.CurrentEpoch, name == "replica.conf" ? 6 : machine.LastVoteEpoch));
        var written = machine.NodesFile().Split('\n').Select(WithoutOurs).Order();
        Assert.Equal(text.Split('\n').Select(WithoutTimes).Order(), written);
    }

    /// <summary>Times are of the run, and whether there is a link too.</summary>
    static string WithoutTimes(string line)
    {
        var words = line.Split(' ');
        if (words.Length >= 8) words[4] = words[5] = words[7] = "";
        return string.Join(' ', words);
    }

    static string WithoutOurs(string line)
    {
        line = System.Text.RegularExpressions.Regex.Replace(line, ",tls-port=0,shard-id=[0-9a-f]{40}", "");
        return WithoutTimes(line.Replace(", ", " ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_written_is_read_as_it_was()
    {
        var cluster = LocalCluster.Create(3, 3);
        cluster[1].Settings.AnnounceHostname = "one.example.com";
        cluster[1].Settings.AnnounceHumanName = "one";
        cluster[1].Settings.AnnounceClientIpv6 = "fd00::1";
        cluster[1].Machine.SettingsChanged(cluster.Now);
        Assert.Null(cluster[0].Do((m, now) => m.SetSlot(SlotMove.Migrating, 7, cluster[1].Id, false, now)));
        cluster.Pass(1500);
        var (copy, refused) = Load(cluster[0].Machine.NodesFile());
        Assert.Null(refused);
        var read = copy.Nodes.Single(n => n.Id == cluster[1].Id);
        Assert.Equal(("one.example.com", "one", "fd00::1"), (read.Hostname, read.HumanName, read.ClientIpv6));
        Assert.Equal((7001, 17001), (read.Port, read.BusPort));
        Assert.Equal(cluster[1].Id, copy.Slots.MigratingTo(7)?.Id);
        Assert.Equal(
            cluster[0].Machine.Nodes.Select(n => (n.Id, n.ShardId, n.IsMaster, n.Master?.Id)).Order(),
            copy.Nodes.Select(n => (n.Id, n.ShardId, n.IsMaster, n.Master?.Id)).Order());
    }

    [Fact]
    public void A_shard_that_contradicts_that_of_the_master_is_the_masters()
    {
        var (machine, refused) = Load(
            $"{One} 10.0.0.1:7000@17000,,tls-port=0,shard-id={ShardA} myself,slave {Two} 0 0 1 connected\n"
            + $"{Two} 10.0.0.2:7000@17000,,tls-port=0,shard-id={ShardB} master - 0 0 1 connected 0-16383\n");
        Assert.Null(refused);
        Assert.All(machine.Nodes, n => Assert.Equal(ShardB, n.ShardId));
    }

    [Fact]
    public void The_file_of_a_bus_with_TLS_has_the_port_for_TLS_in_front()
    {
        var (machine, refused) = Load($"{One} ::1:7001@17000,,tcp-port=7000,shard-id={ShardA} myself,master - 0 0 1 connected\n");
        Assert.Null(refused);
        Assert.Equal(("::1", 7000, 7001, 17000), (machine.Myself.Ip, machine.Myself.Port, machine.Myself.TlsPort, machine.Myself.BusPort));
    }

    [Fact]
    public void An_old_file_without_bus_ports_and_epochs_that_are_too_small_are_put_right()
    {
        var (machine, refused) = Load($"{One} 10.0.0.1:7000 myself,master - 0 0 9 connected\nvars currentEpoch 3 lastVoteEpoch 0\n\n");
        Assert.Null(refused);
        Assert.Equal((17000, 9UL), (machine.Myself.BusPort, machine.CurrentEpoch));
    }

    [Theory]
    [InlineData("x 10.0.0.1:7000@17000 myself,master - 0 0 1 connected")]
    [InlineData(One + " 10.0.0.1:7000@17000 myself,master - 0 0 1")]
    [InlineData(One + " 10.0.0.1 myself,master - 0 0 1 connected")]
    [InlineData(One + " 10.0.0.1:7000@17000,,shard-id=x myself,master - 0 0 1 connected")]
    [InlineData(One + " 10.0.0.1:7000@17000,,color=red myself,master - 0 0 1 connected")]
    [InlineData(One + " 10.0.0.1:7000@17000 myself,captain - 0 0 1 connected")]
    [InlineData(One + " 10.0.0.1:7000@17000 myself,slave x 0 0 1 connected")]
    [InlineData(One + " 10.0.0.1:7000@17000 myself,master - 0 0 one connected")]
    [InlineData(One + " 10.0.0.1:7000@17000 myself,master - 0 0 1 connected 16384")]
    [InlineData(One + " 10.0.0.1:7000@17000 myself,master - 0 0 1 connected 1-2-3")]
    [InlineData(One + " 10.0.0.1:7000@17000 myself,master - 0 0 1 connected [5->-x]")]
    [InlineData(One + " 10.0.0.1:7000@17000 master - 0 0 1 connected")]
    [InlineData("vars currentEpoch")]
    [InlineData("vars currentEpoch x")]
    public void A_file_that_is_none_is_refused_with_the_line(string line)
    {
        Assert.Equal(line, Load(line + "\n").Refused);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n \n")]
    public void An_empty_file_is_as_good_as_none(string text)
    {
        var cluster = new LocalCluster(1);
        var id = cluster[0].Id;
        Assert.Null(cluster[0].Machine.Load(text));
        cluster.Start();
        Assert.Equal(id, cluster[0].Id);
        Assert.Equal($"No cluster configuration found, I'm {id}", cluster[0].Lines.First());
        Assert.Contains($"{id} :7000@17000,,tls-port=0,shard-id=", cluster[0].File);
    }
}
