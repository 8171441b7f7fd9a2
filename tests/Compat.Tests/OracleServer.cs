using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests;

/// <summary>A real redis-server, empty, on a port of its own. Its answers are right, unless a newer version changed them on purpose.</summary>
sealed class OracleServer : IDisposable
{
    readonly Process _process;

    public OracleServer()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }
        _process = Process.Start(new ProcessStartInfo("redis-server",
            ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--enable-debug-command", "yes"])
        {
            RedirectStandardOutput = true,
        })!;
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (!line.Contains("Ready to accept connections", StringComparison.Ordinal)) continue;
            _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            return;
        }
        throw new InvalidOperationException("redis-server did not start");
    }

    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    public int Port { get; }

    public RawClient Connect() => new(Port);

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}

/// <summary>A test that compares with a real redis-server, skipped where none is installed.</summary>
sealed class OracleFactAttribute : FactAttribute
{
    public OracleFactAttribute()
    {
        if (!OracleServer.IsInstalled) Skip = "redis-server is not installed (Debian: apt install redis-server)";
    }
}

/// <inheritdoc cref="OracleFactAttribute"/>
sealed class OracleTheoryAttribute : TheoryAttribute
{
    public OracleTheoryAttribute()
    {
        if (!OracleServer.IsInstalled) Skip = "redis-server is not installed (Debian: apt install redis-server)";
    }
}
