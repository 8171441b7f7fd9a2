using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using MiniRedis.Compat.Tests.Replication;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Cluster;

/// <summary>Nodes of both kinds that redis-cli makes a cluster of. They live as long as the test.</summary>
sealed class ClusterFleet : IDisposable
{
    /// <summary>Short, so that a failover takes seconds.</summary>
    const int NodeTimeout = 2000;

    /// <summary>Redis's node adds this for its bus.</summary>
    const int BusOffset = 10_000;

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly List<FleetNode> _nodes = [];
    int _seed;

    public IReadOnlyList<FleetNode> Nodes => _nodes;

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    public FleetNode Add(bool isOurs) => Keep(isOurs ? MakeOurs() : MakeReal());

    /// <summary>Adds a node that everybody reaches through proxies, so that it can be cut off.</summary>
    public FleetNode AddBehindProxies(bool isOurs)
    {
        // Each connects from an address of its own, by which the others' proxies know it.
        var address = $"127.0.1.{_nodes.Count + 1}";
        return Keep(new FleetNode(isOurs ? MakeOurs(address) : MakeReal(address), IPAddress.Parse(address)));
    }

    FleetNode MakeOurs(string? address = null)
    {
        var server = new TestServer(
            $"cluster-enabled yes\ncluster-node-timeout {NodeTimeout}\nrepl-diskless-sync-delay 0\n"
            + (address is null ? "" : $"bind-source-addr {address}\n"), realTime: true, seed: ++_seed);
        return new FleetNode(server.Port, server.BusPort, server.Stop, server);
    }

    static FleetNode MakeReal(string? address = null)
    {
        var port = PortWithBus();
        var server = new RedisServerProcess(
            "", ["--port", Text(port), "--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout", Text(NodeTimeout),
            "--repl-diskless-sync-delay", "0", .. address is null ? Array.Empty<string>() : ["--bind-source-addr", address]]);
        return new FleetNode(port, port + BusOffset, server.Kill, server);
    }

    FleetNode Keep(FleetNode node)
    {
        _nodes.Add(node);
        return node;
    }

    /// <summary>Nothing passes between a node and the other nodes any more. Clients reach all of them.</summary>
    public void CutOff(FleetNode node)
    {
        foreach (var other in _nodes)
        {
            var isCutOff = other == node;
            other.Close(source => _nodes.Exists(n => source.Equals(n.Source) && n == node != isCutOff));
        }
    }

    /// <summary>Everything passes again, and what was held up.</summary>
    public void Heal() => _nodes.ForEach(node => node.Open());

    static int PortWithBus()
    {
        while (true)
        {
            if (ServerProcess.FreePort() is var port and <= ushort.MaxValue - BusOffset) return port;
        }
    }

    /// <summary>Has redis-cli make a cluster of all nodes: the first half are masters if there are replicas, in the order of their addition.</summary>
    public async Task Create(int replicas)
    {
        await Cli(["create", .. _nodes.Select(n => n.Address), "--cluster-replicas", Text(replicas), "--cluster-yes"]);
        foreach (var node in _nodes)
            Until(node, "CLUSTER INFO", info => info.Contains("cluster_state:ok") && info.Contains($"cluster_known_nodes:{_nodes.Count}"));
        Until(_nodes[0], "CLUSTER NODES", lines => lines.Split("slave ").Length - 1 == _nodes.Count * replicas / (replicas + 1));
        foreach (var node in _nodes.Where(n => Ask(n, "ROLE").Contains("slave", StringComparison.Ordinal)))
            Until(node, "INFO replication", info => info.Contains("master_link_status:up", StringComparison.Ordinal));
    }

    /// <summary>redis-cli --cluster; it must succeed.</summary>
    public static Task<string> Cli(params string[] arguments) => Tool.Run("redis-cli", ["--cluster", .. arguments]);

    /// <summary>All agree on who has which slots, all slots are covered, and none is on the move.</summary>
    public async Task Check()
    {
        // Nodes hear of changes one after the other.
        for (var patience = Stopwatch.StartNew(); ; Thread.Yield())
        {
            var (code, output, error) = await Tool.Try("redis-cli", ["--cluster", "check", Alive.First().Address]);
            if (code == 0 && output.Contains("[OK] All nodes agree about slots configuration.", StringComparison.Ordinal)
                && output.Contains("[OK] All 16384 slots covered.", StringComparison.Ordinal)) return;
            Assert.True(patience.Elapsed < Patience, output + error);
        }
    }

    public IEnumerable<FleetNode> Alive => _nodes.Where(n => !n.IsDown);

    public string IdOf(FleetNode node) => Ask(node, "CLUSTER MYID").Split(' ')[^1];

    /// <summary>The node of this id.</summary>
    public FleetNode ById(string id) => Alive.First(n => IdOf(n) == id);

    /// <summary>Waits until a node follows this master, and has its data.</summary>
    public static void UntilFollows(FleetNode node, FleetNode master) => Until(node, "INFO replication", info =>
        info.Contains($"master_port:{master.Port}\r\n", StringComparison.Ordinal) && info.Contains("master_link_status:up", StringComparison.Ordinal));

