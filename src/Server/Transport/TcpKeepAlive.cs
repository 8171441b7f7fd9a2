using System.Net.Sockets;

namespace MiniRedis.Server.Transport;

/// <summary>
/// The system's probes of a silent TCP connection, as Redis sets them: a third of the interval apart, and three that are missed end it.
/// </summary>
static class TcpKeepAlive
{
    /// <exception cref="SocketException">The peer is gone already.</exception>
    public static void TurnOn(Socket socket, int seconds)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Math.Max(1, seconds / 3));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }
}
