using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MiniRedis.Server.Hosting;

/// <summary>How <see cref="Ping"/> speaks TLS. The names of its options are those of redis-cli.</summary>
/// <param name="Authority">A file of certificates that are trusted; null for those of the system.</param>
/// <param name="Certificate">A file with a certificate to show; null for none.</param>
/// <param name="Key">The file of its key.</param>
/// <param name="Insecure">Whether any certificate of the server will do.</param>
sealed record PingTls(string? Authority = null, string? Certificate = null, string? Key = null, bool Insecure = false);

/// <summary>
/// <c>miniredis ping</c>: asks a server whether it is alive, for health checks of containers that hold nothing but this executable.
/// </summary>
static class Ping
{
    public const string DefaultHost = "127.0.0.1";

    public const int DefaultPort = 6379;

    /// <summary>Longest wait for the connection and for the reply.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Connects, sends PING and prints the first line of the reply.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="tls">How to encrypt; null for plain text.</param>
    /// <param name="output">Where the reply goes, or what failed.</param>
    /// <returns>
    /// 0 if the server replied; an error counts, as it comes from a server that asks for a password or loads its data. 1 if it did not.
    /// </returns>
    public static int Run(string host, int port, PingTls? tls, TextWriter output)
    {
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp)
            {
                SendTimeout = (int)s_patience.TotalMilliseconds, ReceiveTimeout = (int)s_patience.TotalMilliseconds,
            };
            if (!socket.ConnectAsync(host, port).Wait(s_patience)) throw new SocketException((int)SocketError.TimedOut);
            using Stream stream = tls is null ? new NetworkStream(socket) : Encrypt(socket, host, tls);
            stream.Write("*1\r\n$4\r\nPING\r\n"u8);
            var line = FirstLine(stream);
            output.WriteLine(line);
            return line.StartsWith('+') || line.StartsWith('-') ? 0 : 1;
        }
        catch (Exception failure) when (failure is SocketException or AggregateException or IOException or AuthenticationException
            or UnauthorizedAccessException or CryptographicException)
        {
            output.WriteLine($"Could not connect to {host}:{port}: {(failure.InnerException ?? failure).Message}");
            return 1;
        }
    }

    /// <summary>As redis-cli, it does not compare the host's name with those of the certificate.</summary>
    static SslStream Encrypt(Socket socket, string host, PingTls tls)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            RemoteCertificateValidationCallback = (_, _, _, errors) =>
                tls.Insecure || (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None,
        };
        if (tls.Authority is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            };
            options.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(tls.Authority);
        }
        if (tls.Certificate is not null)
        {
            var shown = X509Certificate2.CreateFromPemFile(tls.Certificate, tls.Key);
            options.ClientCertificateContext = SslStreamCertificateContext.Create(shown, null, offline: true);
        }
        var stream = new SslStream(new NetworkStream(socket));
        stream.AuthenticateAsClient(options);
        return stream;
    }

    static string FirstLine(Stream stream)
    {
        Span<byte> buffer = stackalloc byte[512];
        var length = 0;
        while (length < buffer.Length)
        {
            var received = stream.Read(buffer[length..]);
            if (received == 0) break;
            length += received;
            var end = buffer[..length].IndexOf((byte)'\r');
            if (end >= 0) return Encoding.Latin1.GetString(buffer[..end]);
        }
        return Encoding.Latin1.GetString(buffer[..length]);
    }
}
