using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MiniRedis.Compare;

/// <summary>
/// Whether memory is given back that traffic has taken. Each kind of load takes much at once, in a server of its own, and then leaves. The
/// table has the peak of the resident set beside that of used_memory, and when the resident set is back near where it was.
/// </summary>
static class Returned
{
    /// <summary>How far above its former value the resident set may stay, and how long that may take.</summary>
    const long Near = 10 << 20;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <param name="Name">What the table calls it.</param>
    /// <param name="Options">Directives of the server.</param>
    /// <param name="Run">Takes the memory. What it returns is disposed of when the server has come to rest: clients leave then.</param>
    sealed record Kind(string Name, string[] Options, Func<RunningServer, Clients> Run);

    public static void Measure(string mine, string redis, double scale)
    {
        Console.WriteLine("memory that traffic takes, in MB, and the seconds until the resident set is back within 10 MB");
        Console.WriteLine($"{"",-44}{"server",-14}{"used peak",11}{"RSS before",12}{"RSS peak",10}{"RSS after",11}{"back in s",11}{"gc heap",9}");
        foreach (var kind in Kinds(scale))
        {
            foreach (var (name, command) in (ReadOnlySpan<(string, string)>)[("MiniRedis", mine), ("redis-server", redis)])
            {
                using var server = new RunningServer(name, command, ["--maxclients", "20000", .. kind.Options]);
                Run(kind, server);
            }
        }
        Console.WriteLine();
    }

    static IEnumerable<Kind> Kinds(double scale)
    {
        int Scaled(double count) => (int)Math.Max(1, count * scale);
        string[] none = [];
        string[] noPubSubLimit = ["--client-output-buffer-limit", "pubsub 0 0 0"];
        yield return new("a million GETs of 1 KB, unread", none, server => Unread(server, 1, Scaled(1_000_000), 1000));
        yield return new("100 GETs of 10 MB, unread", none, server => Unread(server, 1, Scaled(100), 10_000_000));
        yield return new("150 clients, 15 MB unread each, bound 200 MB", ["--maxmemory-clients", "200mb"],
            server => Unread(server, Scaled(150), Scaled(15_000), 1000));
        yield return new("50 half requests of 10 MB", none, server => HalfRequests(server, Scaled(50), 10_000_000));
        yield return new("10,000 clients", none, server => Many(server, Scaled(10_000)));
        yield return new("100 subscribers that read nothing", noPubSubLimit, server => Subscribers(server, 100, Scaled(4000), 1000));
        yield return new("MULTI of a million SETs", none, server => Transaction(server, Scaled(1_000_000)));
        yield return new("20 MONITORs that read nothing", none, server => Monitors(server, 20, Scaled(200_000)));
        yield return new("AOF: 400 MB of one key's values", ["--appendonly", "yes"], server => Appended(server, Scaled(40_000), 10_000));
        yield return new("a value of 512 MB, stored and read", none, server => OneValue(server, Scaled(512_000_000)));
    }

