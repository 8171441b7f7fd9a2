using MiniRedis.Cluster.Nodes;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>A machine in a <see cref="LocalCluster"/>, with what the test says of its data.</summary>
sealed class LocalNode(LocalCluster cluster, int index, ClusterSettings settings) : IClusterHost
{
    readonly List<ClusterOutput> _outputs = [];

    public string Ip { get; } = $"10.{index / 250}.0.{index % 250 + 1}";

    public ClusterMachine Machine { get; set; } = null!;

    public ClusterSettings Settings { get; } = settings;

    public string Id => Machine.Myself.Id;

    /// <summary>Nobody answers here any more.</summary>
    public bool IsDown { get; set; }

    public Dictionary<int, long> Keys { get; } = [];

    public long Offset { get; set; } = 100;

    public long NewsPosition { get; set; }

    public long DataAge { get; set; }

    public (string Ip, int Port)? Follows { get; private set; }

    public string? File { get; private set; }

    public long SentBytes { get; private set; }

    /// <summary>What the machine wanted done, but for packets and links.</summary>
    public IReadOnlyList<ClusterOutput> Outputs => _outputs;

    public IEnumerable<string> Lines => _outputs.OfType<ClusterOutput.Log>().Select(l => l.Text);

    public void Note(ClusterOutput output)
    {
        switch (output)
        {
            case ClusterOutput.Send send: SentBytes += send.Packet.Length; return;
            case ClusterOutput.Persist when cluster.KeepsFiles: File = Machine.NodesFile(); break;
            case ClusterOutput.Replicate replicate: Follows = (replicate.Ip, replicate.Port); break;
            case ClusterOutput.BecomeMaster: Follows = null; break;
            default: break;
        }
        _outputs.Add(output);
    }

    public void Forget() => _outputs.Clear();

    /// <summary>A command; the error, or null.</summary>
    public string? Do(Func<ClusterMachine, long, string?> command)
    {
        var error = command(Machine, cluster.Now);
        cluster.Settle();
        return error;
    }

    public ClusterNode View(LocalNode other) => Machine.Nodes.TryGet(other.Id, out var node) ? node : throw new KeyNotFoundException(other.Id);

    public bool Knows(LocalNode other) => Machine.Nodes.TryGet(other.Id, out _);

    long IClusterHost.CountKeysInSlot(int slot) => Keys.GetValueOrDefault(slot);

    long IClusterHost.KeyCount => Keys.Values.Sum();

    long IClusterHost.ReplicationOffset => Offset;

    bool IClusterHost.HasMaster => Follows is not null;

    long IClusterHost.SendBufferBytes(long link) => SendBuffer;

    public long SendBuffer { get; set; }
}

/// <summary>
/// Machines that are connected by nothing but a queue: what one sends the other has at once, and time passes in tenths of
/// seconds.
/// </summary>
sealed class LocalCluster
{
    readonly List<LocalNode> _nodes = [];
    readonly Dictionary<(string Ip, int BusPort), LocalNode> _byAddress = [];
    readonly Dictionary<(LocalNode, long), (LocalNode, long)> _ends = [];
    readonly Queue<Action> _due = [];

    public LocalCluster(int nodes, Action<ClusterSettings>? configure = null)
    {
        for (var i = 0; i < nodes; i++)
        {
            var settings = new ClusterSettings { Port = 7000 + i, NodeTimeout = 1000 };
            configure?.Invoke(settings);
            var node = new LocalNode(this, i, settings);
            _nodes.Add(node);
            _byAddress[(node.Ip, settings.AnnouncedBusPort)] = node;
            node.Machine = new ClusterMachine(settings, node, new Random(i + 1), Now);
        }
    }

    /// <summary>Whether nodes write their files. Those of a thousand nodes about a thousand nodes take longer than all else.</summary>
    public bool KeepsFiles { get; init; } = true;

    public long Now { get; private set; } = 1_700_000_000_000;

    public IReadOnlyList<LocalNode> Nodes => _nodes;

    public LocalNode this[int index] => _nodes[index];

    /// <summary>Gives a node a file to start with.</summary>
    public void Load(int index, string file)
    {
        var node = _nodes[index];
        node.Machine = new ClusterMachine(node.Settings, node, new Random(1_000_000 + index), Now);
        Assert.Null(node.Machine.Load(file));
    }

    /// <summary>
    /// Starts all, and has them meet; the first so many share all slots, and the others replicate them in turn.
    /// </summary>
    public static LocalCluster Create(int masters, int replicas, Action<ClusterSettings>? configure = null)
    {
        var cluster = new LocalCluster(masters + replicas, configure);
        cluster.Start();
        for (var i = 0; i < masters; i++)
        {
            var (first, end) = (KeySlot.Count * i / masters, KeySlot.Count * (i + 1) / masters);
            Assert.Null(cluster[i].Do((m, now) => m.AddSlots(Enumerable.Range(first, end - first), now)));
            var epoch = i + 1;
            Assert.Null(cluster[i].Do((m, now) => m.SetConfigEpoch(epoch, now)));
        }
        cluster.MeetAll();
        for (var i = masters; i < masters + replicas; i++)
        {
            var id = cluster[i % masters].Id;
            Assert.Null(cluster[i].Do((m, now) => m.Replicate(id, now)));
        }
        // A master serves after 2 s.
        cluster.PassUntil(() => cluster.Nodes.All(n => n.Machine.IsOk));
        cluster.Pass(1000);
        foreach (var node in cluster.Nodes) node.Forget();
        return cluster;
    }

