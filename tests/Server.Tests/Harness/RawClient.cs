using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Tests;

/// <summary>
/// A client that shows replies as they are on the wire, with each CRLF written as one blank: "+OK", "$3 foo", "*2 :1 :2".
/// Text is Latin-1, one char a byte.
/// </summary>
sealed class RawClient : IDisposable
{
    readonly Socket _socket;
    readonly Stream _network;
    readonly Stream _stream;

    public RawClient(int port)
        : this(new IPEndPoint(IPAddress.Loopback, port))
    {
    }

    /// <param name="server">Of TCP, or a unix socket.</param>
    /// <param name="tls">Speak TLS. The handshake is done when this returns.</param>
    public RawClient(EndPoint server, SslClientAuthenticationOptions? tls = null)
    {
        var tcp = server.AddressFamily != AddressFamily.Unix;
        _socket = new Socket(server.AddressFamily, SocketType.Stream, tcp ? ProtocolType.Tcp : ProtocolType.Unspecified);
        _socket.Connect(server);
        if (tcp) _socket.NoDelay = true;
        _socket.ReceiveTimeout = _socket.SendTimeout = (int)Patience.TotalMilliseconds;
        _network = new NetworkStream(_socket);
        if (tls is not null)
        {
            var encrypted = new SslStream(_network);
            encrypted.AuthenticateAsClient(tls);
            _network = encrypted;
        }
        _stream = new BufferedStream(_network);
    }

    /// <summary>How long a client waits for a server that hangs.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public Socket Socket => _socket;

    /// <summary>Sends a command line (quoted as in redis-cli) and reads the reply.</summary>
    public string Call(string commandLine)
    {
        Send(commandLine);
        return Read();
    }

    /// <summary>Sends words as they are and reads the reply.</summary>
    public string CallWords(params string[] words)
    {
        SendRaw(Encode(words));
        return Read();
    }

    /// <summary>Runs lines of "command" and "-> reply" in turn, and asserts each reply.</summary>
    public void Run(string script)
    {
        string? command = null;
        foreach (var line in script.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!line.StartsWith("->", StringComparison.Ordinal))
            {
                Assert.True(command is null, $"No reply is expected for: {command}");
                command = line;
                continue;
            }
            Assert.True(command is not null, $"No command before: {line}");
            // An empty string ends in a blank, which no line of a script can.
            var reply = Call(command).TrimEnd(' ');
            Assert.True(line[2..].Trim() == reply, $"{command}\n  expected: {line[2..].Trim()}\n  received: {reply}");
            command = null;
        }
        Assert.True(command is null, $"No reply is expected for: {command}");
    }

    public void Send(string commandLine) =>
        SendRaw(Encode(ConfigLine.Split(commandLine) ?? throw new FormatException($"Unbalanced quotes: {commandLine}")));

    public void SendRaw(string bytes)
    {
        // Past the buffer, which would try again when it is disposed of.
        _network.Write(Encoding.Latin1.GetBytes(bytes));
    }

    /// <summary>Sends what the server takes before it closes the connection.</summary>
    public void TrySendRaw(string bytes)
    {
        var started = Stopwatch.StartNew();
        try
        {
            SendRaw(bytes);
        }
        catch (IOException failure) when (failure.InnerException is SocketException && started.Elapsed < Patience)
        {
            // Closed by the server. The kernel words that as a reset, a broken pipe or, if it gave up on unsent bytes, a time-out.
        }
    }

    public static string Encode(params string[] words) =>
        $"*{words.Length}\r\n" + string.Concat(words.Select(w => $"${w.Length}\r\n{w}\r\n"));

    /// <summary>Reads exactly so many bytes as they are.</summary>
    public string ReadRaw(int count)
    {
        var bytes = new byte[count];
        _stream.ReadExactly(bytes);
        return Encoding.Latin1.GetString(bytes);
    }

    /// <summary>Reads one whole reply.</summary>
    public string Read()
    {
        var reply = new StringBuilder();
        ReadInto(reply);
        return reply.ToString(0, reply.Length - 1);
    }

    void ReadInto(StringBuilder reply)
    {
        var line = ReadLine();
        reply.Append(line).Append(' ');
        var kind = line[0];
        if (kind is '+' or '-' or ':' or ',' or '_' or '#' or '(') return;
        var length = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
        if (length < 0) return;
        if (kind is '$' or '=')
        {
            var bytes = new byte[length + 2];
            _stream.ReadExactly(bytes);
            reply.Append(Encoding.Latin1.GetString(bytes, 0, length)).Append(' ');
            return;
        }
        var elements = kind is '%' or '|' ? length * 2 : length;
        for (var i = 0; i < elements; i++) ReadInto(reply);
        // An attribute stands before the reply it belongs to.
        if (kind == '|') ReadInto(reply);
    }

    /// <summary>Sends a command line and reads the reply as a tree: text, numbers, null, and arrays of these for every aggregate.</summary>
    public object? CallTree(string commandLine)
    {
        Send(commandLine);
        return ReadTree();
    }

    object? ReadTree()
    {
        var line = ReadLine();
        var rest = line[1..];
        switch (line[0])
        {
            case '*' or '~' or '%':
                var length = int.Parse(rest, CultureInfo.InvariantCulture);
                return length < 0 ? null : Enumerable.Range(0, line[0] == '%' ? length * 2 : length).Select(_ => ReadTree()).ToArray();
            case '$' or '=':
                var bytes = int.Parse(rest, CultureInfo.InvariantCulture);
                if (bytes < 0) return null;
                var text = new byte[bytes + 2];
                _stream.ReadExactly(text);
                return Encoding.Latin1.GetString(text, 0, bytes);
            case ':': return long.Parse(rest, CultureInfo.InvariantCulture);
            case '_': return null;
            default: return rest;
        }
    }

    string ReadLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            var next = _stream.ReadByte();
            if (next < 0) throw new EndOfStreamException($"The server closed after '{line}'");
            if (next == '\n') return line.ToString(0, line.Length - 1);
            line.Append((char)next);
        }
    }

    /// <summary>Whether the server has closed the connection: waits for that, and fails on any more bytes.</summary>
    public bool IsClosedByServer()
    {
        try
        {
            return _stream.ReadByte() < 0;
        }
        catch (IOException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return true;
        }
    }

    /// <summary>Everything the server sends until it closes the connection.</summary>
    public string ReadToEnd()
    {
        var all = new StringBuilder();
        var buffer = new byte[16 * 1024];
        try
        {
            while (_stream.Read(buffer) is > 0 and var count) all.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
        catch (IOException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            // As good as an end: the server closed while bytes of ours were under way.
        }
        return all.ToString();
    }

    /// <summary>Closes so that the server's end sees a reset, as from a peer that crashed.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }
}
