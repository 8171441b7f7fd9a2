using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MiniRedis.Compare;

/// <summary>
/// What publishing costs: the server's CPU for a message to many subscribers, the time until one subscriber has a message, and what
/// key events cost a SET while nobody listens.
/// </summary>
static class PubSub
{
    const int Subscribers = 1000, PublishesASecond = 10_000;

    /// <summary>So many publishers take turns, as applications do; pipelined, each sends sixteen at a time.</summary>
    const int Publishers = 10;

    const string Channel = "news";

    /// <summary>Messages of the paced run before those that count, while the JIT compiles for good.</summary>
    const int WarmUp = 20_000;

    static readonly string s_message = new('x', 64);

    public static void Run(string mine, string redis, int rounds, double scale)
    {
        using var ours = new RunningServer("MiniRedis", mine);
        using var theirs = new RunningServer("redis-server", redis);
        Console.WriteLine($"publish/subscribe, {s_message.Length}-byte messages; median of {rounds} rounds in turn; ratio = MiniRedis / redis-server");
        Console.WriteLine($"{"",-44}{"MiniRedis",12}{"redis-server",14}{"ratio",8}");
        FanOut(ours, theirs, rounds, scale);
        Deliver(ours, theirs, rounds, scale);
        Notify(ours, theirs, rounds, scale);
        Console.WriteLine();
    }

    static void Print(string name, double a, double b) => Console.WriteLine($"{name,-44}{a,12:F3}{b,14:F3}{a / b,8:F2}");

    static double Median(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    static void FanOut(RunningServer ours, RunningServer theirs, int rounds, double scale)
    {
        foreach (var pipeline in new[] { 1, 16 })
        {
            var publishes = Math.Max(Publishers * pipeline, (int)((pipeline == 1 ? 2000 : 8000) * scale));
            var figures = (Ours: new List<double>(), Theirs: new List<double>());
            for (var round = -1; round < rounds; round++)
            {
                var (a, b) = (Spread(ours, pipeline, publishes), Spread(theirs, pipeline, publishes));
                // The first round is the JIT's.
                if (round < 0) continue;
                figures.Ours.Add(a);
                figures.Theirs.Add(b);
            }
            Print($"CPU us a PUBLISH to {Subscribers} subscribers, P={pipeline}", Median(figures.Ours), Median(figures.Theirs));
        }
    }

    /// <summary>The server's CPU a message, in microseconds, until the last subscriber has the last one.</summary>
    static double Spread(RunningServer server, int pipeline, int publishes)
    {
        using var readers = new Readers(server, Subscribers);
        var before = server.Cpu;
        Load.Run(server, $"PUBLISH {Channel} {s_message}", pipeline, publishes, Publishers, keys: 1, valueBytes: 1);
        readers.WaitFor(publishes);
        return (server.Cpu - before).TotalMicroseconds / publishes;
    }

    static void Deliver(RunningServer ours, RunningServer theirs, int rounds, double scale)
    {
        var messages = (int)(PublishesASecond * 5 * scale) + 1000;
        var figures = (Ours: new List<double[]>(), Theirs: new List<double[]>());
        foreach (var server in new[] { ours, theirs }) Latencies(server, (int)(WarmUp * Math.Min(1, scale * 10)));
        for (var round = 0; round < rounds; round++)
        {
            figures.Ours.Add(Latencies(ours, messages));
            figures.Theirs.Add(Latencies(theirs, messages));
        }
        foreach (var share in new[] { 0.5, 0.99 })
        {
            double Percentile(List<double[]> all) => Median(all.Select(latencies => latencies.Order().ElementAt((int)(latencies.Length * share))));
            Print($"p{share * 100} ms to deliver, {PublishesASecond} messages/s", Percentile(figures.Ours), Percentile(figures.Theirs));
        }
    }

    /// <summary>Publishes at a steady pace, each message with its time, and notes when the one subscriber has it.</summary>
    static double[] Latencies(RunningServer server, int messages)
    {
        using var publisher = Open(server);
        using var subscriber = Open(server);
        Subscribe(subscriber);
        var latencies = new double[messages];
        var reader = new Thread(() =>
        {
            // "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$16\r\n", then the time in sixteen digits.
            var head = $"*3\r\n$7\r\nmessage\r\n${Channel.Length}\r\n{Channel}\r\n$16\r\n".Length;
            var whole = head + 16 + 2;
            var buffer = new byte[whole * 1024];
            var (got, done) = (0, 0);
            while (done < messages)
            {
                got += subscriber.Receive(buffer.AsSpan(got));
                var now = Stopwatch.GetTimestamp();
                var at = 0;
                for (; got - at >= whole; at += whole)
                {
                    var sent = long.Parse(buffer.AsSpan(at + head, 16), CultureInfo.InvariantCulture);
                    latencies[done++] = Stopwatch.GetElapsedTime(sent, now).TotalMilliseconds;
                }
                buffer.AsSpan(at, got - at).CopyTo(buffer);
                got -= at;
            }
        });
        reader.Start();
        var replies = new Thread(() => Drain(publisher, messages * ":1\r\n".Length));
        replies.Start();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < messages; i++)
        {
            while (Stopwatch.GetElapsedTime(started).TotalSeconds * PublishesASecond < i) Thread.SpinWait(20);
            publisher.Send(Encoding.ASCII.GetBytes($"*3\r\n$7\r\nPUBLISH\r\n${Channel.Length}\r\n{Channel}\r\n$16\r\n{Stopwatch.GetTimestamp():D16}\r\n"));
        }
        replies.Join();
        reader.Join();
        return latencies;
    }

