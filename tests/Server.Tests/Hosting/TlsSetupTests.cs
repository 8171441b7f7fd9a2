using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Hosting;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Hosting;

public sealed class TlsSetupTests : IDisposable
{
    readonly TestCertificates _certificates = new();
    readonly ServerConfig _config = new();
    readonly TlsContexts _contexts = new();
    readonly LogLines _log = new();
    readonly Timers _timers = new();
    readonly ConfigService _service;
    readonly TlsSetup _setup;

    public TlsSetupTests()
    {
        ConfigFile.LoadText(_config, "port 0");
        _service = new ConfigService(_config);
        _setup = new TlsSetup(_config, _contexts, new ServerLog(_log), _timers, portable: false);
        _setup.Register(_service);
    }

    public void Dispose()
    {
        _setup.Dispose();
        _certificates.Dispose();
    }

    /// <summary>Keeps the timer that is made, for the test to let it go off.</summary>
    sealed class Timers : TimeProvider
    {
        public TimeSpan Period { get; private set; }
        public Action GoOff { get; private set; } = () => { };

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (Period, GoOff) = (period, () => callback(state));
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    void Load(string text) => ConfigFile.LoadText(_config, text);

    [Fact]
    public void Without_a_port_or_a_link_that_needs_it_nothing_is_made()
    {
        Load("tls-cert-file /no/such");
        Assert.True(_setup.TryStart());
        Assert.Null(_contexts.Server);
    }

    [Theory]
    [InlineData("", "No tls-cert-file configured!")]
    [InlineData("tls-cert-file {server.crt}", "No tls-key-file configured!")]
    [InlineData("tls-cert-file {server.crt}\ntls-key-file {server.key}", "Either tls-ca-cert-file or tls-ca-cert-dir must be specified")]
    [InlineData("tls-cert-file {server.crt}\ntls-key-file {server.key}\ntls-auth-clients no\ntls-cluster yes", "Either tls-ca-cert-file or")]
    [InlineData("tls-cert-file {server.crt}\ntls-key-file {server.key}\ntls-auth-clients no\ntls-protocols TLSv9", "Invalid tls-protocols specified.")]
    [InlineData("tls-cert-file {server.crt}\ntls-key-file {none.key}\ntls-auth-clients no", "Failed to load private key: ")]
    public void What_is_missing_is_named(string directives, string reason)
    {
        foreach (var name in (string[])["server.crt", "server.key", "none.key"])
            directives = directives.Replace($"{{{name}}}", _certificates[name], StringComparison.Ordinal);
        Load("tls-port 1\n" + directives);
        Assert.False(_setup.TryStart());
        Assert.StartsWith(reason, _log.Text, StringComparison.Ordinal);
        Assert.Null(_contexts.Server);
    }

    [Fact]
    public void Connections_to_others_show_the_clients_certificate_only_with_its_key()
    {
        Load(_certificates.Configuration);
        Assert.True(_setup.TryStart());
        Assert.Equal("localhost", NameShownByClient());
        Load($"tls-client-cert-file {_certificates["client.crt"]}");
        Assert.True(_setup.TryStart());
        Assert.Equal("localhost", NameShownByClient());
        Load($"tls-client-key-file {_certificates["client.key"]}");
        Assert.True(_setup.TryStart());
        Assert.Equal("alice", NameShownByClient());
    }

    string? NameShownByClient()
    {
        using var client = _contexts.Client!.CreateClient("localhost");
        using var server = _contexts.Server!.CreateServer();
        var wire = new byte[64 * 1024];
        client.Handshake([], out _);
        for (var status = TlsStatus.NeedMoreData; status == TlsStatus.NeedMoreData;)
        {
            status = server.Handshake(wire.AsSpan(0, client.TakePending(wire)), out _);
            client.Handshake(wire.AsSpan(0, server.TakePending(wire)), out _);
        }
        return CertificateNames.CommonName(server.PeerCertificate());
    }

    [Fact]
    public void A_file_whose_bytes_have_changed_is_loaded_again_in_its_interval()
    {
        Load(_certificates.Configuration + "tls-auto-reload-interval 60\n");
        Assert.True(_setup.TryStart());
        Assert.Equal(TimeSpan.FromMinutes(1), _timers.Period);
        var first = _contexts.Server;
        _timers.GoOff();
        Assert.Same(first, _contexts.Server);

        // Half of a renewal: the key does not fit yet.
        File.Copy(_certificates["other-server.crt"], _certificates["server.crt"], overwrite: true);
        _timers.GoOff();
        Assert.Same(first, _contexts.Server);
        Assert.Contains("Failed to load private key", _log.Text, StringComparison.Ordinal);
        File.Copy(_certificates["other-server.key"], _certificates["server.key"], overwrite: true);
        _timers.GoOff();
        Assert.NotSame(first, _contexts.Server);
        Assert.EndsWith("TLS materials reloaded successfully", _log.Text, StringComparison.Ordinal);

        Assert.True(_service.TrySet([("tls-auto-reload-interval", "5")], default, out _));
        Assert.Equal(TimeSpan.FromSeconds(5), _timers.Period);
    }

    [Fact]
    public void The_same_file_name_set_again_loads_the_file_again()
    {
        Load(_certificates.Configuration);
        Assert.True(_setup.TryStart());
        var first = _contexts.Server;
        Assert.True(_service.TrySet([("tls-cert-file", _certificates["server.crt"])], default, out _));
        Assert.NotSame(first, _contexts.Server);
    }
}
