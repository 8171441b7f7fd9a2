using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Hosting;

/// <summary>Ends the host on SIGTERM and SIGINT (Ctrl+C), with the log line that Redis writes for each.</summary>
sealed class SignalLifetime(IHostApplicationLifetime lifetime, ServerHost host, ServerLog log) : IHostLifetime, IDisposable
{
    readonly List<PosixSignalRegistration> _registrations = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        Register(PosixSignal.SIGTERM, static config => config.Process.ShutdownOnSigterm);
        Register(PosixSignal.SIGINT, static config => config.Process.ShutdownOnSigint);
        return Task.CompletedTask;
    }

    void Register(PosixSignal signal, Func<ServerConfig, ShutdownFlags> flags) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        if (signal == PosixSignal.SIGINT && host.Server.Shutdown.IsRequested) Insist();
        log.SignalReceived(signal.ToString());
        lock (host.Server.Executor.ExecutorLock)
        {
            // As SHUTDOWN does, once the server runs; before, there is nothing to save.
            if (host.Server.Exit.Stop is null) lifetime.StopApplication();
            else host.Server.Shutdown.Request(flags(host.Server.Config));
        }
    }));

    /// <summary>Ctrl+C once more ends the process whatever is being saved; without the executor's lock, for who saves holds it.</summary>
    void Insist()
    {
        log.SignalInsists();
        try
        {
            File.Delete(host.Server.Saving.TemporaryPath);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It is in nobody's way.
        }
        Environment.Exit(1);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }
}
