using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>
/// A server process that is killed and started again on the same directory. It listens on a unix socket there: a port might be taken by
/// somebody else between two lives.
/// </summary>
sealed class MortalServer : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-crash-");
    readonly string[] _directives;
    Process? _process;
    Task<string>? _log;

    /// <param name="directives">As on the command line: "--appendonly", "yes".</param>
    public MortalServer(params string[] directives) => _directives = directives;

    /// <summary>The native executable; null for the build of these tests.</summary>
    public string? Executable { get; init; }

    /// <summary>Whether it is started with SIGINT ignored, as a job in the background of a script is.</summary>
    public bool InBackground { get; init; }

    string SocketPath => Path.Combine(_directory.FullName, "redis.sock");

    /// <summary>Starts it, and waits until everything is loaded.</summary>
    /// <exception cref="InvalidOperationException">It refuses to start; the message is what it printed, and what files there are.</exception>
    public void Start()
    {
        var server = Path.Combine(AppContext.BaseDirectory, "miniredis.dll");
        string[] program = Executable is null ? ["dotnet", server] : [Executable];
        string[] command =
            [.. program, "--port", "0", "--unixsocket", SocketPath, "--save", "", "--dir", _directory.FullName, .. _directives];
        string[] background = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"];
        string[] words = InBackground ? [.. background, .. command] : command;
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start");
        var errors = _process.StandardError.ReadToEndAsync();
        var printed = new List<string>();
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            printed.Add(line);
            // Of a port it says "Ready to accept connections tcp", of a socket "The server is now ready to accept connections at".
            if (!line.Contains("eady to accept connections", StringComparison.Ordinal)) continue;
            _log = _process.StandardOutput.ReadToEndAsync();
            return;
        }
        _process.WaitForExit();
        var files = _directory.EnumerateFiles("*", SearchOption.AllDirectories).Select(f => $"{f.Length,10} {f.FullName}");
        throw new InvalidOperationException(
            $"The server did not start, and ended with {_process.ExitCode}:\n{string.Join('\n', printed)}\n{errors.Result}\n{string.Join('\n', files)}");
    }

    public RawClient Connect() => new(new UnixDomainSocketEndPoint(SocketPath));

    /// <summary>Whether it has not ended by itself.</summary>
    public bool IsAlive => _process is { HasExited: false };

    /// <summary>Where its files are.</summary>
    public string Folder => _directory.FullName;

    /// <summary>Sends it SIGINT, as Ctrl+C does.</summary>
    public void Interrupt() => Signal("INT");

    /// <summary>Sends it a signal.</summary>
    /// <param name="name">As kill(1) takes it: "TERM".</param>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process!.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>What it has printed since it was ready, once it has ended.</summary>
    public string Log => _log!.GetAwaiter().GetResult();

    /// <summary>A line of /proc/PID/status, in bytes: "VmRSS", "VmSize". Linux only.</summary>
    public long MemoryOf(string line)
    {
        var found = File.ReadLines($"/proc/{_process!.Id}/status").Single(l => l.StartsWith(line + ":", StringComparison.Ordinal));
        return long.Parse(found.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) << 10;
    }

    /// <summary>
    /// Waits until the code of all commands has been compiled, which is done by a thread beside the server's work, and which opens files.
    /// Linux only.
    /// </summary>
    public void AwaitRehearsal() => Await.Until(() => !Directory.GetDirectories($"/proc/{_process!.Id}/task").Any(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")) == "rehearsal\n";
        }
        catch (IOException)
        {
            // It has ended.
            return false;
        }
    }));

    /// <summary>Descriptors that it has, on Linux.</summary>
    public int DescriptorsInUse => Directory.GetFileSystemEntries($"/proc/{_process!.Id}/fd").Length;

    /// <summary>Sets the number of descriptors that it may have, while it runs. False if there is no prlimit(1).</summary>
    public bool TryLimitDescriptors(int most) => TryLimit("nofile", $"{most}");

    /// <summary>Sets a limit of the system while it runs. False if there is no prlimit(1).</summary>
    /// <param name="what">As prlimit(1) names it: "nofile", "fsize", "as".</param>
    /// <param name="most">A number, or "unlimited".</param>
    public bool TryLimit(string what, string most)
    {
        try
        {
            using var prlimit = Process.Start("prlimit", ["--pid", $"{_process!.Id}", $"--{what}={most}:"]);
            prlimit.WaitForExit();
            return prlimit.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Waits until it has ended by itself, for ten seconds at most.</summary>
    public int ExitCode() => _process!.WaitForExit(TimeSpan.FromSeconds(10)) ? _process.ExitCode : throw new TimeoutException("it goes on");

    /// <summary>Kills it with SIGKILL: nothing of it runs any more on return.</summary>
    public void Kill()
    {
        if (_process is null) return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Whether its files are deleted in the end; not where they show a failure.</summary>
    public bool KeepsFiles { get; set; }

    public void Dispose()
    {
        Kill();
        if (!KeepsFiles) _directory.Delete(recursive: true);
    }
}
