using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MiniRedis.Server.Transport.Tls;

/// <summary>Certificates and keys in files, as <see cref="SslStream"/> takes them.</summary>
static class CertificateFiles
{
    /// <summary>All certificates of a file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It holds no certificates.</exception>
    public static X509Certificate2Collection Read(string path)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(path);
        return all;
    }

    /// <summary>The first certificate of a file with its key, and the others as the links between it and an authority.</summary>
    /// <param name="path">Of the certificates.</param>
    /// <param name="chain">What <see cref="Read"/> found there.</param>
    /// <param name="key">The file of the key.</param>
    /// <param name="password">
    /// The key's; null if it has none. Its bytes are those that OpenSSL would take: the runtime encodes text as UTF-8.
    /// </param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">There is no key, or it is another certificate's.</exception>
    public static SslStreamCertificateContext WithKey(string path, X509Certificate2Collection chain, string key, byte[]? password)
    {
        using var own = password is null
            ? X509Certificate2.CreateFromPemFile(path, key)
            : X509Certificate2.CreateFromEncryptedPemFile(path, Encoding.UTF8.GetString(password), key);
        // Schannel takes no key that is in memory alone.
        var usable = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pfx), null);
        // Offline: a handshake asks nobody for missing links of the chain.
        return SslStreamCertificateContext.Create(usable, chain, offline: true);
    }
}
