using System.Net.Security;
using System.Security.Cryptography;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Metrics.Http;

/// <summary>
/// The certificate of metrics-tls: that of tls-cert-file and tls-key-file. A certificate names a host, and that is the same for
/// both ports; a second pair of files would be a second thing to renew.
/// </summary>
/// <remarks>Any thread.</remarks>
sealed class MetricsCertificate(TlsSettings tls, PersistenceSettings files, ServerLog log)
{
    readonly Lock _lock = new();
    (string Path, DateTime WrittenAt) _from;
    SslStreamCertificateContext? _loaded;

    /// <summary>
    /// The certificate with those that stand behind it in its file, read again if the file has been replaced since: a renewed one needs
    /// no command. One that cannot be read leaves the former in use.
    /// </summary>
    /// <exception cref="CryptographicException">The files hold no certificate with its key.</exception>
    /// <exception cref="IOException">The files cannot be read.</exception>
    public SslStreamCertificateContext Current()
    {
        lock (_lock)
        {
            var path = files.PathOf(tls.TlsCertFile);
            var from = (path, WrittenAt(path));
            if (_loaded is { } loaded && from == _from) return loaded;
            try
            {
                _loaded = Load(path);
            }
            catch (Exception failure) when (_loaded is not null && IsOfFiles(failure))
            {
                log.KeepsMetricsCertificate(failure.Message);
            }
            _from = from;
            return _loaded;
        }
    }

    static bool IsOfFiles(Exception failure) => failure is IOException or UnauthorizedAccessException or CryptographicException;

    // Of what a link leads to: mounted secrets are renewed by pointing links elsewhere.
    static DateTime WrittenAt(string path) => File.Exists(path)
        ? File.GetLastWriteTimeUtc(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path)
        : DateTime.MinValue;

    SslStreamCertificateContext Load(string path)
    {
        if (tls.TlsCertFile.Length == 0) throw new CryptographicException("metrics-tls needs tls-cert-file");
        // The key may stand in the certificate's file, as Redis allows.
        var key = tls.TlsKeyFile.Length == 0 ? path : files.PathOf(tls.TlsKeyFile);
        var password = tls.TlsKeyFilePass.Length == 0 ? null : ConfigText.ToBytes(tls.TlsKeyFilePass);
        return CertificateFiles.WithKey(path, CertificateFiles.Read(path), key, password);
    }
}