    static void Notify(RunningServer ours, RunningServer theirs, int rounds, double scale)
    {
        var requests = (int)(1_500_000 * scale) + 1000;
        foreach (var server in new[] { ours, theirs })
        {
            var figures = (Off: new List<double>(), On: new List<double>());
            using var connection = server.Connect();
            for (var round = -1; round < rounds; round++)
            {
                foreach (var (setting, list) in new[] { ("", figures.Off), ("KEA", figures.On) })
                {
                    connection.Call("CONFIG", "SET", "notify-keyspace-events", setting);
                    var cpu = Load.Run(server, "-t set", pipeline: 16, requests, clients: 50, keys: 100_000, valueBytes: 64).CpuMicroseconds;
                    if (round >= 0) list.Add(cpu);
                }
            }
            var (off, on) = (Median(figures.Off), Median(figures.On));
            Console.WriteLine($"{$"{server.Name}: CPU us a SET with KEA, without; ratio",-44}{on,12:F3}{off,14:F3}{on / off,8:F2}");
        }
    }

    static Socket Open(RunningServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, server.Port);
        return socket;
    }

    static void Subscribe(Socket socket)
    {
        socket.Send(Encoding.ASCII.GetBytes($"SUBSCRIBE {Channel}\r\n"));
        Drain(socket, $"*3\r\n$9\r\nsubscribe\r\n${Channel.Length}\r\n{Channel}\r\n:1\r\n".Length);
    }

    static void Drain(Socket socket, long bytes)
    {
        var buffer = new byte[16 * 1024];
        while (bytes > 0) bytes -= socket.Receive(buffer.AsSpan(0, (int)Math.Min(bytes, buffer.Length)));
    }

    /// <summary>Subscribers that read whatever comes, on one thread.</summary>
    sealed class Readers : IDisposable
    {
        static readonly int s_messageBytes =
            $"*3\r\n$7\r\nmessage\r\n${Channel.Length}\r\n{Channel}\r\n${s_message.Length}\r\n{s_message}\r\n".Length;

        readonly List<Socket> _sockets = [];
        readonly byte[] _buffer = new byte[64 * 1024];
        readonly Thread _thread;
        long _read;
        volatile bool _ends;

        public Readers(RunningServer server, int count)
        {
            for (var i = 0; i < count; i++)
            {
                _sockets.Add(Open(server));
                Subscribe(_sockets[i]);
                _sockets[i].Blocking = false;
            }
            _thread = new Thread(ReadAll);
            _thread.Start();
        }

        public void WaitFor(int messages)
        {
            while (Volatile.Read(ref _read) < (long)messages * _sockets.Count * s_messageBytes) Thread.Yield();
        }

        void ReadAll()
        {
            while (!_ends)
            {
                foreach (var socket in _sockets)
                {
                    if (socket.Available == 0) continue;
                    Volatile.Write(ref _read, _read + socket.Receive(_buffer, SocketFlags.None));
                }
            }
        }

        public void Dispose()
        {
            _ends = true;
            _thread.Join();
            foreach (var socket in _sockets) socket.Dispose();
        }
    }
}
