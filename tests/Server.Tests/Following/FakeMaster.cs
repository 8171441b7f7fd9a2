using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MiniRedis.Server.Tests.Following;

/// <summary>
/// A master that a test plays: one history whose bytes it has, a file for those who have nothing, and a cut of the link wherever the test
/// wants one. Bytes go out in pieces of the test's choice.
/// </summary>
sealed class FakeMaster : IDisposable
{
    public const string Id = "0123456789012345678901234567890123456789";

    /// <summary>The offset of the history at which <see cref="Stream"/> begins.</summary>
    public const long Begin = 1000;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly List<Socket> _sockets = [];
    readonly List<string> _requests = [];
    readonly ManualResetEventSlim _heard = new();

    /// <summary>A file without a key. A checksum of zeros is none.</summary>
    public static byte[] EmptyFile { get; } = [.. "REDIS0011"u8, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0];

    public FakeMaster(string stream = "")
    {
        Stream = Encoding.Latin1.GetBytes(stream);
        _listener.Start();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes of the history after <see cref="Begin"/>.</summary>
    public byte[] Stream { get; }

    /// <summary>The file of a full synchronization.</summary>
    public byte[] File { get; init; } = EmptyFile;

    /// <summary>Whether the file comes by a connection of its own, as Valkey 8 has it. Then it ends with a mark.</summary>
    public bool UsesDualChannel { get; init; }

    /// <summary>What a replica sends, as the first words of it, that cuts its connection, for each time in turn.</summary>
    public Queue<string> CutsAt { get; init; } = [];

    /// <summary>The answer to SYNC in place of the usual one, for each attempt in turn.</summary>
    public Queue<string> EndOffsets { get; init; } = [];

    /// <summary>Bytes of the file that are sent before the connection is cut, for each in turn; without one, all.</summary>
    public Queue<int> FileCuts { get; init; } = [];

    /// <summary>Set when the main connection may be answered +CONTINUE.</summary>
    public ManualResetEventSlim MayContinue { get; } = new(initialState: true);

    /// <summary>Set when the file may follow the line that announces it.</summary>
    public ManualResetEventSlim MaySendFile { get; } = new(initialState: true);

    /// <summary>Whether the file comes with a mark at its end rather than with a length.</summary>
    public bool SendsMark { get; init; }

    /// <summary>The most bytes of one write.</summary>
    public int Piece { get; init; } = int.MaxValue;

    /// <summary>The answer to PSYNC in place of the usual one, for each attempt in turn.</summary>
    public Queue<string> Answers { get; init; } = [];

    /// <summary>How many bytes of <see cref="Stream"/> a link may bring before it is cut, for each link in turn; without one, all.</summary>
    public Queue<int> Cuts { get; init; } = [];

    /// <summary>Requests of the replica so far.</summary>
    public List<string> Requests
    {
        get
        {
            lock (_requests) return [.. _requests];
        }
    }

    public int Count(string start) => Requests.Count(r => r.StartsWith(start, StringComparison.Ordinal));

    /// <summary>Waits until the replica has sent a request that begins so, and returns the last such.</summary>
    public string Await(string start, int times = 1)
    {
        while (Count(start) < times)
        {
            _heard.Reset();
            if (Count(start) >= times) break;
            Assert.True(_heard.Wait(s_patience), $"no {start}; there were: {string.Join(", ", Requests)}");
        }
        return Requests.Last(r => r.StartsWith(start, StringComparison.Ordinal));
    }

    /// <summary>Sends bytes on the connection that was made last.</summary>
    public void SendRaw(ReadOnlySpan<byte> bytes)
    {
        lock (_sockets) _sockets[^1].Send(bytes);
    }

    /// <summary>Ends the connections that stand.</summary>
    public void Cut()
    {
        lock (_sockets)
        {
            foreach (var socket in _sockets) socket.Dispose();
            _sockets.Clear();
        }
    }

    void Accept()
    {
        try
        {
            while (true)
            {
                var socket = _listener.AcceptSocket();
                lock (_sockets) _sockets.Add(socket);
                new Thread(() => Serve(socket)) { IsBackground = true }.Start();
            }
        }
        catch (Exception failure) when (failure is SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    void Serve(Socket socket)
    {
        try
        {
            using var network = new NetworkStream(socket, ownsSocket: true);
            using var reader = new StreamReader(network, Encoding.Latin1);
            while (ReadRequest(reader) is { } request)
            {
                lock (_requests) _requests.Add(request);
                _heard.Set();
                var words = request.Split(' ');
                if (CutsAt.TryPeek(out var cut) && request.StartsWith(cut, StringComparison.Ordinal))
                {
                    CutsAt.Dequeue();
                    return;
                }
                if (words[0] == "PSYNC") Synchronize(network, reader, words);
                else if (words[0] == "SYNC" && UsesDualChannel) SendFileAlone(network);
                else if (words[0] == "SYNC") SendFile(network);
                else if (words is not ["REPLCONF", "ACK", ..]) Send(network, words[0] == "PING" ? "+PONG\r\n"u8 : "+OK\r\n"u8);
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // The link was cut, by either side.
        }
    }

    static string? ReadRequest(StreamReader reader)
    {
        string? line;
        // An empty line is the sign of life of a replica that loads.
        while ((line = reader.ReadLine()) is "")
        {
        }
        if (line is null) return null;
        var words = new string[int.Parse(line.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture)];
        for (var i = 0; i < words.Length; i++)
        {
            reader.ReadLine();
            words[i] = reader.ReadLine() ?? "";
        }
        return string.Join(' ', words);
    }

    void Synchronize(NetworkStream network, StreamReader reader, string[] request)
    {
        if (Answers.TryDequeue(out var answer))
        {
            Send(network, Encoding.Latin1.GetBytes(answer));
            if (!answer.Contains("+CONTINUE", StringComparison.Ordinal)) return;
        }
        var next = long.Parse(request[2], System.Globalization.CultureInfo.InvariantCulture);
        if (answer is null && UsesDualChannel && request[1] == "?")
        {
            Send(network, "+DUALCHANNELSYNC\r\n"u8);
            return;
        }
        MayContinue.Wait(s_patience);
        var isKnown = request[1] == Id && next > Begin && next <= Begin + Stream.Length + 1;
        if (answer is null && isKnown) Send(network, "\n\n+CONTINUE\r\n"u8);
        else if (answer is null)
        {
            Send(network, Encoding.Latin1.GetBytes($"+FULLRESYNC {Id} {Begin}\r\n"));
            SendFile(network);
            // Behind a mark nothing may follow before the replica has told that it has found it.
            if (SendsMark && ReadRequest(reader) is null) return;
            next = Begin + 1;
        }
        var from = (int)(next - Begin - 1);
        if (!Cuts.TryDequeue(out var most))
        {
            Send(network, Stream.AsSpan(from));
            return;
        }
        Send(network, Stream.AsSpan(from, Math.Min(most, Stream.Length - from)));
        network.Dispose();
    }

    void SendFileAlone(NetworkStream network)
    {
        if (EndOffsets.TryDequeue(out var answer))
        {
            Send(network, Encoding.Latin1.GetBytes(answer));
            return;
        }
        Send(network, Encoding.Latin1.GetBytes($"\n$ENDOFF:{Begin} {Id} 0 17\r\n"));
        MaySendFile.Wait(s_patience);
        var mark = new string('m', 40);
        var all = Encoding.Latin1.GetBytes($"$EOF:{mark}\r\n{Encoding.Latin1.GetString(File)}{mark}");
        if (!FileCuts.TryDequeue(out var most))
        {
            Send(network, all);
            return;
        }
        Send(network, all.AsSpan(0, Math.Min(most, all.Length)));
        network.Dispose();
    }

    void SendFile(NetworkStream network)
    {
        var mark = new string('m', 40);
        Send(network, Encoding.Latin1.GetBytes(SendsMark ? $"\n$EOF:{mark}\r\n" : $"\n${File.Length}\r\n"));
        Send(network, File);
        if (SendsMark) Send(network, Encoding.Latin1.GetBytes(mark));
    }

    void Send(NetworkStream network, ReadOnlySpan<byte> bytes)
    {
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(Piece, bytes.Length)..]) network.Write(bytes[..Math.Min(Piece, bytes.Length)]);
    }

    public void Dispose()
    {
        _listener.Dispose();
        Cut();
    }
}
