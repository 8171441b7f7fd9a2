using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MiniRedis.Server.Tests.Metrics;

/// <summary>Certificates that nobody but a test trusts.</summary>
static class TestCertificate
{
    /// <summary>Makes one, and writes it with its key into one file.</summary>
    public static X509Certificate2 Write(string path, DateTime? writtenAt = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(path, made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        if (writtenAt is { } time) File.SetLastWriteTimeUtc(path, time);
        return made;
    }

    /// <summary>The thumbprint of what a server on this machine presents.</summary>
    public static string Presented(int port)
    {
        using var client = new TcpClient();
        client.Connect(IPAddress.Loopback, port);
        using var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, presented, _, _) => presented is not null);
        stream.AuthenticateAsClient("localhost");
        return new X509Certificate2(stream.RemoteCertificate!).Thumbprint;
    }
}
