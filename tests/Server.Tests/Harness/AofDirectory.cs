using System.Text;
using Microsoft.Extensions.Logging;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Hosting;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Tests;

/// <summary>A directory with an append-only file, in which one server after the other runs.</summary>
sealed class AofDirectory : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-aof-");

    public FailingFiles Files { get; } = new();

    public List<int> Exits { get; } = [];

    public LogLines Log { get; } = new();

    /// <summary>Starts a server and waits until it has loaded.</summary>
    public TestServer Start(string configuration = "", bool portableTransport = false, bool realTime = false)
    {
        var server = Begin(configuration, portableTransport: portableTransport, realTime: realTime);
        server.TickUntil(() => !server.Server.Dataset.IsLoading);
        return server;
    }

    /// <summary>Starts a server, which goes on to load.</summary>
    public TestServer Begin(string configuration, MemoryTrial? memory = null, bool portableTransport = false, bool realTime = false) => new(
        $"dir {_directory.FullName}\nappendonly yes\nenable-debug-command yes\n{configuration}",
        portableTransport, realTime, files: Files, log: Log, exits: Exits.Add, memory: memory);

    /// <summary>Starts a server that refuses to serve, and tells why.</summary>
    public string Refusal(string configuration = "")
    {
        Exits.Clear();
        Log.Clear();
        try
        {
            using var server = Start(configuration);
            Assert.Equal([1], Exits);
            Exits.Clear();
        }
        catch (StartFailedException)
        {
            // Before it has begun to load.
        }
        return Log.Text;
    }

    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    public string AofPath(string name) => Path.Combine(_directory.FullName, "appendonlydir", name);

    public string Manifest => File.ReadAllText(AofPath("appendonly.aof.manifest"));

    public string[] Names =>
    [
        .. Directory.GetFiles(AofPath("")).Select(path => Path.GetFileName(path))
            // The lock is there while a server runs.
            .Where(name => !name.EndsWith(".lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
    ];

    /// <summary>The bytes of an incremental file, each CRLF as one blank.</summary>
    public string Incremental(int number = 1) =>
        Encoding.Latin1.GetString(ReadShared(AofPath($"appendonly.aof.{number}.incr.aof"))).Replace("\r\n", " ", StringComparison.Ordinal);

    /// <summary>Makes a multi-part AOF: files of these names and contents, the base first.</summary>
    public void Make(string manifest, params (string Name, string Content)[] files)
    {
        Directory.CreateDirectory(AofPath(""));
        foreach (var (name, content) in files) File.WriteAllBytes(AofPath(name), Encoding.Latin1.GetBytes(content));
        File.WriteAllText(AofPath("appendonly.aof.manifest"), manifest);
    }

    /// <summary>Copies the files of the AOF as they are: what a process would leave that is killed now.</summary>
    public void CopyTo(AofDirectory other)
    {
        Directory.CreateDirectory(other.AofPath(""));
        foreach (var name in Names) File.Copy(AofPath(name), other.AofPath(name));
    }

    /// <summary>Rewrites the AOF, and waits until it has its new base.</summary>
    public static void Rewrite(TestServer server, RawClient client)
    {
        Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
        server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
        Assert.True(server.Server.AofRewriting.LastWentWell);
    }

    /// <summary>Commands as they stand in a file.</summary>
    public static string Commands(params string[] lines) =>
        string.Concat(lines.Select(line => RawClient.Encode(ConfigLine.Split(line)!)));

    static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}

/// <summary>Keeps the lines of a log.</summary>
sealed class LogLines : ILogger
{
    readonly List<string> _lines = [];

    public string Text
    {
        get
        {
            lock (_lines) return string.Join('\n', _lines);
        }
    }

    public void Clear()
    {
        lock (_lines) _lines.Clear();
    }

    public void Add(string line)
    {
        lock (_lines) _lines.Add(line);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines) _lines.Add(formatter(state, exception));
    }
}
