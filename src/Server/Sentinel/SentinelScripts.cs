using System.ComponentModel;
using System.Diagnostics;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Sentinel;

/// <summary>Runs the scripts of operators: notification-script and client-reconfig-script.</summary>
/// <remarks>Under the executor's lock; the end of a script is told through the runner's inbox.</remarks>
sealed class SentinelScripts(SentinelRunner runner, PersistenceSettings settings)
{
    /// <summary>What Redis's child ends with where the script cannot be executed: it is not tried again.</summary>
    const int NotExecutable = 2;

    /// <summary>Exit codes above are 128 and the number of the signal that ended the script.</summary>
    const int BySignal = 128;

    readonly Dictionary<int, Process> _running = [];

    public void Run(long job, IReadOnlyList<string> arguments)
    {
        // Both are relative to "dir", to which a server of Redis moves.
        var start = new ProcessStartInfo(settings.PathOf(arguments[0])) { UseShellExecute = false, WorkingDirectory = settings.PathOf(".") };
        foreach (var argument in arguments.Skip(1)) start.ArgumentList.Add(ConfigText.ToUnicode(argument));
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        try
        {
            process.Start();
        }
        catch (Win32Exception failure)
        {
            process.Dispose();
            if (failure.NativeErrorCode == TryAgain) runner.Machine.ScriptRefused(job, runner.Now);
            else runner.Machine.ScriptEnded(job, NotExecutable, 0, runner.Now);
            return;
        }
        var pid = process.Id;
        _running.Add(pid, process);
        runner.Machine.ScriptStarted(job, pid, runner.Now);
        process.Exited += (_, _) => runner.Post(() => Ended(job, pid));
        // It may have ended before anybody listened: then nobody would be told.
        if (process.HasExited) runner.Post(() => Ended(job, pid));
    }

    /// <summary>EAGAIN: the system has no room for another process now.</summary>
    const int TryAgain = 11;

    void Ended(long job, int pid)
    {
        if (!_running.Remove(pid, out var process)) return;
        var code = process.ExitCode;
        process.Dispose();
        runner.Machine.ScriptEnded(job, code > BySignal ? 0 : code, code > BySignal ? code - BySignal : 0, runner.Now);
    }

    public void Kill(int pid)
    {
        if (!_running.TryGetValue(pid, out var process)) return;
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has just ended.
        }
    }
}
