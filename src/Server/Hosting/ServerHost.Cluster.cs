using MiniRedis.Cluster.Nodes;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Linux;
using MiniRedis.Server.Transport.Sockets;

namespace MiniRedis.Server.Hosting;

/// <summary>The bus of a cluster node: an event loop of its own, on a port of its own.</summary>
sealed partial class ServerHost
{
    ITransport? _bus;
    List<Listener> _busListeners = [];

    /// <summary>The port of the bus; 0 without a cluster.</summary>
    public int BusPort => _busListeners.Count > 0 ? _busListeners[0].Port : 0;

    void CreateBus(ClusterHost cluster, bool portableTransport)
    {
        _bus = OperatingSystem.IsLinux() && !portableTransport
            ? new EpollTransport(cluster, 1, Server.Tls, _handshakeLimits, "bus")
            : new SocketTransport(cluster, Server.Tls, _handshakeLimits);
        cluster.Transport = _bus;
        Server.ConfigService.OnApply(_ =>
        {
            cluster.Ports = (Port, TlsPort, BusPort);
            cluster.SettingsChanged();
            return null;
        }, "port", "tls-port");
    }

    /// <summary>Binds the port of the bus, and reads what this node knew when it ended.</summary>
    /// <exception cref="StartFailedException">The reason is logged.</exception>
    void PrepareBus(ClusterHost cluster, bool ephemeralPort)
    {
        var config = Server.Config;
        var basePort = config.Tls.TlsCluster ? config.Tls.TlsPort : config.Network.Port;
        var port = config.Cluster.ClusterPort != 0 ? config.Cluster.ClusterPort : basePort + ClusterSettings.BusPortOffset;
        if (port > MostPort)
        {
            _log.ClusterWarning("Redis port number too high for cluster mode. Cluster communication port is 10,000 port numbers higher than "
                + "your Redis port. Your Redis port number must be 55535 or less.");
            throw new StartFailedException();
        }
        if (config.Network.Bind.Length == 0)
        {
            _log.ClusterWarning("No bind address is configured, but it is required for the Cluster bus.");
            throw new StartFailedException();
        }
        if (!cluster.TryLoad()) throw new StartFailedException();
        if (BindTcp(ephemeralPort ? ["127.0.0.1"] : config.Network.Bind, ephemeralPort ? 0 : port, config.Tls.TlsCluster) is not { } bound)
        {
            _log.ClusterWarning($"Failed listening on port {port} (cluster), aborting.");
            throw new StartFailedException();
        }
        _busListeners = bound;
        cluster.Ports = (Port, TlsPort, BusPort);
        cluster.Start();
    }

    const int MostPort = 65535;

    void StopBus()
    {
        if (Server.Cluster is not { } cluster) return;
        _bus!.Stop();
        foreach (var listener in _busListeners) listener.Dispose();
        lock (Server.Executor.ExecutorLock) cluster.SaveAtExit();
        cluster.Dispose();
    }
}
