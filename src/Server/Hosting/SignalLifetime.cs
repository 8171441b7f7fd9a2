using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Hosting;

/// <summary>Ends the host on SIGTERM and SIGINT (Ctrl+C), with the log line that Redis writes for each.</summary>
sealed class SignalLifetime(IHostApplicationLifetime lifetime, ServerLog log) : IHostLifetime, IDisposable
{
    readonly List<PosixSignalRegistration> _registrations = [];

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        Register(PosixSignal.SIGTERM);
        Register(PosixSignal.SIGINT);
        return Task.CompletedTask;
    }

    void Register(PosixSignal signal) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        log.SignalReceived(signal.ToString());
        lifetime.StopApplication();
    }));

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }
}
