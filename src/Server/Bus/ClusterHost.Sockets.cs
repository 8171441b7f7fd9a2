using System.Net;
using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Bus;

/// <summary>
/// The sockets of the bus: an event loop calls this on its own thread. Each call takes the executor's lock, lets the machine take a step,
/// and does what comes of it.
/// </summary>
sealed partial class ClusterHost : IConnectionHandler
{
    /// <summary>
    /// The longest packet of a sender who is not known yet: a MEET or PING with gossip of thousands of nodes. A stranger does not get more
    /// memory than that.
    /// </summary>
    const int MostOfStranger = 1024 * 1024;

    /// <summary>What a message of Pub/Sub has around its channel and its text.</summary>
    const int MostHeader = 4096;

    readonly Dictionary<long, BusLink> _links = [];
    BusLink? _receiving;

    /// <summary>The event loop. Set by the host.</summary>
    public ITransport Transport { get; set; } = null!;

    /// <summary>The lock of the executor. Set by the root.</summary>
    public Lock ExecutorLock { get; set; } = new();

    /// <summary>The connection of a link; null while it is being made, or if there is none of that number.</summary>
    public BusLink? Link(long id) => _links.GetValueOrDefault(id);

    /// <summary>INFO's cluster_connections: those that others have opened, and our own.</summary>
    public int Connections => _links.Count;

    /// <summary>INFO's mem_cluster_links.</summary>
    public long MemoryBytes => _links.Values.Sum(l => l.MemoryBytes);

    /// <summary>Whether nothing may happen: the server ends, or its keys are in the middle of a change.</summary>
    bool IsOver => _exit.HasBegun || _exit.IsTorn;

    public void OnAccepted(Connection connection)
    {
        lock (ExecutorLock)
        {
            // As in Redis: who loads its data at a start is not there yet. News of other nodes may concern keys.
            if (IsOver || !_hasStarted || _dataset.IsLoading && _follower.Master is null)
            {
                connection.State = new BusLink(0);
                connection.CloseLocked(CloseMode.AtOnce, "loading");
                return;
            }
            _clock.Advance();
            var link = new BusLink(Machine.Accepted(AddressOf(connection.Remote), AddressOf(connection.Local), Now)) { Connection = connection };
            connection.State = link;
            connection.SetKeepAlive(KeepAliveSeconds);
            _links.Add(link.Id, link);
            Perform();
        }
    }

    /// <summary>As Redis: a connection on which nothing comes for twice the node timeout is probed.</summary>
    int KeepAliveSeconds => (int)Math.Clamp(_config.Cluster.ClusterNodeTimeout / 1000 * 2, 1, int.MaxValue);

    void Connect(ClusterOutput.Connect connect)
    {
        var link = new BusLink(connect.Link);
        _links.Add(link.Id, link);
        if (!IPAddress.TryParse(connect.Ip, out var address))
        {
            Lose(link);
            return;
        }
        Transport.Connect(new OutgoingTarget(new IPEndPoint(address, connect.BusPort), link)
        {
            Source = IPAddress.TryParse(_config.Network.BindSourceAddr, out var source) ? source : null,
            UsesTls = _config.Tls.TlsCluster,
            Timeout = TimeSpan.FromMilliseconds(Math.Clamp(_config.Cluster.ClusterNodeTimeout, 1000, 60_000)),
        });
    }

    public void OnConnected(Connection connection)
    {
        lock (ExecutorLock)
        {
            var link = (BusLink)connection.State!;
            // The machine has given it up meanwhile.
            if (IsOver || !_links.ContainsKey(link.Id))
            {
                connection.CloseLocked(CloseMode.AtOnce, "given up");
                return;
            }
            _clock.Advance();
            link.Connection = connection;
            Machine.Connected(link.Id, AddressOf(connection.Local), Now);
            Perform();
        }
    }

    public void OnConnectFailed(OutgoingTarget target, string reason)
    {
        lock (ExecutorLock)
        {
            if (IsOver || !_links.ContainsKey(((BusLink)target.State).Id)) return;
            _clock.Advance();
            _log.ClusterDebug($"Unable to connect to Cluster Node [{target.Remote.Address}]:{target.Remote.Port} -> {reason}");
            Lose((BusLink)target.State);
            Perform();
        }
    }

