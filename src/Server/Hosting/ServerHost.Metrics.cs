using System.Net;
using System.Security.Cryptography;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Files;
using MiniRedis.Server.Metrics;
using MiniRedis.Server.Metrics.Http;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Hosting;

/// <summary>The HTTP server of metrics and health checks: metrics-port, metrics-bind, metrics-tls.</summary>
sealed partial class ServerHost
{
    /// <summary>How long the end of the process waits for the end of connections that read metrics.</summary>
    static readonly TimeSpan s_metricsPatience = TimeSpan.FromSeconds(1);

    List<Listener> _metricsListeners = [];
    Scrapes? _scrapes;
    MetricsEndpoint? _metricsEndpoint;
    MetricsCertificate? _metricsCertificate;
    MetricsServer? _metricsServer;

    /// <summary>The port of metrics in use; 0 if there is none.</summary>
    public int MetricsPort => _metricsListeners.Count > 0 ? _metricsListeners[0].Port : 0;

    /// <summary>Binds what metrics-bind names. False if that or the certificate is impossible; the reason is logged.</summary>
    bool TryBindMetrics(bool ephemeralPort)
    {
        var settings = Server.Config.Metrics;
        if (settings.MetricsPort == 0) return true;
        if (settings.MetricsTls && !HasCertificate()) return false;
        if (BindTcp(settings.MetricsBind, ephemeralPort ? 0 : settings.MetricsPort) is not { } bound) return false;
        _metricsListeners = bound;
        return true;
    }

    /// <summary>Serves what is bound. The loading of data can be watched from here on.</summary>
    void StartMetrics()
    {
        if (_metricsListeners.Count == 0) return;
        var config = Server.Config;
        if (_metricsEndpoint is null)
        {
            // By ordinal.
            var names = new string[Server.CommandStatistics.Length];
            foreach (var command in Server.AclLimits.Names.All) names[command.Ordinal] = command.FullName;
            var page = new MetricsPage(Server.Metrics.Rows, names, config, Server.Ids);
            _scrapes = new Scrapes(Server.Metrics, page, Server.Clock.Time);
            var health = new Health(Server.Dataset, Server.Exit, Server.History, config.Replication, Server.Cluster);
            _metricsEndpoint = new MetricsEndpoint(_scrapes, health, new MetricsAccess(config.Metrics, config.Network), _log);
        }
        var tls = config.Metrics.MetricsTls ? new TlsConnections(_metricsCertificate!) : null;
        _metricsServer = MetricsServer.Start([.. _metricsListeners.Select(listener => listener.Socket)], _metricsEndpoint, tls, _log);
        _log.ServesMetrics(MetricsPort);
        // Where commands need no password either, metrics are the least that is open.
        var hasGuard = config.Metrics.MetricsPassword.Length > 0 || config.Network.ProtectedMode || Server.Users.Default.Rules.NoPass;
        if (!hasGuard && _metricsListeners.Exists(IsOpen)) _log.MetricsAreOpen();
    }

    static bool IsOpen(Listener listener) => listener.Socket.LocalEndPoint is IPEndPoint end && !IPAddress.IsLoopback(end.Address);

    /// <summary>
    /// After CONFIG SET: closes the former server and starts one as the settings now are. Returns why that is impossible, or null; the
    /// next call with the former values then restores it.
    /// </summary>
    string? FollowMetricsLocked()
    {
        CloseMetrics();
        if (!TryBindMetrics(ephemeralPort: false)) return ConfigErrors.CannotServeMetrics;
        StartMetrics();
        return null;
    }

    bool HasCertificate()
    {
        try
        {
            // A new one, since what was loaded before would hide that the files are wrong now.
            _metricsCertificate = new MetricsCertificate(Server.Config.Tls, Server.Config.Persistence, _log);
            _metricsCertificate.Current();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.CannotEncryptMetrics(DiskException.Describe(failure));
            return false;
        }
        catch (CryptographicException failure)
        {
            _log.CannotEncryptMetrics(failure.Message);
            return false;
        }
    }

    void CloseMetrics()
    {
        _metricsServer?.Close();
        foreach (var listener in _metricsListeners) listener.Dispose();
        _metricsListeners = [];
    }

    void StopMetrics()
    {
        CloseMetrics();
        _metricsServer?.Ended.Wait(s_metricsPatience);
    }
}
