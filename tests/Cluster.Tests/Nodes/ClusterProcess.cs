using MiniRedis.Cluster.Nodes;
using MiniRedis.Cluster.Tests.Migrations;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>
/// A node of a cluster: the machines under test, with simulated sockets, a disk of one file, an offset that grows while it serves, and keys,
/// which outlive a crash.
/// </summary>
sealed partial class ClusterProcess : Process, IClusterHost, IChannelOwner
{
    public const int BusPort = 16379;
    public const int ClientPort = 6379;
    const long TickPeriod = 100;

    readonly ClusterPromises _promises;
    readonly Action<ClusterSettings> _configure;
    readonly Dictionary<long, Channel> _channels = [];
    readonly Dictionary<Channel, long> _links = [];
    string? _synced;
    string? _written;
    (string Ip, int Port)? _follows;
    long _offset;
    long _heardAt;
    long _pausedUntil;
    bool _isPerforming;

    public ClusterProcess(World world, string name, string ip, ClusterPromises promises, Action<ClusterSettings> configure)
        : base(world, name, ip, BusPort)
    {
        _promises = promises;
        _configure = configure;
        world.Network.Add(this);
        world.Network.Add(this, ClientPort);
    }

    public ClusterMachine Machine { get; private set; } = null!;

    public bool IsStalled => StalledUntil > World.Now;

    /// <summary>Whether a client that asks it for a key of the slot gets an answer.</summary>
    public bool Serves(int slot) =>
        IsRunning && !IsStalled && Machine.IsOk && Machine.Myself.IsMaster && Machine.Slots.Owner(slot) == Machine.Myself;

    /// <summary>What it finds when it starts.</summary>
    public void Install(string? nodesFile) => _synced = _written = nodesFile;

    /// <summary>Its file and its data are gone: it comes back as a node that nobody knows.</summary>
    public void LoseDisk()
    {
        Install(null);
        Ledger.Losing(this);
        Store.Clear();
        _offset = 0;
    }

    /// <summary>The machine is gone, and with it what was written and not synced.</summary>
    public void CrashWithMachine()
    {
        if (!IsRunning) return;
        Crash(withMachine: true);
        if (World.Chance(0.5)) _written = _synced;
    }

    protected override void OnStart()
    {
        var settings = new ClusterSettings { Port = ClientPort };
        _configure(settings);
        Machine = new ClusterMachine(settings, this, new Random(World.Random.Next()), Clock);
        Migrations = new SimulatedMigrations(this);
        _follows = null;
        _pausedUntil = 0;
        _heardAt = World.Now;
        _deleting.Clear();
        if (_written is not null && Machine.Load(_written) is { } line) throw new BrokenPromise($"{Name} does not load its file: {line}");
        Machine.Start(Clock);
        Machine.CheckKeys(Clock);
        Perform();
        Migrations.OwnersChanged();
        Later(World.Between(1, (int)TickPeriod), Tick);
    }

    protected override void OnCrash()
    {
        _channels.Clear();
        _links.Clear();
    }

    void Tick()
    {
        Replicate();
        Do(m => m.Tick(Clock));
        Migrations.Tick();
        if (IsRunning) Later(TickPeriod, Tick);
    }

    /// <summary>Whether packets go both ways.</summary>
    bool Hears(ClusterProcess other) =>
        other != this && other is { IsRunning: true, IsStalled: false } && !World.Network.IsCut(this, other) && !World.Network.IsCut(other, this);

    /// <summary>Its replicas that have its stream at this moment.</summary>
    public IEnumerable<ClusterProcess> Replicas => from process in Ledger.Processes
        where process.IsRunning && !process.IsStalled && process._follows?.Ip == Ip && process.Hears(this) select process;

    /// <summary>One step of the machine, and what comes of it.</summary>
    public void Do(Action<ClusterMachine> step)
    {
        step(Machine);
        Perform();
    }

    /// <summary>The same for a command of an operator, who has no answer from a process that is down or stands still.</summary>
    public bool Ask(string what, Func<ClusterMachine, string?> command) => Ask(what, () => command(Machine));

    /// <inheritdoc cref="Ask(string, Func{ClusterMachine, string?})"/>
    public bool Ask(string what, Func<string?> command)
    {
        if (!IsRunning || IsStalled) return false;
        var error = command();
        World.Tell($"{Name}: CLUSTER {what}: {error ?? "OK"}");
        Perform();
        return error is null;
    }

