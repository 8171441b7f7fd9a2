using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>Replication: who follows whom, and which writes go over.</summary>
sealed partial class RedisNode
{
    /// <summary>The replica asks to go on from what it has.</summary>
    sealed record Psync(string Id, int Offset, string Ip, int Port);

    sealed record Continue(string Id);

    /// <summary>The whole data set.</summary>
    sealed record FullSync(string Id, List<long> Log);

    sealed record Write(long Id);

    sealed record Ack(int Offset);

    /// <summary>A replica as its master has it.</summary>
    public sealed class Replica(string ip, int port)
    {
        public string Ip { get; } = ip;
        public int Port { get; } = port;
        public int Acknowledged { get; set; }
        public long AckAt { get; set; }
    }

    /// <summary>The connection to the master.</summary>
    sealed class MasterLink(RedisNode node, long openedAt) : IChannelOwner
    {
        public Channel Channel { get; set; } = null!;
        public bool IsOnline { get; set; }
        public long HeardAt { get; set; } = openedAt;

        public void OnOpened(Channel channel) =>
            channel.Send(new Psync(node.ReplicationId, node.Log.Count, node._hostIp, node.Port));

        public void OnMessage(Channel channel, object message) => node.OnFromMaster(this, message);

        public void OnClosed(Channel channel) => node.LinkLost(this);
    }

    /// <summary>A master sends something at least so often, and a link that is silent for longer is given up.</summary>
    const long LinkTimeout = 5000;

    MasterLink? _link;
    int _secondOffset;

    /// <summary>The history that this node's log belongs to, and the one it was part of before.</summary>
    public string ReplicationId { get; private set; } = "";

    public string SecondId { get; private set; } = "";

    public long? LinkDownSince { get; private set; }

    public bool FollowsOnline => _link is { IsOnline: true };

    public IEnumerable<Replica> OnlineReplicas() => Accepted.Select(c => c.State).OfType<Replica>();

    void ReplicaOf((string Ip, int Port)? master)
    {
        if (master == Master) return;
        World.Tell($"{Name} becomes {(master is { } m ? $"replica of {m.Ip}:{m.Port}" : "master")} with {Log.Count} writes");
        DropLink();
        if (master is null || Master is null)
        {
            // A promoted node goes on with a history of its own, and remembers up to where it is the old one.
            if (master is null) (SecondId, _secondOffset, ReplicationId) = (ReplicationId, Log.Count, NewId());
            foreach (var channel in Accepted.Where(c => c.State is Replica).ToArray()) channel.CloseByServer();
        }
        Master = master;
        LinkDownSince = master is null ? null : World.Now;
        if (master is not null) Follow();
    }

    void DropLink()
    {
        if (_link is not { } link) return;
        _link = null;
        link.Channel.Close();
    }

    void Follow()
    {
        if (Master is not { } master || _link is not null) return;
        _link = new MasterLink(this, World.Now);
        _link.Channel = World.Network.Open(this, master.Ip, master.Port, _link);
    }

    void LinkLost(MasterLink link)
    {
        if (_link != link) return;
        _link = null;
        LinkDownSince ??= World.Now;
        Later(1000, Follow);
    }

    void ReplicationCron()
    {
        Later(1000, ReplicationCron);
        foreach (var channel in Accepted)
        {
            if (channel.State is Replica) channel.Reply(new Ack(0));
        }
        if (_link is not { } link) return;
        if (World.Now - link.HeardAt > LinkTimeout)
        {
            link.Channel.Close();
            LinkLost(link);
        }
        else if (link.IsOnline)
        {
            link.Channel.Send(new Ack(Log.Count));
        }
    }

    void OnFromMaster(MasterLink link, object message)
    {
        if (_link != link) return;
        link.HeardAt = World.Now;
        switch (message)
        {
            case Continue c:
                ReplicationId = c.Id;
                Online(link);
                break;
            case FullSync full:
                World.Tell($"{Name} is synchronized: {Log.Count} writes replaced by {full.Log.Count}");
                (ReplicationId, SecondId) = (full.Id, "");
                Log = [.. full.Log];
                foreach (var channel in Accepted.Where(c => c.State is Replica).ToArray()) channel.CloseByServer();
                Online(link);
                break;
            case Write write:
                Append(write.Id);
                link.Channel.Send(new Ack(Log.Count));
                break;
        }
    }

    void Online(MasterLink link)
    {
        link.IsOnline = true;
        LinkDownSince = null;
        link.Channel.Send(new Ack(Log.Count));
    }

    void OnReplicationRequest(Channel channel, object message)
    {
        switch (message)
        {
            case Psync psync when IsMaster || FollowsOnline:
                Attach(channel, psync);
                break;
            case Psync:
                channel.CloseByServer();
                break;
            case Ack ack when channel.State is Replica replica:
                (replica.Acknowledged, replica.AckAt) = (ack.Offset, World.Now);
                break;
        }
    }

    void Attach(Channel channel, Psync psync)
    {
        channel.State = new Replica(psync.Ip, psync.Port);
        var isShared = psync.Id == ReplicationId && psync.Offset <= Log.Count || psync.Id == SecondId && psync.Offset <= _secondOffset;
        if (isShared)
        {
            channel.Reply(new Continue(ReplicationId));
            foreach (var write in Log[psync.Offset..]) channel.Reply(new Write(write));
        }
        else
        {
            channel.Reply(new FullSync(ReplicationId, [.. Log]));
        }
    }

    /// <summary>A client's write. False if this node takes none.</summary>
    public bool TryWrite(long id)
    {
        if (!IsRunning || !IsMaster || World.Now < _loadingUntil) return false;
        Append(id);
        return true;
    }

    void Append(long id)
    {
        Log.Add(id);
        var write = new Write(id);
        foreach (var channel in Accepted)
        {
            if (channel.State is Replica) channel.Reply(write);
        }
    }
}
