using System.Net.Sockets;
using System.Text;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Hosting.Process;

/// <summary>
/// Tells systemd when the server is ready and when it stops ("supervised systemd", or "auto" under systemd): a datagram to
/// the socket that $NOTIFY_SOCKET names (man 3 sd_notify).
/// </summary>
static class SystemdNotifier
{
    public static void Notify(ServerConfig config, string state)
    {
        if (config.Process.Supervised is not (SupervisedMode.Systemd or SupervisedMode.Auto)) return;
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } path) return;
        // "@" means the abstract namespace, whose names start with a zero byte.
        if (path[0] == '@') path = '\0' + path[1..];
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(path));
    }
}
