using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Hosting.Process;

/// <summary>
/// Ends the host on SIGTERM and SIGINT (Ctrl+C), with the log line that Redis writes for each. SIGHUP, of a terminal that closes
/// or a service that is to reload, ends nothing: it opens the log file again.
/// </summary>
sealed class SignalLifetime(IHostApplicationLifetime lifetime, ServerHost host, RedisLogProvider logFile, ServerLog log)
    : IHostLifetime, IDisposable
{
    /// <summary>SIGALRM, the same number on every system.</summary>
    const PosixSignal Alarm = (PosixSignal)14;

    readonly List<PosixSignalRegistration> _registrations = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        Register(PosixSignal.SIGTERM, static config => config.Process.ShutdownOnSigterm);
        Register(PosixSignal.SIGINT, static config => config.Process.ShutdownOnSigint);
        // Redis answers with a stack, and is not ended by it either. No thread here can see another's.
        if (!OperatingSystem.IsWindows()) _registrations.Add(PosixSignalRegistration.Create(Alarm, context =>
        {
            context.Cancel = true;
            log.AlarmReceived(host.Server.Running.LastCommand?.FullName ?? "none yet");
        }));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            logFile.Reopen();
            log.Reopened();
        }));
        return Task.CompletedTask;
    }

    void Register(PosixSignal signal, Func<ServerConfig, ShutdownFlags> flags) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        if (signal == PosixSignal.SIGINT && host.Server.Shutdown.IsRequested) Insist();
        log.SignalReceived(signal.ToString());
        lock (host.Server.Executor.ExecutorLock)
        {
            // Once the server runs, a signal works as SHUTDOWN. Before that there is nothing to save.
            if (host.Server.Exit.Stop is null) lifetime.StopApplication();
            else host.Server.Shutdown.Request(flags(host.Server.Config));
        }
    }));

    /// <summary>
    /// A second Ctrl+C ends the process even during a save. It does not take the executor's lock, which a save holds.
    /// </summary>
    void Insist()
    {
        log.SignalInsists();
        try
        {
            Disk.Delete(host.Server.Saving.TemporaryPath);
        }
        catch (IOException)
        {
            // A leftover temporary file does no harm.
        }
        Environment.Exit(1);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }
}
