using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BenchmarkDotNet.Attributes;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Benchmarks;

/// <summary>
/// One request and its reply through two sessions, without a socket. The client's session is the same for both implementations of the
/// server's, so their difference is the server's.
/// </summary>
public class TlsBenchmarks
{
    readonly byte[] _request = "*2\r\n$3\r\nGET\r\n$12\r\nkey:00000001\r\n"u8.ToArray();
    readonly byte[] _reply = new byte[72];
    readonly byte[] _cipher = new byte[64 * 1024], _plain = new byte[64 * 1024];
    TlsSession _server = null!, _client = null!;

    /// <summary>The runtime's SslStream instead of OpenSSL by P/Invoke.</summary>
    [Params(false, true)]
    public bool Portable { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var directory = Directory.CreateTempSubdirectory("miniredis-bench-");
        try
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
            using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            var options = new TlsOptions
            {
                CertificateFile = Path.Combine(directory.FullName, "crt"), KeyFile = Path.Combine(directory.FullName, "key"),
                CaFile = Path.Combine(directory.FullName, "crt"), ClientCheck = TlsClientCheck.None,
            };
            File.WriteAllText(options.CertificateFile, certificate.ExportCertificatePem());
            File.WriteAllText(options.KeyFile, key.ExportPkcs8PrivateKeyPem());
            _server = TlsContext.Create(options, Portable).CreateServer();
            _client = TlsContext.Create(options).CreateClient("localhost");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
        var isDone = _client.Handshake([], out _) == TlsStatus.Complete;
        while (!isDone)
        {
            _server.Handshake(_cipher.AsSpan(0, _client.TakePending(_cipher)), out _);
            var length = _server.TakePending(_cipher);
            isDone = _client.Handshake(_cipher.AsSpan(0, length), out var consumed) == TlsStatus.Complete;
            if (isDone) _client.Decrypt(_cipher.AsSpan(consumed, length - consumed), _plain, out _, out _);
        }
        _server.Handshake(_cipher.AsSpan(0, _client.TakePending(_cipher)), out _);
        _client.Decrypt(_cipher.AsSpan(0, _server.TakePending(_cipher)), _plain, out _, out _);
    }

    [Benchmark]
    public int RequestAndReply() => Pass(_client, _server, _request) + Pass(_server, _client, _reply);

    int Pass(TlsSession from, TlsSession to, byte[] bytes)
    {
        from.Encrypt(bytes, _cipher, out _, out var length);
        to.Decrypt(_cipher.AsSpan(0, length), _plain, out _, out var produced);
        return produced == bytes.Length ? produced : throw new InvalidOperationException(to.Failure);
    }
}