    void Lose(BusLink link)
    {
        if (_links.Remove(link.Id)) Machine.Closed(link.Id, Now);
    }

    void CloseLink(long id)
    {
        if (_links.Remove(id, out var link)) link.Connection?.CloseLocked(CloseMode.AtOnce, "closed by this node");
    }

    void Send(long id, ReadOnlySpan<byte> packet)
    {
        if (!_links.TryGetValue(id, out var link) || link.Connection is not { } connection) return;
        connection.Output.Push(packet);
        // What was received on is sent on when the turn ends.
        if (link != _receiving) connection.RequestAttentionLocked();
    }

    public void OnReceived(Connection connection)
    {
        lock (ExecutorLock)
        {
            var link = (BusLink)connection.State!;
            if (IsOver || connection.Closing != CloseMode.Open)
            {
                connection.Input.Consume(connection.Input.Length);
                return;
            }
            _clock.Advance();
            _receiving = link;
            try
            {
                ReadPackets(link, connection);
            }
            catch (OutOfMemoryException failure)
            {
                MemoryRefused?.Invoke(failure, "a packet of the cluster bus");
            }
            catch (Exception failure)
            {
                // A bug of ours: the link is made anew, the others stay.
                _log.BusFailed(failure);
                connection.CloseLocked(CloseMode.AtOnce, "internal error");
            }
            finally
            {
                _receiving = null;
            }
            connection.EndBatchLocked();
        }
    }

    void ReadPackets(BusLink link, Connection connection)
    {
        var input = connection.Input;
        while (connection.Closing == CloseMode.Open && input.Length >= BusPacket.StartLength)
        {
            var length = BusPacket.LengthOf(input.Unread);
            if (length < 0 || length > MostBytes(link))
            {
                Machine.ReceivedGarbage(link.Id, Now);
                Perform();
                break;
            }
            if (input.Length < length)
            {
                input.KeepUnread(length);
                return;
            }
            Machine.Received(link.Id, input.Unread[..(int)length], Now);
            Perform();
            input.Consume((int)length);
        }
        if (connection.Closing != CloseMode.Open) input.Consume(input.Length);
        else input.KeepUnread(BusPacket.StartLength);
    }

    /// <summary>
    /// The longest packet that a link may bring. Of a node that is known it is a message of Pub/Sub, which is no longer than two arguments of a
    /// command.
    /// </summary>
    long MostBytes(BusLink link) =>
        Machine.IsKnown(link.Id) ? Math.Min(_config.Network.ProtoMaxBulkLen * 2 + MostHeader, Array.MaxLength) : MostOfStranger;

    public void OnClosed(Connection connection)
    {
        lock (ExecutorLock)
        {
            if (IsOver) return;
            _clock.Advance();
            Lose((BusLink)connection.State!);
            Perform();
        }
    }

    public int OnTick()
    {
        lock (ExecutorLock)
        {
            if (IsOver || !_hasStarted) return TickMilliseconds;
            _clock.Advance();
            PerformAfterScript();
            if (Now < _nextTick) return (int)(_nextTick - Now);
            _nextTick = Now + TickMilliseconds;
            if (_pausedUntil != 0 && Now >= _pausedUntil) ReleaseWrites();
            try
            {
                Machine.Tick(Now);
                Perform();
                Ticked?.Invoke();
            }
            catch (OutOfMemoryException failure)
            {
                MemoryRefused?.Invoke(failure, "a tick of the cluster bus");
            }
            catch (Exception failure)
            {
                // A bug of ours must not end the thread. The next tick tries again.
                _log.BusFailed(failure);
            }
            return TickMilliseconds;
        }
    }

    public void OnAcceptFailed(string reason) => _log.ClusterVerbose($"Error accepting cluster node: {reason}");

    public bool TurnsAway() => false;

    public void OnHandshakeFailed(string remote, string reason) =>
        _log.ClusterVerbose($"Error accepting cluster node connection: {remote}: {reason}");

    public bool KeepsReplies => false;

    public void OnTurnEnded()
    {
    }

    public void OnSendingLocked()
    {
    }

    /// <summary>The address of "ip:port" or "[ip]:port".</summary>
    static string AddressOf(string end) => IPEndPoint.TryParse(end, out var parsed) ? parsed.Address.ToString() : "";
}