    public void Start()
    {
        foreach (var node in _nodes) node.Machine.Start(Now);
        Settle();
    }

    public void MeetAll()
    {
        foreach (var node in _nodes.Skip(1))
            Assert.Null(_nodes[0].Do((m, now) => m.Meet(node.Ip, node.Settings.Port, 0, now)));
        PassUntil(() => _nodes.TrueForAll(n => n.Machine.Nodes.Count == _nodes.Count && n.Machine.Nodes.All(k => !k.IsInHandshake)));
        Pass(200);
    }

    public void Pass(long milliseconds)
    {
        for (var end = Now + milliseconds; Now < end;)
        {
            Now += 100;
            // One after the other: what a thousand nodes send to a thousand is too much to keep at a time.
            foreach (var node in _nodes)
            {
                if (node.IsDown) continue;
                node.Machine.Tick(Now);
                Take(node);
                Drain();
            }
            Settle();
        }
    }

    public void PassUntil(Func<bool> isDone, long milliseconds = 30_000)
    {
        for (var end = Now + milliseconds; Now < end && !isDone();) Pass(100);
        Assert.True(isDone());
    }

    /// <summary>Sets the clock of all.</summary>
    public void Jump(long milliseconds) => Now += milliseconds;

    /// <summary>The process is gone, and its links with it.</summary>
    public void Kill(LocalNode node)
    {
        node.IsDown = true;
        foreach (var ((owner, link), (other, otherLink)) in _ends.Where(e => e.Key.Item1 == node).ToList())
        {
            _ends.Remove((owner, link));
            if (_ends.Remove((other, otherLink)) && !other.IsDown) other.Machine.Closed(otherLink, Now);
        }
        Settle();
    }

    /// <summary>The link that one node has opened to another breaks.</summary>
    public void Cut(LocalNode from, LocalNode to)
    {
        var link = from.View(to).Link!.Id;
        if (_ends.Remove((from, link), out var end))
        {
            _ends.Remove(end);
            to.Machine.Closed(end.Item2, Now);
        }
        from.Machine.Closed(link, Now);
        Settle();
    }

    /// <summary>It is there again, with what its file kept.</summary>
    public void Restart(LocalNode node)
    {
        node.IsDown = false;
        Load(_nodes.IndexOf(node), node.File!);
        node.Machine.Start(Now);
        Settle();
    }

    /// <summary>A packet from an address that is no node's; the answers.</summary>
    public List<byte[]> Inject(LocalNode to, byte[] packet, string ip = "192.168.1.1")
    {
        var link = to.Machine.Accepted(ip, to.Ip, Now);
        to.Machine.Received(link, packet, Now);
        List<byte[]> answers = [];
        foreach (var output in to.Machine.TakeOutputs())
        {
            if (output is ClusterOutput.Send send && send.Link == link) answers.Add(send.Packet.ToArray());
            else Perform(to, output);
        }
        to.Machine.Closed(link, Now);
        Settle();
        return answers;
    }

    /// <summary>Does what is to be done, until there is no more.</summary>
    public void Settle()
    {
        do
        {
            foreach (var node in _nodes) Take(node);
            Drain();
        }
        while (_nodes.Exists(n => n.Machine.HasOutputs && !n.IsDown));
    }

    void Drain()
    {
        while (_due.TryDequeue(out var action)) action();
    }

    void Take(LocalNode node)
    {
        if (node.IsDown || !node.Machine.HasOutputs) return;
        foreach (var output in node.Machine.TakeOutputs()) Perform(node, output);
    }

    void Perform(LocalNode node, ClusterOutput output)
    {
        node.Note(output);
        switch (output)
        {
            case ClusterOutput.Connect connect:
                _due.Enqueue(() => Connect(node, connect));
                break;
            case ClusterOutput.Close close:
                if (!_ends.Remove((node, close.Link), out var other)) break;
                _ends.Remove(other);
                _due.Enqueue(() => other.Item1.Machine.Closed(other.Item2, Now));
                break;
            case ClusterOutput.Send send:
                if (!_ends.TryGetValue((node, send.Link), out var to)) break;
                _due.Enqueue(() =>
                {
                    if (to.Item1.IsDown) return;
                    to.Item1.Machine.Received(to.Item2, send.Packet.Span, Now);
                    Take(to.Item1);
                });
                break;
            default: break;
        }
    }

    void Connect(LocalNode node, ClusterOutput.Connect connect)
    {
        if (!_byAddress.TryGetValue((connect.Ip, connect.BusPort), out var other) || other.IsDown)
        {
            node.Machine.Closed(connect.Link, Now);
            return;
        }
        var link = other.Machine.Accepted(node.Ip, other.Ip, Now);
        _ends[(node, connect.Link)] = (other, link);
        _ends[(other, link)] = (node, connect.Link);
        node.Machine.Connected(connect.Link, node.Ip, Now);
        Take(node);
    }
}