    static void Run(Kind kind, RunningServer server)
    {
        using (var warm = new Clients(server))
        {
            var client = warm.Open();
            client.Send("SET", "warm", "up");
            client.Skip(1);
        }
        Rest(server);
        var before = server.ResidentBytes;
        var clients = kind.Run(server);
        Rest(server);
        clients.Dispose();
        var peak = server.PeakResidentBytes;
        var used = long.Parse(server.Info("used_memory_peak")!, CultureInfo.InvariantCulture);

        var waited = Stopwatch.StartNew();
        while (server.ResidentBytes > before + Near && waited.Elapsed < s_patience) Thread.Sleep(50);
        var after = server.ResidentBytes;
        var back = after <= before + Near ? waited.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture) : "never";
        var heap = server.Info("gc_heap_bytes") is { } bytes ? Mb(long.Parse(bytes, CultureInfo.InvariantCulture)) : "-";
        Console.WriteLine($"{kind.Name,-44}{server.Name,-14}{Mb(used),11}{Mb(before),12}{Mb(peak),10}{Mb(after),11}{back,11}{heap,9}");
    }

    static string Mb(long bytes) => (bytes / 1e6).ToString("F0", CultureInfo.InvariantCulture);

    /// <summary>Waits until the server uses no more processor time.</summary>
    static void Rest(RunningServer server)
    {
        for (var idle = 0; idle < 5;)
        {
            var cpu = server.Cpu;
            Thread.Sleep(100);
            idle = server.Cpu - cpu < TimeSpan.FromMilliseconds(3) ? idle + 1 : 0;
        }
    }

    static Clients Unread(RunningServer server, int count, int gets, int valueBytes)
    {
        var clients = new Clients(server);
        var writer = clients.Open();
        writer.Send("SET", "k", new string('v', valueBytes));
        writer.Skip(1);
        var request = Encoding.ASCII.GetBytes("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
        var many = new byte[request.Length * Math.Min(gets, 1000)];
        for (var at = 0; at < many.Length; at += request.Length) request.CopyTo(many, at);
        var open = Enumerable.Range(0, count).Select(_ => clients.Open()).ToList();
        for (var sent = 0; sent < gets; sent += many.Length / request.Length)
        {
            foreach (var client in open) client.TrySend(many);
        }
        return clients;
    }

    static Clients HalfRequests(RunningServer server, int count, int bytes)
    {
        var clients = new Clients(server);
        for (var i = 0; i < count; i++)
        {
            var client = clients.Open();
            client.TrySend(Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${bytes}\r\n"));
            client.TrySend(new byte[bytes - 1]);
        }
        return clients;
    }

    static Clients Many(RunningServer server, int count)
    {
        var clients = new Clients(server);
        for (var i = 0; i < count; i++)
        {
            var client = clients.Open();
            client.Send("PING");
            client.Skip(1);
        }
        return clients;
    }

    static Clients Subscribers(RunningServer server, int count, int messages, int bytes)
    {
        var clients = new Clients(server);
        for (var i = 0; i < count; i++) clients.Open().Send("SUBSCRIBE", "news");
        Rest(server);
        var publisher = clients.Open();
        var text = new string('m', bytes);
        for (var i = 0; i < messages; i++)
        {
            publisher.Send("PUBLISH", "news", text);
            publisher.Skip(1);
        }
        return clients;
    }

    static Clients Transaction(RunningServer server, int commands)
    {
        var clients = new Clients(server);
        var client = clients.Open();
        client.Send("MULTI");
        var set = Encoding.ASCII.GetBytes("*3\r\n$3\r\nSET\r\n$4\r\nkey1\r\n$6\r\nvalue1\r\n");
        for (var i = 0; i < commands; i++)
        {
            client.Write(set);
            if (i % 1000 == 999) client.Skip(1000);
        }
        client.Send("EXEC");
        client.Skip(commands % 1000 + 2 + commands);
        return clients;
    }

    static Clients Monitors(RunningServer server, int count, int commands)
    {
        var clients = new Clients(server);
        for (var i = 0; i < count; i++) clients.Open().Send("MONITOR");
        Rest(server);
        var client = clients.Open();
        for (var i = 0; i < commands; i++)
        {
            client.Write("*2\r\n$3\r\nGET\r\n$13\r\nthe:key:name1\r\n"u8);
            if (i % 100 == 99) client.Skip(100);
        }
        client.Skip(commands % 100);
        return clients;
    }

    static Clients Appended(RunningServer server, int sets, int bytes)
    {
        var clients = new Clients(server);
        var client = clients.Open();
        var value = new string('v', bytes);
        for (var i = 0; i < sets; i++)
        {
            client.Write("SET", "k", value);
            if (i % 100 == 99) client.Skip(100);
        }
        client.Skip(sets % 100);
        return clients;
    }

    static Clients OneValue(RunningServer server, int bytes)
    {
        var clients = new Clients(server);
        var client = clients.Open();
        client.TrySend(Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${bytes}\r\n"));
        client.TrySend(new byte[bytes]);
        client.TrySend("\r\n"u8.ToArray());
        client.Skip(1);
        client.Send("GET", "k");
        client.Receive(bytes + $"${bytes}\r\n\r\n".Length);
        client.Send("DEL", "k");
        client.Skip(1);
        return clients;
    }

    /// <summary>Clients that leave together.</summary>
    sealed class Clients(RunningServer server) : IDisposable
    {
        readonly List<Client> _open = [];

        public Client Open()
        {
            var client = new Client(server.Port);
            _open.Add(client);
            return client;
        }

        public void Dispose()
        {
            foreach (var client in _open) client.Dispose();
        }
    }

    /// <summary>A client that reads only what it is told to.</summary>
    sealed class Client : IDisposable
    {
        readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = 10_000, ReceiveTimeout = 60_000, ReceiveBufferSize = 64 * 1024 };
        readonly byte[] _waiting = new byte[64 * 1024];
        int _length;

        // Replies that were read and not yet skipped; negative while some are awaited.
        long _ahead;

        public Client(int port) => _socket.Connect(IPAddress.Loopback, port);

        public void Send(params string[] words)
        {
            Write(words);
            Flush();
        }

        public void Write(params string[] words)
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
            foreach (var word in words) text.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
            Write(Encoding.ASCII.GetBytes(text.ToString()));
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (_length + bytes.Length > _waiting.Length) Flush();
            if (bytes.Length > _waiting.Length)
            {
                TrySend(bytes);
                return;
            }
            bytes.CopyTo(_waiting.AsSpan(_length));
            _length += bytes.Length;
        }

        void Flush()
        {
            TrySend(_waiting.AsSpan(0, _length));
            _length = 0;
        }

        /// <summary>Sends what the server takes before it closes the connection.</summary>
        public void TrySend(ReadOnlySpan<byte> bytes)
        {
            try
            {
                while (bytes.Length > 0) bytes = bytes[_socket.Send(bytes)..];
            }
            catch (SocketException)
            {
                // Evicted.
            }
        }

        /// <summary>Reads so many replies of one line, or values of one line behind a line with their length.</summary>
        public void Skip(int replies)
        {
            Flush();
            var buffer = new byte[64 * 1024];
            for (_ahead -= replies; _ahead < 0;)
            {
                var got = _socket.Receive(buffer);
                if (got == 0) throw new InvalidOperationException("the server closed the connection");
                _ahead += buffer.AsSpan(0, got).Count((byte)'+') + buffer.AsSpan(0, got).Count((byte)':')
                    + buffer.AsSpan(0, got).Count((byte)'*') + buffer.AsSpan(0, got).Count((byte)'$');
            }
        }

        public void Receive(long bytes)
        {
            var buffer = new byte[1 << 20];
            for (int got; bytes > 0; bytes -= got)
            {
                got = _socket.Receive(buffer);
                if (got == 0) throw new InvalidOperationException("the server closed the connection");
            }
        }

        public void Dispose() => _socket.Dispose();
    }
}
