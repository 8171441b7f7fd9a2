using System.Net.Sockets;
using System.Text;

namespace MiniRedis.Server.Hosting;

/// <summary>
/// <c>miniredis ping</c>: asks a server whether it is alive, for health checks of containers that hold nothing but this executable.
/// </summary>
static class Ping
{
    public const string DefaultHost = "127.0.0.1";

    public const int DefaultPort = 6379;

    /// <summary>Longest wait for the connection and for the reply.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Connects, sends PING and prints the first line of the reply.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="output">Where the reply goes, or what failed.</param>
    /// <returns>
    /// 0 if the server replied; an error counts, as it comes from a server that asks for a password or loads its data. 1 if it did not.
    /// </returns>
    public static int Run(string host, int port, TextWriter output)
    {
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp)
            {
                SendTimeout = (int)s_patience.TotalMilliseconds, ReceiveTimeout = (int)s_patience.TotalMilliseconds,
            };
            if (!socket.ConnectAsync(host, port).Wait(s_patience)) throw new SocketException((int)SocketError.TimedOut);
            socket.Send("*1\r\n$4\r\nPING\r\n"u8);
            var line = FirstLine(socket);
            output.WriteLine(line);
            return line.StartsWith('+') || line.StartsWith('-') ? 0 : 1;
        }
        catch (Exception failure) when (failure is SocketException or AggregateException)
        {
            output.WriteLine($"Could not connect to {host}:{port}: {(failure.InnerException ?? failure).Message}");
            return 1;
        }
    }

    static string FirstLine(Socket socket)
    {
        Span<byte> buffer = stackalloc byte[512];
        var length = 0;
        while (length < buffer.Length)
        {
            var received = socket.Receive(buffer[length..]);
            if (received == 0) break;
            length += received;
            var end = buffer[..length].IndexOf((byte)'\r');
            if (end >= 0) return Encoding.Latin1.GetString(buffer[..end]);
        }
        return Encoding.Latin1.GetString(buffer[..length]);
    }
}
