using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Hosting;

namespace MiniRedis.Server.Tests.Hosting;

public class PingTests
{
    static (int Code, string Text) Run(int port, PingTls? tls = null)
    {
        var output = new StringWriter();
        var code = Ping.Run("127.0.0.1", port, tls, output);
        return (code, output.ToString().TrimEnd());
    }

    [Fact]
    public void A_server_that_answers_is_alive()
    {
        using var server = new TestServer();
        Assert.Equal((0, "+PONG"), Run(server.Port));
    }

    [Fact]
    public void A_server_that_asks_for_a_password_is_alive()
    {
        using var server = new TestServer("requirepass secret");
        Assert.Equal((0, "-NOAUTH Authentication required."), Run(server.Port));
    }

    [Fact]
    public void A_server_behind_TLS_is_alive_for_who_trusts_it_and_shows_what_it_asks_for()
    {
        using var files = new TestCertificates();
        using var server = new TestServer(files.Configuration);
        var shown = new PingTls(files["ca.crt"], files["client.crt"], files["client.key"]);
        Assert.Equal((0, "+PONG"), Run(server.TlsPort, shown));
        Assert.Equal((0, "+PONG"), Run(server.TlsPort, shown with { Authority = null, Insecure = true }));
        Assert.Equal(1, Run(server.TlsPort, shown with { Authority = null }).Code);
        Assert.Equal(1, Run(server.TlsPort, shown with { Authority = files["foreign.crt"] }).Code);
        Assert.Equal(1, Run(server.TlsPort, new PingTls(files["ca.crt"])).Code);
        Assert.Equal(1, Run(server.TlsPort).Code);
        Assert.Equal(1, Run(server.Port, shown).Code);
    }

    [Fact]
    public void A_file_that_is_not_there_or_holds_no_certificate_is_told()
    {
        using var files = new TestCertificates();
        using var server = new TestServer(files.Configuration);
        var (code, text) = Run(server.TlsPort, new PingTls(files["nothing.crt"]));
        Assert.Equal(1, code);
        Assert.Contains("nothing.crt", text);
        Assert.Equal(1, Run(server.TlsPort, new PingTls(files["ca.crt"], files["client.key"], files["client.key"])).Code);
    }

    [Fact]
    public void Nobody_is_alive_where_nobody_listens()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        var (code, text) = Run(port);
        Assert.Equal(1, code);
        Assert.StartsWith($"Could not connect to 127.0.0.1:{port}: ", text);
    }

    [Fact]
    public async Task What_closes_the_connection_without_a_word_is_not_alive()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var closing = Task.Run(() => listener.Accept().Shutdown(SocketShutdown.Both));
        Assert.Equal(1, Run(((IPEndPoint)listener.LocalEndPoint!).Port).Code);
        await closing;
    }
}