    /// <summary>Waits until a node says what it should.</summary>
    public static void Until(FleetNode node, string command, Func<string, bool> condition)
    {
        var reply = "";
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < Patience; Thread.Yield())
        {
            reply = Ask(node, command);
            if (condition(reply)) return;
        }
        Assert.Fail($"{command} of {node.Port} still says {reply}");
    }

    /// <summary>
    /// Has a replica take over by agreement. On a machine that has other work the agreement may not come about in its five seconds; then it is
    /// asked for again, as an operator would.
    /// </summary>
    public static void TakeOver(FleetNode replica)
    {
        var asked = Stopwatch.StartNew();
        Assert.Equal("+OK", Ask(replica, "CLUSTER FAILOVER"));
        Until(replica, "ROLE", role =>
        {
            if (role.Contains("master", StringComparison.Ordinal)) return true;
            if (asked.Elapsed < s_agreement) return false;
            Ask(replica, "CLUSTER FAILOVER");
            asked.Restart();
            return false;
        });
    }

    /// <summary>The first of the slots that a master has, in a row.</summary>
    public static (int First, int Last) FirstSlots(FleetNode master, int count)
    {
        var run = OwnLine(master).Split(' ').First(word => word.Contains('-', StringComparison.Ordinal) && char.IsAsciiDigit(word[0]));
        var first = int.Parse(run.Split('-')[0], CultureInfo.InvariantCulture);
        return (first, first + count - 1);
    }

    /// <summary>
    /// Moves slots from one master to another by CLUSTER MIGRATESLOTS, and waits until the target says that it has them. One that fails, since
    /// a node did not answer in time on a machine that has other work, leaves the source the owner; then it is asked for again.
    /// </summary>
    public async Task MoveAsAWhole(FleetNode source, FleetNode target, (int First, int Last) slots)
    {
        var request = $"CLUSTER MIGRATESLOTS SLOTSRANGE {slots.First} {slots.Last} NODE {IdOf(target)}";
        Assert.Equal("+OK", Ask(source, request));
        await Task.Run(() => Until(target, "CLUSTER NODES", _ =>
        {
            if (OwnLine(target).Contains($" {slots.First}-", StringComparison.Ordinal)) return true;
            if (HasFailed(Ask(source, "CLUSTER GETSLOTMIGRATIONS"))) Ask(source, request);
            return false;
        }));
    }

    /// <summary>Whether the last migration has failed: the newest comes first.</summary>
    static bool HasFailed(string migrations) =>
        Regex.Match(migrations, @"\$5 state \$\d+ (\S+)") is { Success: true } state && state.Groups[1].Value == "failed";

    static string OwnLine(FleetNode node) =>
        Ask(node, "CLUSTER NODES").Split('\n').First(line => line.Contains("myself", StringComparison.Ordinal));

    /// <summary>A little more than a failover by agreement may take in Redis.</summary>
    static readonly TimeSpan s_agreement = TimeSpan.FromSeconds(6);

    /// <summary>A reply, or why there is none.</summary>
    public static string Ask(FleetNode node, string command)
    {
        try
        {
            using var client = new RawClient(node.Port);
            return client.Call(command);
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            return failure.Message;
        }
    }

    public void Dispose()
    {
        foreach (var node in Enumerable.Reverse(_nodes)) node.Dispose();
    }
}

/// <summary>One node.</summary>
/// <param name="port">Of its clients.</param>
/// <param name="busPort">Of its bus.</param>
/// <param name="stop">Ends it without a word to the others.</param>
/// <param name="server">What is behind it.</param>
sealed class FleetNode(int port, int busPort, Action stop, IDisposable server) : IDisposable
{
    readonly CutProxy[] _proxies = [];

    /// <summary>A node behind proxies, whose addresses it announces.</summary>
    public FleetNode(FleetNode node, IPAddress source) : this(node, source, new CutProxy(node.Port), new CutProxy(node.BusPort)) { }

    FleetNode(FleetNode node, IPAddress source, CutProxy ofClients, CutProxy ofBus) : this(ofClients.Port, ofBus.Port, node.Kill, node)
    {
        _proxies = [ofClients, ofBus];
        Source = source;
        Assert.Equal("+OK", ClusterFleet.Ask(node, $"CONFIG SET cluster-announce-port {Port} cluster-announce-bus-port {BusPort}"));
    }

    public int Port => port;

    public int BusPort => busPort;

    /// <summary>The address it connects from; null where that is nobody's own.</summary>
    public IPAddress? Source { get; }

    public bool IsDown { get; private set; }

    public string Address => $"127.0.0.1:{port}@{busPort}";

    public void Kill()
    {
        IsDown = true;
        stop();
    }

    /// <summary>Has its proxies pass nothing from and to who connects from certain addresses.</summary>
    public void Close(Func<IPAddress, bool> isBeyond)
    {
        foreach (var proxy in _proxies)
        {
            proxy.IsBeyond = isBeyond;
            proxy.IsOpen = false;
        }
    }

    public void Open()
    {
        foreach (var proxy in _proxies) proxy.IsOpen = true;
    }

    public void Dispose()
    {
        foreach (var proxy in _proxies) proxy.Dispose();
        server.Dispose();
    }
}
