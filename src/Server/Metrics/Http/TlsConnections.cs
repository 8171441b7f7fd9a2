using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;

namespace MiniRedis.Server.Metrics.Http;

/// <summary>
/// Puts TLS between Kestrel's sockets and its HTTP. Kestrel's own UseHttps takes a host with dependency injection, which nothing else here
/// needs.
/// </summary>
/// <remarks>Any thread.</remarks>
sealed class TlsConnections(MetricsCertificate certificate)
{
    public ConnectionDelegate Wrap(ConnectionDelegate next) => async context =>
    {
        var plain = context.Transport;
        await using var stream = new SslStream(new DuplexStream(plain), leaveInnerStreamOpen: false);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.ConnectionClosed);
            patience.CancelAfter(HttpLimits.Arrival);
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = certificate.Current(),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            }, patience.Token);
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException)
        {
            // Not for us: a port scan, plain HTTP, or a client that trusts another authority.
            return;
        }
        context.Transport = new StreamPipe(stream);
        try
        {
            await next(context);
        }
        finally
        {
            await context.Transport.Input.CompleteAsync();
            await context.Transport.Output.CompleteAsync();
            context.Transport = plain;
        }
    };

    /// <summary>The decrypted side.</summary>
    sealed class StreamPipe(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }
}
