using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace MiniRedis.Server.Tests;

/// <summary>A fact that needs Debian's redis-server as oracle; skipped, and said so, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RedisServerFactAttribute : FactAttribute
{
    public RedisServerFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line)
    {
        if (!RedisServerProcess.IsInstalled) Skip = "redis-server is not on the PATH, so there is nothing to compare with (apt install redis-server)";
    }
}

/// <inheritdoc cref="RedisServerFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RedisServerTheoryAttribute : TheoryAttribute
{
    public RedisServerTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line) =>
        Skip = new RedisServerFactAttribute().Skip;
}

/// <summary>A real redis-server on a unix socket in a directory of its own, and a connection to it.</summary>
internal sealed class RedisServerProcess : IDisposable
{
    readonly Process _process;
    readonly Socket _socket;
    readonly BufferedStream _stream;

    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(d => File.Exists(Path.Combine(d, "redis-server")));

    public DirectoryInfo Dir { get; } = Directory.CreateTempSubdirectory("redis-oracle-");

    /// <param name="configFile">Content of redis.conf; without it the server has no file.</param>
    public RedisServerProcess(string? configFile = null, params string[] options)
    {
        var args = new List<string>();
        if (configFile is not null)
        {
            args.Add(ConfigPath);
            File.WriteAllText(ConfigPath, configFile);
        }
        _process = Start([.. args, "--port", "0", "--unixsocket", SocketPath, "--dir", Dir.FullName, .. options]);
        // A server whose log nobody reads stops when the pipe is full.
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var deadline = Stopwatch.StartNew();
        while (!TryConnect())
        {
            if (deadline.Elapsed > TimeSpan.FromSeconds(10)) throw new TimeoutException("redis-server did not start");
            Thread.Yield();
        }
        // Rather a failure than a test that never ends: no command that tests send takes so long.
        _socket.ReceiveTimeout = 30_000;
        _stream = new BufferedStream(new NetworkStream(_socket));
    }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint => new UnixDomainSocketEndPoint(SocketPath);

    string SocketPath => Path.Combine(Dir.FullName, "redis.sock");

    public string ConfigPath => Path.Combine(Dir.FullName, "redis.conf");

    /// <summary>What redis-server prints to standard error when it refuses these arguments.</summary>
    public static string Refusal(params string[] args)
    {
        using var process = Start(args);
        if (process.WaitForExit(TimeSpan.FromSeconds(10))) return process.StandardError.ReadToEnd();
        process.Kill();
        throw new TimeoutException("redis-server accepted " + string.Join(' ', args));
    }

    static Process Start(IEnumerable<string> args) =>
        Process.Start(new ProcessStartInfo("redis-server", args) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    bool TryConnect()
    {
        try
        {
            _socket.Connect(EndPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Sends a command; answers its elements, or the one line of a status or error. A null is "nil".</summary>
    public string[] Send(params string[] words)
    {
        var request = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words) request.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        _stream.Write(Encoding.Latin1.GetBytes(request.ToString()));
        _stream.Flush();
        var head = ReadLine();
        return head[0] switch
        {
            '*' => [.. Enumerable.Range(0, int.Parse(head[1..], CultureInfo.InvariantCulture)).Select(_ => ReadBulk(ReadLine()))],
            '$' => [ReadBulk(head)],
            _ => [head[1..]],
        };
    }

    string ReadBulk(string head)
    {
        if (head == "$-1") return "nil";
        var bytes = new byte[int.Parse(head[1..], CultureInfo.InvariantCulture)];
        _stream.ReadExactly(bytes);
        ReadLine();
        return Encoding.Latin1.GetString(bytes);
    }

    string ReadLine()
    {
        var line = new StringBuilder();
        for (int b; (b = _stream.ReadByte()) != '\n';)
        {
            if (b < 0) throw new EndOfStreamException();
            line.Append((char)b);
        }
        return line.ToString(0, line.Length - 1);
    }

    /// <summary>Ends it at once, as a crash would.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
        Kill();
        _process.Dispose();
        Dir.Delete(recursive: true);
    }
}
