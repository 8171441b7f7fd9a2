using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Hosting;

namespace MiniRedis.Server.Tests.Hosting;

public class PingTests
{
    static (int Code, string Text) Run(int port)
    {
        var output = new StringWriter();
        var code = Ping.Run("127.0.0.1", port, output);
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
