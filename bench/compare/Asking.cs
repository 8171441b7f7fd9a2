using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MiniRedis.Compare;

/// <summary>A connection with one command at a time, of which thousands wait without a thread.</summary>
sealed class Asking : IDisposable
{
    readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly byte[] _buffer = new byte[512];
    int _length;
    static int s_sent;

    /// <summary>Commands that this process has sent over such connections.</summary>
    public static int Sent
    {
        get => s_sent;
        set => s_sent = value;
    }

    public Asking(int port)
    {
        Port = port;
        _socket.Connect(IPAddress.Loopback, port);
    }

    public int Port { get; }

    public void Dispose() => _socket.Dispose();

    /// <summary>Sends a command and answers the elements of its reply; a reply that is no array has one.</summary>
    public async Task<string?[]> Call(params string[] words)
    {
        Interlocked.Increment(ref s_sent);
        var request = $"*{words.Length}\r\n" + string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n"));
        await _socket.SendAsync(Encoding.ASCII.GetBytes(request));
        _length = 0;
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(_length));
            if (received == 0) throw new IOException("the server has closed the connection");
            _length += received;
            if (TryRead(Encoding.ASCII.GetString(_buffer, 0, _length), out var reply)) return reply;
        }
    }

    static bool TryRead(string text, out string?[] reply)
    {
        reply = [];
        var lines = text.Split("\r\n");
        // The last is what stands behind the last line end.
        var (at, complete) = (0, lines.Length - 1);
        if (complete == 0) return false;
        if (lines[0][0] == '-') throw new IOException(lines[0]);
        var count = lines[0][0] == '*' ? int.Parse(lines[at++].AsSpan(1), CultureInfo.InvariantCulture) : 1;
        reply = new string?[count];
        for (var i = 0; i < count; i++)
        {
            if (at >= complete) return false;
            var line = lines[at++];
            if (line[0] != '$') reply[i] = line[1..];
            else if (line != "$-1" && at >= complete) return false;
            else reply[i] = line == "$-1" ? null : lines[at++];
        }
        return true;
    }
}
