using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Hosting.Process;

namespace MiniRedis.Server.Tests.Hosting;

public class ProcessTitleTests
{
    [Theory]
    [InlineData("{title} {listen-addr} {server-mode}", "/usr/bin/miniredis 127.0.0.1:6380")]
    [InlineData("{server-mode}{config-file}", "/etc/miniredis.conf")]
    [InlineData("TEST {port} {tls-port} {unixsocket}", "TEST 6380 0 /run/miniredis.sock")]
    [InlineData(" a {{title} } ", "a {title} }")]
    [InlineData("plain", "plain")]
    public void Variables_are_replaced(string template, string title)
    {
        var config = new ServerConfig();
        config.Network.Bind = ["127.0.0.1", "-::1"];
        (config.Network.Port, config.Network.UnixSocket, config.Process.ProcTitleTemplate) = (6380, "/run/miniredis.sock", template);
        Assert.Equal(title, ProcessTitle.Of(config, "/usr/bin/miniredis", "/etc/miniredis.conf"));
    }

    [Theory]
    [InlineData(6379, 6380, "*:6379")]
    [InlineData(0, 6380, "*:6380")]
    [InlineData(0, 0, "unixsocket:/s")]
    public void The_address_is_that_of_the_plain_port_of_the_TLS_port_or_of_the_socket(int port, int tlsPort, string address)
    {
        var config = new ServerConfig();
        (config.Network.Port, config.Tls.TlsPort, config.Network.UnixSocket, config.Process.ProcTitleTemplate) = (port, tlsPort, "/s", "{listen-addr}");
        Assert.Equal(address, ProcessTitle.Of(config, "", ""));
    }
}
