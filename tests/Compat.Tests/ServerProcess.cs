using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests;

/// <summary>The server as users start it: a process of its own on a free port, in an empty directory of its own.</summary>
sealed class ServerProcess : IDisposable
{
    readonly Process _process;
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-compat-");

    /// <param name="directives">As on the command line: "--io-threads", "2".</param>
    public ServerProcess(params string[] directives)
        : this(heapBytes: null, directives)
    {
    }

    /// <param name="heapBytes">Most bytes of the collected heap. A server that needs more dies of it.</param>
    /// <param name="directives">As on the command line.</param>
    public ServerProcess(long? heapBytes, string[] directives)
    {
        Port = FreePort();
        // The server is built next to the tests, as the project reference copies it.
        var server = Path.Combine(AppContext.BaseDirectory, "miniredis.dll");
        var start = new ProcessStartInfo("dotnet",
            [server, "--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--dir", _directory.FullName, .. directives])
        {
            RedirectStandardOutput = true,
        };
        if (heapBytes is { } most) start.Environment["DOTNET_GCHeapHardLimit"] = $"0x{most:x}";
        _process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        var printed = new List<string>();
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            printed.Add(line);
            if (!line.Contains("Ready to accept connections", StringComparison.Ordinal)) continue;
            _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            return;
        }
        throw new InvalidOperationException($"The server did not start:\n{string.Join('\n', printed)}");
    }

    public int Port { get; }

    public int ProcessId => _process.Id;

    public RawClient Connect() => new(Port);

    /// <summary>Bytes of memory that it holds, now and at most so far (VmRSS and VmHWM of /proc). Linux only.</summary>
    public (long Resident, long Peak) Memory()
    {
        long Field(string name) => long.Parse(
            File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith(name, StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            System.Globalization.CultureInfo.InvariantCulture) * 1024;
        return (Field("VmRSS:"), Field("VmHWM:"));
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
