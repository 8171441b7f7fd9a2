using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace MiniRedis.Scripting.Tests.Fuzzing;

/// <summary>A fact that needs redis-server as oracle; skipped, and said so, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OracleTheoryAttribute : TheoryAttribute
{
    public OracleTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line)
    {
        if (!RedisOracle.IsInstalled) Skip = "redis-server is not on the PATH, so there is nothing to compare with (apt install redis-server)";
    }
}

/// <summary>A redis-server that runs scripts.</summary>
sealed class RedisOracle : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lua-oracle-");
    readonly Process _process;
    readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    readonly BufferedStream _stream;

    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(d => File.Exists(Path.Combine(d, "redis-server")));

    public RedisOracle()
    {
        var path = Path.Combine(_folder.FullName, "redis.sock");
        string[] args = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", _folder.FullName];
        _process = Process.Start(new ProcessStartInfo("redis-server", args) { RedirectStandardOutput = true })!;
        var patience = Stopwatch.StartNew();
        while (!TryConnect(path))
        {
            if (patience.Elapsed > TimeSpan.FromSeconds(10)) throw new TimeoutException("redis-server did not start");
            Thread.Yield();
        }
        _socket.ReceiveTimeout = 5000;
        _stream = new BufferedStream(new NetworkStream(_socket));
    }

    bool TryConnect(string path)
    {
        try
        {
            _socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>What EVAL answers to a script that returns a string, or "ERR " and Lua's own text.</summary>
    public string Eval(string script)
    {
        string[] words = ["EVAL", script, "0"];
        var request = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words) request.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        _stream.Write(Encoding.Latin1.GetBytes(request.ToString()));
        _stream.Flush();
        var head = ReadLine();
        if (head == "$-1") return "nil";
        if (head[0] != '$') return head[1..];
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

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
