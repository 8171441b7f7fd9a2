using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Metrics;

/// <summary>
/// The certificate of metrics-tls: that of tls-cert-file and tls-key-file. A certificate names a host, and that is the same for both
/// ports; a second pair of files would be a second thing to renew.
/// </summary>
/// <remarks>Any thread.</remarks>
sealed class MetricsCertificate(TlsSettings tls, PersistenceSettings files)
{
    readonly Lock _lock = new();
    (string Path, DateTime WrittenAt) _from;
    X509Certificate2? _loaded;

    /// <summary>The certificate, read again if its file has been replaced since: a renewed one needs no command.</summary>
    /// <exception cref="CryptographicException">The files hold no certificate with its key.</exception>
    /// <exception cref="IOException">The files cannot be read.</exception>
    public X509Certificate2 Current()
    {
        lock (_lock)
        {
            var path = PathOf(tls.TlsCertFile);
            var from = (path, File.GetLastWriteTimeUtc(path));
            if (_loaded is { } loaded && from == _from) return loaded;
            _loaded = Load(path);
            _from = from;
            return _loaded;
        }
    }

    X509Certificate2 Load(string path)
    {
        if (tls.TlsCertFile.Length == 0) throw new CryptographicException("metrics-tls needs tls-cert-file");
        // The key may stand in the certificate's file, as Redis allows.
        var key = tls.TlsKeyFile.Length == 0 ? path : PathOf(tls.TlsKeyFile);
        return tls.TlsKeyFilePass.Length == 0
            ? X509Certificate2.CreateFromPemFile(path, key)
            : X509Certificate2.CreateFromEncryptedPemFile(path, ConfigText.ToUnicode(tls.TlsKeyFilePass), key);
    }

    string PathOf(string name) => files.PathOf(name);
}
