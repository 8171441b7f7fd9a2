using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MiniRedis.Server.Tests;

/// <summary>
/// Certificates of an authority of their own, as files: "server" and "client", those of a foreign authority ("stranger"), one that has
/// expired, one that vouches for itself, and the server's key under the passwords "1234" and, in UTF-8, "Schlüssel".
/// </summary>
public sealed class TestCertificates : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-tls-");

    public TestCertificates()
    {
        using var authority = CreateAuthority("Test Authority", "ca");
        using var foreign = CreateAuthority("Foreign Authority", "foreign");
        Create("server", "CN=localhost", authority);
        Create("other-server", "CN=other", authority);
        Create("client", "CN=alice", authority);
        Create("stranger", "CN=alice", foreign);
        Create("expired", "CN=alice", authority, days: -1);
        Create("selfsigned", "CN=alice", null);
        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(this["server.key"]));
        var pbe = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        File.WriteAllText(this["server.key.encrypted"], key.ExportEncryptedPkcs8PrivateKeyPem("1234", pbe));
        File.WriteAllText(this["server.key.umlaut"], key.ExportEncryptedPkcs8PrivateKeyPem("Schlüssel", pbe));
    }

    /// <summary>The path of a file.</summary>
    public string this[string name] => Path.Combine(_directory.FullName, name);

    /// <summary>Lines of redis.conf for a server that takes clients with a certificate of the authority.</summary>
    public string Configuration =>
        $"tls-port 1\ntls-cert-file {this["server.crt"]}\ntls-key-file {this["server.key"]}\ntls-ca-cert-file {this["ca.crt"]}\n";

    X509Certificate2 CreateAuthority(string name, string file)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(10));
        File.WriteAllText(this[file + ".crt"], certificate.ExportCertificatePem());
        return certificate;
    }

    /// <summary>Makes NAME.crt and NAME.key.</summary>
    /// <param name="name">Of the files.</param>
    /// <param name="subject">A distinguished name.</param>
    /// <param name="authority">Who signs it; null for itself.</param>
    /// <param name="days">For how many days it is valid yet.</param>
    void Create(string name, string subject, X509Certificate2? authority, int days = 5) =>
        Create(name, new X500DistinguishedName(subject), authority, days);

    void Create(string name, X500DistinguishedName subject, X509Certificate2? authority, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-5), DateTimeOffset.UtcNow.AddDays(days));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddUri(new Uri("urn:nobody"));
        names.AddUri(new Uri("urn:bob"));
        request.CertificateExtensions.Add(names.Build());
        using var certificate = authority is null
            ? request.CreateSelfSigned(from, to)
            : request.Create(authority, from, to, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(this[name + ".crt"], certificate.ExportCertificatePem());
        File.WriteAllText(this[name + ".key"], key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>What a client needs that trusts the authority and shows a certificate of that name, if any.</summary>
    public SslClientAuthenticationOptions ClientOptions(string? name = "client")
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(this["ca.crt"]) },
            },
            RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == 0,
        };
        if (name is not null)
        {
            var shown = X509Certificate2.CreateFromPemFile(this[name + ".crt"], this[name + ".key"]);
            options.ClientCertificateContext = SslStreamCertificateContext.Create(shown, null, offline: true);
        }
        return options;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
