using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Hosting;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Tests.Transport;

/// <summary>Where a server listens, and what it asks of its sockets.</summary>
public sealed class ListenTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-listen-");
    readonly int _port = FreePort();

    public void Dispose() => _directory.Delete(recursive: true);

    static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    ServerHost Start(string configuration, bool portable)
    {
        var host = Create(configuration, portable);
        host.Start();
        return host;
    }

    ServerHost Create(string configuration, bool portable, LogLines? lines = null)
    {
        var config = new ServerConfig();
        ConfigFile.LoadText(config, $"port {_port}\n{configuration}");
        config.Persistence.Dir = _directory.FullName;
        var log = new ServerLog(lines ?? (ILogger)NullLogger.Instance);
        return new ServerHost(new MiniRedisServer(config, log).Parts, log, portable);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_address_of_bind_is_served_and_an_optional_one_may_be_missing(bool portable)
    {
        using var host = Start("bind 127.0.0.1 127.0.0.2 -192.0.2.1", portable);
        foreach (var address in (string[])["127.0.0.1", "127.0.0.2"])
        {
            using var client = new RawClient(new IPEndPoint(IPAddress.Parse(address), _port));
            Assert.Equal("+PONG", client.Call("PING"));
            Assert.Contains($" laddr={address}:{_port} ", client.Call("CLIENT INFO"), StringComparison.Ordinal);
        }
        Assert.Throws<StartFailedException>(() => Start("bind 192.0.2.1", portable));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_server_that_cannot_have_its_port_ends_quietly_and_leaves_the_other_its_pid_file(bool portable)
    {
        var pidFile = Path.Combine(_directory.FullName, "redis.pid");
        using (Start($"bind 127.0.0.1\npidfile {pidFile}", portable))
        {
            using (var refused = Create($"bind 127.0.0.1\npidfile {pidFile}", portable)) Assert.Throws<StartFailedException>(() => refused.Start());
            Assert.True(File.Exists(pidFile));
        }
        Assert.False(File.Exists(pidFile));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_server_has_its_port_again_while_connections_that_it_closed_linger(bool portable)
    {
        for (var i = 0; i < 2; i++)
        {
            using var host = Start("bind 127.0.0.1", portable);
            using var client = new RawClient(new IPEndPoint(IPAddress.Loopback, _port));
            // Closed by the server first, whose end is then in TIME_WAIT.
            Assert.Equal("+OK", client.Call("QUIT"));
            Assert.True(client.IsClosedByServer());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_unix_socket_has_its_permissions_and_goes_with_the_server(bool portable)
    {
        var path = Path.Combine(_directory.FullName, "redis.sock");
        using (Start($"bind 127.0.0.1\nunixsocket {path}\nunixsocketperm 700", portable))
        {
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
            using var client = new RawClient(new UnixDomainSocketEndPoint(path));
            Assert.Matches($@" addr={path}:0 laddr={path}:0 fd=\d+ .* flags=U ", client.Call("CLIENT INFO"));
            using (var monitor = new RawClient(new UnixDomainSocketEndPoint(path)))
            {
                monitor.Call("MONITOR");
                client.Call("PING");
                Assert.EndsWith($" [0 unix:{path}] \"PING\"", monitor.Read(), StringComparison.Ordinal);
                Assert.Equal("+RESET", monitor.Call("RESET"));
                Assert.Equal("+OK", monitor.Call("QUIT"));
                Assert.True(monitor.IsClosedByServer());
            }
            Assert.Equal(":1", client.Call($"CLIENT KILL ADDR {path}:0 SKIPME no"));
            Assert.True(client.IsClosedByServer());
        }
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Protected_mode_turns_peers_away_that_are_not_local(bool portable)
    {
        var outside = NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address).FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a));
        using var host = Start("bind *", portable);
        using var local = new RawClient(_port);
        Assert.Equal("+PONG", local.Call("PING"));
        if (outside is null) return; // a machine with nothing but a loopback interface
        var there = new IPEndPoint(outside, _port);
        using (var turnedAway = new RawClient(there))
            Assert.StartsWith("-DENIED Running in protected mode", turnedAway.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal("+OK", local.Call("CONFIG SET requirepass secret"));
        using (var stranger = new RawClient(there)) Assert.Equal("-NOAUTH Authentication required.", stranger.Call("PING"));
        Assert.Equal("+OK", local.Call("CONFIG SET requirepass '' protected-mode no"));
        using (var welcome = new RawClient(there)) Assert.Equal("+PONG", welcome.Call("PING"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_address_that_cannot_be_bound_leaves_the_old_ones_in_service(bool portable)
    {
        using var host = Start("bind 127.0.0.1", portable);
        using var client = new RawClient(_port);
        Assert.Equal("-ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
            client.Call("CONFIG SET bind 192.0.2.1"));
        Assert.Equal("+PONG", client.Call("PING"));
        using (var next = new RawClient(_port)) Assert.Equal("+PONG", next.Call("PING"));
        Assert.Equal("+OK", client.Call("CONFIG SET bind '127.0.0.1 127.0.0.3'"));
        using (var third = new RawClient(new IPEndPoint(IPAddress.Parse("127.0.0.3"), _port))) Assert.Equal("+PONG", third.Call("PING"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_kernel_probes_silent_peers_as_often_as_it_is_told(bool portable)
    {
        if (!OperatingSystem.IsLinux()) return; // only there can it be seen from outside
        using var host = Start("bind 127.0.0.1\ntcp-keepalive 123", portable);
        using var client = new RawClient(_port);
        client.Call("PING");
        var ours = string.Create(CultureInfo.InvariantCulture, $"0100007F:{_port:X4} 0100007F:{((IPEndPoint)client.Socket.LocalEndPoint!).Port:X4}");
        // Field 5 is "timer:hundredths of a second until it fires"; timer 2 is keepalive (Documentation/networking/proc_net_tcp.txt).
        // While the reply is not yet acknowledged, another timer stands there.
        string[] timer;
        var deadline = Stopwatch.StartNew();
        do
        {
            var line = File.ReadLines("/proc/self/net/tcp").Single(l => l.Contains(ours, StringComparison.Ordinal));
            timer = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5].Split(':');
        }
        while (timer[0] != "02" && deadline.Elapsed < TimeSpan.FromSeconds(10));
        Assert.Equal("02", timer[0]);
        Assert.InRange(int.Parse(timer[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture), 110_00, 123_00);
    }

    [Theory]
    [InlineData("port 0", "Configured to not listen anywhere, exiting.")]
    [InlineData("bind ''", "Configured to not listen anywhere, exiting.")]
    [InlineData("bind -192.0.2.1", "Configured to not listen anywhere, exiting.")]
    [InlineData("bind 192.0.2.1", "Could not create server TCP listening socket 192.0.2.1:{port}: Cannot assign requested address")]
    [InlineData("bind 192.0.2.1", "Failed listening on port {port} (tcp), aborting.")]
    [InlineData("bind {long}", "Could not create server TCP listening socket {long}:{port}: ")]
    [InlineData("port 0\nunixsocket /nosuch/directory/s", "Failed opening Unix socket: bind: No such file or directory")]
    [InlineData("port 0\nunixsocket {dir}", "Failed opening Unix socket: bind: Address already in use")]
    [InlineData("port 0\nunixsocket /{long}", "Failed opening Unix socket: unix socket path too long (301), must be under 108")]
    public void A_server_that_can_listen_nowhere_tells_the_system_s_reason_in_the_words_of_redis(string configuration, string expected)
    {
        string Filled(string text) => text.Replace("{long}", new string('a', 300), StringComparison.Ordinal)
            .Replace("{dir}", _directory.FullName, StringComparison.Ordinal)
            .Replace("{port}", _port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

        var lines = new LogLines();
        using var host = Create(Filled(configuration), portable: false, lines);
        Assert.Throws<StartFailedException>(() => host.Start());
        Assert.Contains(Filled(expected), lines.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_file_that_is_a_link_to_nowhere_is_none_and_one_that_is_a_directory_is_refused()
    {
        var dump = Path.Combine(_directory.FullName, "dump.rdb");
        File.CreateSymbolicLink(dump, Path.Combine(_directory.FullName, "nowhere"));
        using (Start("bind 127.0.0.1", portable: false))
        {
            using var client = new RawClient(_port);
            client.Run("""
                SET a b
                -> +OK
                SAVE
                -> +OK
                """);
        }
        Assert.Null(new FileInfo(dump).LinkTarget);
        File.Delete(dump);
        Directory.CreateDirectory(dump);
        var lines = new LogLines();
        using var refused = Create("bind 127.0.0.1", portable: false, lines);
        Assert.Throws<StartFailedException>(() => refused.Start());
        Assert.Contains("Fatal error loading the DB: Is a directory. Exiting.", lines.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pid_file_that_cannot_be_written_is_told_of_and_harms_nobody()
    {
        var lines = new LogLines();
        using var host = Create("bind 127.0.0.1\npidfile /nosuch/directory/x", portable: false, lines);
        host.Start();
        using var client = new RawClient(_port);
        Assert.Equal("+PONG", client.Call("PING"));
        Assert.Contains("Failed to write PID file: No such file or directory", lines.Text, StringComparison.Ordinal);
    }
}
