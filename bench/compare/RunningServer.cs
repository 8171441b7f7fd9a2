using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace MiniRedis.Compare;

/// <summary>A server started for the measurement, on a port the system chose. Ended with the object.</summary>
sealed class RunningServer : IDisposable
{
    readonly Process _process;
    readonly DirectoryInfo _directory = System.IO.Directory.CreateDirectory(Path.Combine(OnDisk(), $"miniredis-compare-{Guid.NewGuid():N}"));

    /// <param name="name">What the tables call it.</param>
    /// <param name="command">Starts it.</param>
    /// <param name="options">Directives, as on the command line.</param>
    public RunningServer(string name, string command, params string[] options)
    {
        Name = name;
        Port = FreePort();
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var started = Stopwatch.StartNew();
        _process = Process.Start(new ProcessStartInfo(words[0],
            [.. words[1..], "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "",
                "--daemonize", "no", "--dir", _directory.FullName, .. options])
        {
            RedirectStandardOutput = true,
        })!;
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (!line.Contains("Ready to accept connections", StringComparison.Ordinal)) continue;
            StartTime = started.Elapsed;
            // Whatever it goes on to say must not fill the pipe.
            _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            return;
        }
        throw new InvalidOperationException($"{name} did not start: {command}");
    }

    public string Name { get; }

    /// <summary>Where its files are, unless the options say otherwise.</summary>
    public string Directory => _directory.FullName;

    public int Port { get; }

    /// <summary>From starting the process to its "Ready to accept connections".</summary>
    public TimeSpan StartTime { get; }

    /// <summary>CPU time of all its threads, user and system.</summary>
    public TimeSpan Cpu
    {
        get
        {
            // To the nanosecond on Linux; what is told of a process otherwise counts hundredths of a second.
            if (OperatingSystem.IsLinux() && ClockGetTime((~_process.Id << 3) | SchedulerClock, out var time) == 0)
                return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromTicks(time.Nanoseconds / TimeSpan.NanosecondsPerTick);
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Resident set in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>The largest resident set so far, as the kernel has noted it.</summary>
    public long PeakResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>Resident bytes that are this process's own (Linux's RssAnon); program files mapped by the runtime are not among them.</summary>
    public long? AnonymousBytes
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return null;
            var line = File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
    }

    /// <summary>Where the servers have their directories: that of temporary files, or, if that is in memory, the current one.</summary>
    public static string OnDisk() =>
        new DriveInfo(Path.GetTempPath()).DriveFormat is "tmpfs" or "ramfs" ? Environment.CurrentDirectory : Path.GetTempPath();

    public Connection Connect() => new(Port);

    /// <summary>A field of INFO, or null.</summary>
    public string? Info(string field, string section = "everything")
    {
        using var connection = Connect();
        var text = connection.Call("INFO", section);
        var line = text.Split("\r\n").FirstOrDefault(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        return line?[(field.Length + 1)..];
    }

    /// <summary>
    /// Milliseconds of the longest turn of its loop since CONFIG RESETSTAT: nothing else was executed meanwhile. Null if it does not tell, as
    /// redis-server 7.0.
    /// </summary>
    public double? LongestTurn => Milliseconds("eventloop_duration_max", "debug");

    /// <summary>Milliseconds for which nothing was executed since CONFIG RESETSTAT; where a server does not tell, those of its latest fork.</summary>
    public double LongestPause => LongestTurn ?? Milliseconds("latest_fork_usec") ?? throw new InvalidOperationException($"{Name}: no latest_fork_usec");

    double? Milliseconds(string field, string section = "everything") =>
        Info(field, section) is { } microseconds ? double.Parse(microseconds, CultureInfo.InvariantCulture) / 1000 : null;

    public long UsedMemory => long.Parse(Info("used_memory") ?? throw new InvalidOperationException($"{Name}: no used_memory"), CultureInfo.InvariantCulture);

    /// <summary>The kind of a process's CPU clock, in the lowest bits of its number (Linux's CPUCLOCK_SCHED).</summary>
    const int SchedulerClock = 2;

    struct TimeSpec
    {
        public nint Seconds, Nanoseconds;
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    static extern int ClockGetTime(int clock, out TimeSpec time);

    /// <summary>Ends it by SHUTDOWN and waits until the process is gone.</summary>
    public void Shutdown()
    {
        using (var connection = Connect())
        {
            connection.Write("SHUTDOWN", "NOSAVE");
            connection.Flush();
        }
        _process.WaitForExit();
    }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }
}

/// <summary>A plain client: one command at a time, or many written ahead.</summary>
sealed class Connection : IDisposable
{
    readonly TcpClient _client = new();
    readonly BufferedStream _stream;

    public Connection(int port)
    {
        _client.Connect(IPAddress.Loopback, port);
        _client.NoDelay = true;
        _stream = new BufferedStream(_client.GetStream(), 1 << 16);
    }

    public string Call(params string[] words)
    {
        Write(words);
        return Finish();
    }

    /// <summary>Sends what was written and reads one reply.</summary>
    public string Finish()
    {
        _stream.Flush();
        return Read();
    }

    public void Write(params string[] words)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
        foreach (var word in words) text.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        _stream.Write(Encoding.ASCII.GetBytes(text.ToString()));
    }

    public void Flush() => _stream.Flush();

    /// <summary>Reads a reply that is no aggregate.</summary>
    public string Read() => ReadRest(ReadLine());

    string ReadRest(string line)
    {
        if (line[0] != '$' || line == "$-1") return line;
        var bytes = new byte[int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture) + 2];
        _stream.ReadExactly(bytes);
        return Encoding.ASCII.GetString(bytes, 0, bytes.Length - 2);
    }

    /// <summary>Sends what was written and reads one reply with all that it holds: arrays as object[], the rest as text.</summary>
    public object FinishTree()
    {
        _stream.Flush();
        return ReadTree();
    }

    /// <summary>Reads a reply with all that it holds: arrays as object[], the rest as text.</summary>
    public object ReadTree()
    {
        var line = ReadLine();
        if (line is not ['*', .. var count]) return ReadRest(line).TrimStart(':');
        var items = new object[int.Parse(count, CultureInfo.InvariantCulture)];
        for (var i = 0; i < items.Length; i++) items[i] = ReadTree();
        return items;
    }

    string ReadLine()
    {
        var line = new StringBuilder();
        int next;
        while ((next = _stream.ReadByte()) != '\n')
        {
            if (next < 0) throw new EndOfStreamException();
            if (next != '\r') line.Append((char)next);
        }
        return line.ToString();
    }

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }
}
