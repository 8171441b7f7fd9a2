using Microsoft.Extensions.Hosting;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Hosting;

/// <summary>Runs the server for the length of the host's life.</summary>
sealed class RedisServerService(ServerHost host, ServerLog log, IHostApplicationLifetime lifetime) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        host.Server.OnShutdown = _ => lifetime.StopApplication();
        host.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        log.ShutdownRequested();
        host.Stop();
        return Task.CompletedTask;
    }
}
