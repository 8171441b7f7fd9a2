using System.Net;
using System.Net.Sockets;

namespace MiniRedis.Server.Tests.Metrics;

/// <summary>metrics-port, metrics-bind and metrics-tls, at the start and by CONFIG SET.</summary>
public class MetricsPortTests
{
    static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    static async Task<string> Health(int port, string scheme = "http")
    {
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, presented, _, _) => presented is not null };
        using var http = new HttpClient(handler);
        return await http.GetStringAsync(new Uri($"{scheme}://127.0.0.1:{port}/healthz"), TestContext.Current.CancellationToken);
    }

    static bool IsFree(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    [Fact]
    public void There_is_none_unless_it_is_asked_for()
    {
        using var server = new TestServer();
        Assert.Equal(0, server.MetricsPort);
    }

    [Fact]
    public async Task Config_set_opens_moves_and_closes_it()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        var (first, second) = (FreePort(), FreePort());
        Assert.Equal("+OK", client.Call($"CONFIG SET metrics-port {first}"));
        Assert.Equal("ok\n", await Health(first));
        Assert.Equal("+OK", client.Call($"CONFIG SET metrics-port {second}"));
        Assert.Equal("ok\n", await Health(second));
        Assert.True(IsFree(first));
        Assert.Equal("+OK", client.Call("CONFIG SET metrics-bind 127.0.0.1"));
        Assert.Equal("ok\n", await Health(second));
        Assert.Equal("+OK", client.Call("CONFIG SET metrics-port 0"));
        Assert.True(IsFree(second));
    }

    [Fact]
    public async Task A_port_that_is_taken_leaves_the_former()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        var port = FreePort();
        Assert.Equal("+OK", client.Call($"CONFIG SET metrics-port {port}"));
        Assert.Equal("-ERR CONFIG SET failed (possibly related to argument 'metrics-port') - "
            + "Unable to serve metrics. Check server logs.", client.Call($"CONFIG SET metrics-port {server.Port}"));
        Assert.Equal($"*2 $12 metrics-port ${port.ToString(System.Globalization.CultureInfo.InvariantCulture).Length} {port}",
            client.Call("CONFIG GET metrics-port"));
        Assert.Equal("ok\n", await Health(port));
    }

    [Fact]
    public async Task Tls_takes_the_servers_certificate_and_sees_when_it_is_renewed()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        var port = FreePort();
        Assert.StartsWith("-ERR CONFIG SET failed", client.Call($"CONFIG SET metrics-port {port} metrics-tls yes"), StringComparison.Ordinal);
        var path = Path.Combine(server.Directory, "server.pem");
        using var first = TestCertificate.Write(path);
        Assert.Equal("+OK", client.Call($"CONFIG SET tls-cert-file {path} metrics-port {port} metrics-tls yes"));
        Assert.Equal("ok\n", await Health(port, "https"));
        Assert.Equal(first.Thumbprint, TestCertificate.Presented(port));
        using var second = TestCertificate.Write(path, DateTime.UtcNow.AddMinutes(1));
        Assert.Equal(second.Thumbprint, TestCertificate.Presented(port));
        // Half a file is no reason to serve nothing.
        File.WriteAllText(path, "no certificate");
        Assert.Equal(second.Thumbprint, TestCertificate.Presented(port));
        await Assert.ThrowsAsync<HttpRequestException>(() => Health(port));
        Assert.Equal("ok\n", await Health(port, "https"));
        Assert.Equal("-ERR CONFIG SET failed (possibly related to argument 'metrics-bind') - "
            + "Unable to serve metrics. Check server logs.", client.Call("CONFIG SET metrics-bind 127.0.0.1"));
    }
}