    /// <summary>A master's stream grows while it serves. A replica has all of its master's that reaches it.</summary>
    void Replicate()
    {
        if (_follows is not { } address)
        {
            if (Machine.IsOk && Machine.Myself.SlotCount > 0 && World.Now >= _pausedUntil) _offset += World.Between(0, 20);
            return;
        }
        if (World.Network.At(address.Ip, BusPort) is not ClusterProcess master || !Hears(master)) return;
        _heardAt = World.Now;
        _offset = master._offset;
        Store.CopyFrom(master.Store);
        CopyMoves(master);
        Migrations.Follow(master);
        if (Machine.IsWaitingForOffset) Do(m => m.OffsetMoved(Clock));
    }

    public void Perform()
    {
        if (_isPerforming) return;
        _isPerforming = true;
        while (Machine.HasOutputs)
        {
            foreach (var output in Machine.TakeOutputs()) Perform(output);
            FinishDeletions(slot => Machine.Slots.Owner(slot) == Machine.MyMaster || Machine.Slots.ImportingFrom(slot) is not null);
        }
        _isPerforming = false;
        _promises.Check(this);
    }

    void Perform(ClusterOutput output)
    {
        switch (output)
        {
            case ClusterOutput.Connect connect:
                var channel = World.Network.Open(this, connect.Ip, connect.BusPort, this);
                _channels[connect.Link] = channel;
                _links[channel] = connect.Link;
                break;
            case ClusterOutput.Close close:
                if (!_channels.Remove(close.Link, out var closed)) break;
                _links.Remove(closed);
                if (closed.Client == this) closed.Close();
                else closed.CloseByServer();
                break;
            case ClusterOutput.Send send:
                if (!_channels.TryGetValue(send.Link, out var to)) break;
                _promises.Sent(this, send);
                if (to.Client == this) to.Send(send.Packet);
                else to.Reply(send.Packet);
                break;
            case ClusterOutput.Persist persist:
                _written = Machine.NodesFile();
                if (persist.Sync) _synced = _written;
                _promises.Written(this, _written);
                break;
            case ClusterOutput.BecomeMaster:
                if (_follows is { } former && World.Network.At(former.Ip, BusPort) is ClusterProcess master) Ledger.Replaces(this, master);
                _follows = null;
                Migrations.StopFollowing();
                break;
            case ClusterOutput.Replicate replicate:
                _follows = (replicate.Ip, replicate.Port);
                _deleting.Clear();
                Migrations.StopFollowing();
                break;
            case ClusterOutput.PauseWrites pause:
                _pausedUntil = World.Now + pause.Milliseconds;
                break;
            case ClusterOutput.ResumeWrites:
                _pausedUntil = 0;
                break;
            case ClusterOutput.SlotsChanged:
                Migrations.OwnersChanged();
                break;
            case ClusterOutput.DeleteKeysInSlot delete:
                DeleteLater([delete.Slot]);
                break;
            case ClusterOutput.DeleteAllKeys:
                Store.Clear();
                break;
            case ClusterOutput.Log log:
                if (World.HasStory && log.Level >= ClusterLogLevel.Notice) World.Tell($"{Name}: {log.Text}");
                if (log.Text.StartsWith("Failover election won", StringComparison.Ordinal)) _promises.Elected(this);
                break;
        }
    }

    void IChannelOwner.OnOpened(Channel channel)
    {
        if (_links.TryGetValue(channel, out var link)) Do(m => m.Connected(link, Ip, Clock));
    }

    void IChannelOwner.OnMessage(Channel channel, object message) => Receive(channel, message);

    void IChannelOwner.OnClosed(Channel channel) => Closed(channel);

    public override void OnAccepted(Channel channel)
    {
        base.OnAccepted(channel);
        if (channel.Port == ClientPort) return;
        var link = Machine.Accepted(channel.Client.Ip, Ip, Clock);
        _channels[link] = channel;
        _links[channel] = link;
    }

    public override void OnRequest(Channel channel, object message)
    {
        if (channel.Port == ClientPort) Migrations.OnRequest(channel, message);
        else Receive(channel, message);
    }

    public override void OnAcceptedClosed(Channel channel)
    {
        base.OnAcceptedClosed(channel);
        if (channel.Port == ClientPort) Migrations.OnAcceptedClosed(channel);
        else Closed(channel);
    }

    void Receive(Channel channel, object message)
    {
        if (_links.TryGetValue(channel, out var link)) Do(m => m.Received(link, ((ReadOnlyMemory<byte>)message).Span, Clock));
    }

    void Closed(Channel channel)
    {
        if (!_links.Remove(channel, out var link)) return;
        _channels.Remove(link);
        Do(m => m.Closed(link, Clock));
    }

    long IClusterHost.ReplicationOffset => _offset;

    // Nothing is published here.
    long IClusterHost.NewsPosition => 0;

    bool IClusterHost.HasMaster => _follows is not null;

    long IClusterHost.DataAge => World.Now - _heardAt;

    long IClusterHost.SendBufferBytes(long link) => 0;
}
