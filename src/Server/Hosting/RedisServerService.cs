using System.Runtime.CompilerServices;
using Microsoft.Extensions.Hosting;
using MiniRedis.Server.Hosting.Process;

namespace MiniRedis.Server.Hosting;

/// <summary>Runs the server for the lifetime of the host.</summary>
sealed class RedisServerService(ServerHost host, IHostApplicationLifetime lifetime) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        host.Server.Exit.Stop = exitCode =>
        {
            host.ExitCode = exitCode;
            // The host ends through the runtime's pool, which fails with a stack where it gets no thread. All is saved by now.
            if (!ThreadLimit.HasRoomForPool()) ThreadLimit.End();
            lifetime.StopApplication();
        };
        host.Start();
        // A native executable has nothing left to compile or look up.
        if (RuntimeFeature.IsDynamicCodeCompiled) Rehearsal.Start(host.Server.Log);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        host.Stop();
        return Task.CompletedTask;
    }
}
