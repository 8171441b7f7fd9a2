using MiniRedis.Cluster.Sentinel;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>A Sentinel: the machine under test, with simulated sockets and a disk of lines.</summary>
sealed class SentinelProcess : Process, ISentinelHost, IChannelOwner
{
    readonly List<string[]> _installed;
    readonly Promises _promises;
    readonly Dictionary<long, Channel> _channels = [];
    readonly Dictionary<Channel, long> _numbers = [];
    List<string[]> _disk;

    public SentinelProcess(World world, string name, string ip, List<string[]> installed, Promises promises) : base(world, name, ip, 26379)
    {
        _installed = installed;
        _promises = promises;
        _disk = installed;
        world.Network.Add(this);
    }

    public SentinelMachine Machine { get; private set; } = null!;

    public SentinelInstance Master => Machine.Masters[0];

    public (string Ip, int Port) MasterAddress => (Master.CurrentAddress.Ip, Master.CurrentAddress.Port);

    public bool KnowsAll(int replicas, int sentinels) => Master.Replicas.Count == replicas && Master.Sentinels.Count == sentinels;

    /// <summary>The Sentinel is installed anew: its file, with its identity and its votes, is gone.</summary>
    public void LoseDisk() => _disk = _installed;

    protected override void OnStart()
    {
        Machine = new SentinelMachine(new Random(World.Random.Next()), this, Clock);
        Machine.Settings.OwnPort = Port;
        Assert.Null(Machine.Load(_disk, Clock));
        Machine.Start(string.Concat(Enumerable.Range(0, 5).Select(_ => World.Random.Next().ToString("x8"))), Clock);
        Perform();
        Later((long)Machine.NextTick().TotalMilliseconds, Tick);
    }

    protected override void OnCrash()
    {
        _channels.Clear();
        _numbers.Clear();
    }

    void Tick()
    {
        Machine.Tick(Clock);
        Perform();
        if (IsRunning) Later((long)Machine.NextTick().TotalMilliseconds, Tick);
    }

    void Perform()
    {
        if (!Machine.HasOutputs) return;
        foreach (var output in Machine.TakeOutputs()) Perform(output);
        _promises.Check(this);
    }

    void Perform(SentinelOutput output)
    {
        switch (output)
        {
            case SentinelOutput.Connect connect:
                var channel = World.Network.Open(this, connect.Address.Ip, connect.Address.Port, this);
                _channels[connect.Connection] = channel;
                _numbers[channel] = connect.Connection;
                break;
            case SentinelOutput.Close close:
                if (_channels.Remove(close.Connection, out var closed))
                {
                    _numbers.Remove(closed);
                    closed.Close();
                }
                break;
            case SentinelOutput.Send send:
                if (_channels.TryGetValue(send.Connection, out var to)) to.Send(send.Arguments);
                break;
            case SentinelOutput.Persist:
                _disk = [.. Machine.ConfigLines().SelectMany(g => g.Lines)];
                break;
            case SentinelOutput.Event told:
                if (World.HasStory) World.Tell($"{Name} {told.Type} {told.Text}");
                if (told.Type == "+elected-leader") _promises.Elected(this);
                break;
        }
    }

    public void OnOpened(Channel channel)
    {
        if (!_numbers.TryGetValue(channel, out var number)) return;
        Machine.Connected(number, Ip, Clock);
        Perform();
    }

    public void OnMessage(Channel channel, object message)
    {
        if (!_numbers.TryGetValue(channel, out var number)) return;
        Machine.Received(number, (LinkReply)message, Clock);
        Perform();
    }

    public void OnClosed(Channel channel)
    {
        if (!_numbers.Remove(channel, out var number)) return;
        _channels.Remove(number);
        Machine.Lost(number, Clock);
        Perform();
    }

    public override void OnRequest(Channel channel, object message)
    {
        var command = (IReadOnlyList<string>)message;
        var reply = Answer(command);
        Perform();
        channel.Reply(reply);
    }

    LinkReply Answer(IReadOnlyList<string> command)
    {
        switch (command[0])
        {
            case "PING": return LinkReply.Status("PONG");
            case "PUBLISH":
                Machine.Hello(command[2], Clock);
                return LinkReply.Number(1);
            case "SENTINEL":
                var answer = Machine.IsMasterDownByAddress(command[2], int.Parse(command[3]), ulong.Parse(command[4]), command[5], Clock);
                if (command[5] != "*" && answer.Leader != "*") _promises.Voted(this, answer.LeaderEpoch, answer.Leader);
                return LinkReply.Array(
                    LinkReply.Number(answer.IsDown ? 1 : 0), LinkReply.Bulk(answer.Leader), LinkReply.Number((long)answer.LeaderEpoch));
            default: return LinkReply.Ok;
        }
    }

    string? ISentinelHost.Resolve(string hostname) => null;

    bool ISentinelHost.IsExecutable(string path) => true;
}
