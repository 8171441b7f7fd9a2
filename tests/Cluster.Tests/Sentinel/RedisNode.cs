using MiniRedis.Cluster.Sentinel;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>
/// A server of Redis as far as its Sentinels and its data matter: a log of writes, a role, asynchronous replication with partial
/// and full resynchronization, and the commands that Sentinels send.
/// </summary>
sealed partial class RedisNode : Process
{
    readonly string _hostIp;
    (string Ip, int Port)? _savedMaster;
    List<long> _savedLog = [];
    long _loadingUntil;

    public RedisNode(World world, string name, string ip, int port, (string Ip, int Port)? master) : base(world, name, ip, port)
    {
        _hostIp = ip;
        _savedMaster = master;
        world.Network.Add(this);
    }

    /// <summary>Null for a master.</summary>
    public (string Ip, int Port)? Master { get; private set; }

    public bool IsMaster => Master is null;

    public string RunId { get; private set; } = "";

    public int Priority { get; init; } = 100;

    /// <summary>The writes that this node has, in their order: its data set and its offset.</summary>
    public List<long> Log { get; private set; } = [];

    /// <summary>Answers take so much longer.</summary>
    public long Slowness { get; set; }

    protected override void OnStart()
    {
        RunId = NewId();
        Master = _savedMaster;
        Log = [.. _savedLog];
        ReplicationId = NewId();
        SecondId = "";
        _loadingUntil = World.Now + (Log.Count > 0 ? World.Between(0, 500) : 0);
        LinkDownSince = null;
        _link = null;
        if (Master is not null) Later(World.Between(1, 100), Follow);
        Later(1000, ReplicationCron);
    }

    string NewId() => string.Concat(Enumerable.Range(0, 5).Select(_ => World.Random.Next().ToString("x8")));

    protected override void OnCrash() => _link = null;

    /// <summary>Crashes, and comes back with what was on its disk: everything, or what was there a while ago.</summary>
    public void CrashKeeping(int writes)
    {
        _savedLog = Log[..Math.Min(writes, Log.Count)];
        Crash(withMachine: World.Chance(0.3));
    }

    /// <summary>Crashes, and comes back empty and with the configuration it was installed with.</summary>
    public void CrashLosingDisk((string Ip, int Port)? installedMaster)
    {
        _savedLog = [];
        _savedMaster = installedMaster;
        Crash(withMachine: World.Chance(0.3));
    }

    /// <summary>A connection's place in a transaction.</summary>
    sealed class ClientState
    {
        public List<IReadOnlyList<string>>? Queued { get; set; }
    }

    public override void OnRequest(Channel channel, object message)
    {
        if (message is not IReadOnlyList<string> command)
        {
            OnReplicationRequest(channel, message);
            return;
        }
        channel.State ??= new ClientState();
        if (channel.State is not ClientState state) return;
        if (Slowness > 0) Later(World.Between(0, (int)Slowness), () => Answer(channel, Execute(channel, state, command)));
        else Answer(channel, Execute(channel, state, command));
    }

    static void Answer(Channel channel, LinkReply? reply)
    {
        if (reply is not null) channel.Reply(reply);
    }

    LinkReply? Execute(Channel channel, ClientState state, IReadOnlyList<string> command)
    {
        if (command[0] == "EXEC" && state.Queued is { } queued)
        {
            state.Queued = null;
            return LinkReply.Array([.. queued.Select(c => Execute(channel, state, c) ?? LinkReply.Ok)]);
        }
        if (state.Queued is { } queue)
        {
            queue.Add(command);
            return LinkReply.Status("QUEUED");
        }
        var isLoading = World.Now < _loadingUntil;
        switch (command[0])
        {
            case "PING": return isLoading ? LinkReply.Error("LOADING the dataset") : LinkReply.Status("PONG");
            case "INFO": return LinkReply.Bulk(Info());
            case "MULTI":
                state.Queued = [];
                return LinkReply.Ok;
            case "SLAVEOF":
                if (isLoading) return LinkReply.Error("LOADING the dataset");
                ReplicaOf(command[1] == "NO" ? null : (command[1], int.Parse(command[2])));
                return LinkReply.Ok;
            case "CONFIG":
                _savedMaster = Master;
                return LinkReply.Ok;
            case "CLIENT" when command[1] == "KILL":
                KillOthers(channel, pubSub: command[3] == "pubsub");
                return LinkReply.Ok;
            case "SUBSCRIBE":
                channel.State = new Subscriber();
                return LinkReply.Array(LinkReply.Bulk("subscribe"), LinkReply.Bulk(command[1]), LinkReply.Number(1));
            case "PUBLISH":
                Publish(command[1], command[2]);
                return LinkReply.Number(1);
            default: return LinkReply.Ok;
        }
    }

    sealed class Subscriber;

    void Publish(string channelName, string text)
    {
        var message = LinkReply.Array(LinkReply.Bulk("message"), LinkReply.Bulk(channelName), LinkReply.Bulk(text));
        foreach (var channel in Accepted)
        {
            if (channel.State is Subscriber) channel.Reply(message);
        }
    }

    void KillOthers(Channel own, bool pubSub)
    {
        foreach (var channel in Accepted.ToArray())
        {
            if (channel != own && (pubSub ? channel.State is Subscriber : channel.State is ClientState)) channel.CloseByServer();
        }
    }

    string Info()
    {
        var replicas = string.Concat(OnlineReplicas().Select(
            (r, i) => $"slave{i}:ip={r.Ip},port={r.Port},state=online,offset={r.Acknowledged},lag=0\r\n"));
        if (Master is not { } master) return $"run_id:{RunId}\r\nrole:master\r\n{replicas}master_repl_offset:{Log.Count}\r\n";
        var isUp = _link is { IsOnline: true };
        var down = isUp ? "" : $"master_link_down_since_seconds:{(LinkDownSince is { } since ? (World.Now - since) / 1000 : -1)}\r\n";
        return $"run_id:{RunId}\r\nrole:slave\r\nmaster_host:{master.Ip}\r\nmaster_port:{master.Port}\r\n"
            + $"master_link_status:{(isUp ? "up" : "down")}\r\nslave_repl_offset:{Log.Count}\r\n{down}"
            + $"slave_priority:{Priority}\r\nreplica_announced:1\r\n{replicas}";
    }
}
