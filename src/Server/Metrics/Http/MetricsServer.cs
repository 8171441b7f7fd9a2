using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Metrics.Http;

/// <summary>
/// Kestrel on sockets that are bound already. Nothing of it is touched in a server without metrics-port, which then has neither its
/// threads nor its memory.
/// </summary>
/// <remarks>
/// <see cref="Start"/> and <see cref="Close"/> do not wait for Kestrel, since CONFIG SET calls them under the executor's lock. Connections
/// that come before Kestrel is ready wait in the sockets' queues.
/// </remarks>
sealed class MetricsServer
{
    readonly IReadOnlyList<Socket> _sockets;
    readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    MetricsServer(IReadOnlyList<Socket> sockets) => _sockets = sockets;

    /// <summary>Ends when the server has been closed and everything of it is gone.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <param name="sockets">They are bound and listening, and belong to the server from here on.</param>
    /// <param name="endpoint">What answers.</param>
    /// <param name="tls">Encrypts; null for plain HTTP.</param>
    /// <param name="log">For what fails.</param>
    public static MetricsServer Start(IReadOnlyList<Socket> sockets, MetricsEndpoint endpoint, TlsConnections? tls, ServerLog log)
    {
        var server = new MetricsServer(sockets);
        server.Ended = Task.Run(() => server.RunAsync(endpoint, tls, log));
        return server;
    }

    /// <summary>Frees the port at once, and ends the connections soon after.</summary>
    public void Close()
    {
        foreach (var socket in _sockets) socket.Dispose();
        _closed.TrySetResult();
    }

    async Task RunAsync(MetricsEndpoint endpoint, TlsConnections? tls, ServerLog log)
    {
        try
        {
            using var kestrel = new KestrelServer(Options.Create(MakeOptions(tls)), MakeTransport(), NullLoggerFactory.Instance);
            await kestrel.StartAsync(endpoint, CancellationToken.None);
            await _closed.Task;
            // A token that is cancelled already: answers under way are cut off, since nobody waits for them at the end of a server.
            await kestrel.StopAsync(new CancellationToken(canceled: true));
        }
        catch (Exception) when (_closed.Task.IsCompleted)
        {
            // Closed before it was ready: the sockets were gone.
        }
        catch (Exception failure)
        {
            log.MetricsServerFailed(failure);
        }
    }

    KestrelServerOptions MakeOptions(TlsConnections? tls)
    {
        var options = new KestrelServerOptions
        {
            AddServerHeader = false,
            Limits =
            {
                MaxConcurrentConnections = HttpLimits.Connections,
                MaxRequestBodySize = 0,
                MaxRequestLineSize = HttpLimits.LineBytes,
                MaxRequestHeadersTotalSize = HttpLimits.HeaderBytes,
                MaxRequestBufferSize = HttpLimits.LineBytes + HttpLimits.HeaderBytes,
                MaxRequestHeaderCount = HttpLimits.Headers,
                RequestHeadersTimeout = HttpLimits.Arrival,
                KeepAliveTimeout = HttpLimits.KeepAlive,
            },
        };
        foreach (var socket in _sockets)
        {
            options.Listen(socket.LocalEndPoint!, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (tls is not null) listen.Use(tls.Wrap);
            });
        }
        return options;
    }

    SocketTransportFactory MakeTransport() => new(
        Options.Create(new SocketTransportOptions
        {
            // One queue: a scrape is one request.
            IOQueueCount = 1,
            CreateBoundListenSocket = endpoint => _sockets.First(socket => !socket.SafeHandle.IsClosed && socket.LocalEndPoint!.Equals(endpoint)),
        }),
        NullLoggerFactory.Instance);
}
