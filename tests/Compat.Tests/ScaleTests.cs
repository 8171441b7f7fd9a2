using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests;

/// <summary>Ten thousand connections, waiting clients and subscribers, and a value of half a gigabyte: what must work without being special.</summary>
public sealed class ScaleTests(ITestOutputHelper output)
{
    const int Connections = 10_000;

    /// <summary>Of resident memory for each idle connection.</summary>
    const int MostBytesAConnection = 5 * 1024;

    [LinuxFact]
    public void Ten_thousand_connections_are_open_at_once_and_each_is_answered()
    {
        using var server = new ServerProcess("--maxclients", "12000");
        var before = server.Memory().Resident;
        var open = new List<Socket>();
        try
        {
            for (var i = 0; i < Connections; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                open.Add(socket);
                socket.Connect(IPAddress.Loopback, server.Port);
            }
            // Written to all before the first answer is read, so that all are busy at once.
            foreach (var socket in open) socket.Send("PING\r\n"u8);
            Span<byte> reply = stackalloc byte[16];
            foreach (var socket in open)
            {
                var length = socket.Receive(reply);
                Assert.Equal("+PONG\r\n", Encoding.ASCII.GetString(reply[..length]));
            }
            var each = (server.Memory().Resident - before) / Connections;
            output.WriteLine($"{each} bytes of resident memory a connection");
            Assert.InRange(each, 0, MostBytesAConnection);
        }
        finally
        {
            foreach (var socket in open) socket.Dispose();
        }
    }

    [LinuxFact]
    public void Ten_thousand_clients_wait_and_each_is_served_in_its_turn()
    {
        using var server = new ServerProcess("--maxclients", "12000");
        using var pusher = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        pusher.Connect(IPAddress.Loopback, server.Port);
        using var stream = new NetworkStream(pusher);
        var waiting = new List<Socket>();
        try
        {
            for (var i = 0; i < Connections; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                waiting.Add(socket);
                socket.Connect(IPAddress.Loopback, server.Port);
                // Answered, so that they come to wait one after another.
                socket.Send("PING\r\nBLPOP other jobs 600\r\n"u8);
                Assert.Equal(7, socket.Receive(new byte[7]));
            }
            for (var i = 0; i < Connections; i++) stream.Write(Encoding.ASCII.GetBytes($"RPUSH jobs {i:D4}\r\n"));
            for (var i = 0; i < Connections; i++) Assert.Equal(":1\r\n", ReadLine(stream));
            var reply = new byte[64];
            for (var i = 0; i < Connections; i++)
            {
                var length = waiting[i].Receive(reply);
                Assert.Equal($"*2\r\n$4\r\njobs\r\n$4\r\n{i:D4}\r\n", Encoding.ASCII.GetString(reply, 0, length));
            }
        }
        finally
        {
            foreach (var socket in waiting) socket.Dispose();
        }
    }

    [LinuxFact]
    public void Ten_thousand_subscribers_get_every_message_and_one_of_100_000_channels_costs_a_look_up()
    {
        const int messages = 5;
        using var server = new ServerProcess("--maxclients", "12000");
        using var publisher = server.Connect();
        using var collector = server.Connect();
        var subscribers = new List<Socket>();
        try
        {
            for (var i = 0; i < Connections; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                subscribers.Add(socket);
                socket.Connect(IPAddress.Loopback, server.Port);
                socket.Send("SUBSCRIBE news\r\n"u8);
            }
            var confirmed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"u8.ToArray();
            var message = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n"u8.ToArray();
            foreach (var socket in subscribers) Expect(socket, confirmed);
            for (var i = 0; i < messages; i++) Assert.Equal($":{Connections}", publisher.Call("PUBLISH news hello"));
            foreach (var socket in subscribers)
            {
                for (var i = 0; i < messages; i++) Expect(socket, message);
            }

            for (var i = 0; i < 100_000; i += 1000) collector.SendRaw(RawClient.Encode(["SUBSCRIBE", .. Enumerable.Range(i, 1000).Select(n => $"c{n}")]));
            for (var i = 1; i <= 100_000; i++) Assert.EndsWith($" :{i}", collector.Read(), StringComparison.Ordinal);
            Assert.Equal(":1", publisher.Call("PUBLISH c99999 x"));
            Assert.Equal("*3 $7 message $6 c99999 $1 x", collector.Read());
            Assert.Equal(":0", publisher.Call("PUBLISH c100000 x"));
        }
        finally
        {
            foreach (var socket in subscribers) socket.Dispose();
        }
    }

    static void Expect(Socket socket, byte[] expected)
    {
        var received = new byte[expected.Length];
        for (var got = 0; got < received.Length;)
        {
            var length = socket.Receive(received.AsSpan(got));
            Assert.True(length > 0, "the server closed");
            got += length;
        }
        Assert.Equal(expected, received);
    }

    [LinuxFact]
    public void A_value_of_512_MB_is_held_less_than_three_times()
    {
        const int size = 512 * 1024 * 1024;
        using var server = new ServerProcess();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, server.Port);
        using var stream = new NetworkStream(socket);
        var piece = new byte[1 << 20];
        stream.Write(Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n${size}\r\n"));
        for (var i = 0; i < size / piece.Length; i++)
        {
            Array.Fill(piece, (byte)i);
            stream.Write(piece);
        }
        stream.Write("\r\n"u8);
        Assert.Equal("+OK\r\n", ReadLine(stream));

        stream.Write("GET big\r\n"u8);
        Assert.Equal($"${size}\r\n", ReadLine(stream));
        for (var i = 0; i < size / piece.Length; i++)
        {
            stream.ReadExactly(piece);
            Assert.True(piece.AsSpan().IndexOfAnyExcept((byte)i) < 0, $"megabyte {i} is not what was sent");
        }
        Assert.Equal("\r\n", ReadLine(stream));
        var peak = server.Memory().Peak;
        output.WriteLine($"peak resident memory {peak / (1 << 20)} MB");
        Assert.InRange(peak, size, 3L * size - (1 << 20));
    }

    static string ReadLine(NetworkStream stream)
    {
        var line = new StringBuilder();
        while (line.Length == 0 || line[^1] != '\n') line.Append((char)stream.ReadByte());
        return line.ToString();
    }
}

/// <summary>A test that reads /proc.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line)
    {
        if (!OperatingSystem.IsLinux()) Skip = "Memory is read from /proc, which only Linux has.";
    }
}
