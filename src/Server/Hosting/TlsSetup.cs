using System.Security.Cryptography;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Hosting;

/// <summary>
/// Makes the TLS contexts that the configuration asks for: at the start, after CONFIG SET, and when a file has changed
/// (tls-auto-reload-interval). A set of files that cannot be used changes nothing: connections go on with the contexts before.
/// </summary>
/// <param name="config">The directives.</param>
/// <param name="contexts">Where the contexts go.</param>
/// <param name="log">Where reasons go: clients are told to look there.</param>
/// <param name="time">Times the looks at the files.</param>
/// <param name="portable">Take the runtime's implementation even if there is another.</param>
sealed class TlsSetup(ServerConfig config, TlsContexts contexts, ServerLog log, TimeProvider time, bool portable) : IDisposable
{
    // A reload runs on a thread of the timer, a CONFIG SET under the executor's lock.
    readonly Lock _lock = new();
    byte[] _fingerprint = [];
    ITimer? _timer;

    static readonly string[] s_directives =
    [
        "tls-cluster", "tls-replication", "tls-auth-clients", "tls-cert-file", "tls-key-file", "tls-key-file-pass", "tls-client-cert-file",
        "tls-client-key-file", "tls-client-key-file-pass", "tls-ca-cert-file", "tls-ca-cert-dir", "tls-protocols", "tls-ciphers",
        "tls-ciphersuites", "tls-prefer-server-ciphers", "tls-session-caching", "tls-session-cache-size", "tls-session-cache-timeout",
    ];

    bool IsWanted => config.Tls.TlsPort != 0 || config.Tls.TlsReplication || config.Tls.TlsCluster;

    /// <summary>Has CONFIG SET of a TLS directive make new contexts.</summary>
    public void Register(ConfigService service)
    {
        service.OnApply(_ => !IsWanted || TryConfigure() ? null : ConfigErrors.CannotUpdateTls, s_directives);
        service.OnApply(_ =>
        {
            Watch();
            return null;
        }, "tls-auto-reload-interval");
    }

    /// <summary>Makes the contexts if they are needed now.</summary>
    /// <returns>False if that is impossible; the reason is logged.</returns>
    public bool TryStart()
    {
        Watch();
        return !IsWanted || TryConfigure();
    }

    /// <summary>Makes the contexts for a port that is opened: while it was closed, nobody looked at the directives and the files.</summary>
    public bool TryEnable() => config.Tls.TlsPort == 0 || TryConfigure();

    bool TryConfigure()
    {
        lock (_lock)
        {
            try
            {
                var fingerprint = Fingerprint();
                var (server, client) = Options();
                contexts.Replace(TlsContext.Create(server, portable), TlsContext.Create(client, portable), CertificateTerms.Of(server, client));
                _fingerprint = fingerprint;
                return true;
            }
            catch (TlsException failure)
            {
                log.TlsRefused(failure.Message);
                return false;
            }
        }
    }

    (TlsOptions Server, TlsOptions Client) Options()
    {
        var tls = config.Tls;
        if (tls.TlsCertFile.Length == 0) throw new TlsException("No tls-cert-file configured!");
        if (tls.TlsKeyFile.Length == 0) throw new TlsException("No tls-key-file configured!");
        if ((tls.TlsAuthClients != TlsClientAuth.No || tls.TlsCluster || tls.TlsReplication)
            && tls.TlsCaCertFile.Length == 0 && tls.TlsCaCertDir.Length == 0)
        {
            throw new TlsException("Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, "
                + "tls-replication or tls-auth-clients are enabled!");
        }
        var server = new TlsOptions
        {
            CertificateFile = PathOf(tls.TlsCertFile)!,
            KeyFile = PathOf(tls.TlsKeyFile)!,
            KeyPassword = PasswordOf(tls.TlsKeyFilePass),
            CaFile = PathOf(tls.TlsCaCertFile),
            CaDirectory = PathOf(tls.TlsCaCertDir),
            ClientCheck = tls.TlsAuthClients switch
            {
                TlsClientAuth.No => TlsClientCheck.None,
                TlsClientAuth.Optional => TlsClientCheck.IfPresented,
                _ => TlsClientCheck.Required,
            },
            Versions = VersionsOf(tls.TlsProtocols),
            Ciphers = TextOf(tls.TlsCiphers),
            CipherSuites = TextOf(tls.TlsCipherSuites),
            PreferServerCiphers = tls.TlsPreferServerCiphers,
            CachesSessions = tls.TlsSessionCaching,
            SessionCacheSize = tls.TlsSessionCacheSize,
            SessionSeconds = tls.TlsSessionCacheTimeout,
        };
        // As in Redis: both files, or the server's certificate is shown to others too.
        if (tls.TlsClientCertFile.Length == 0 || tls.TlsClientKeyFile.Length == 0) return (server, server);
        return (server, server with
        {
            CertificateFile = PathOf(tls.TlsClientCertFile)!,
            KeyFile = PathOf(tls.TlsClientKeyFile)!,
            KeyPassword = PasswordOf(tls.TlsClientKeyFilePass),
        });
    }

    string? PathOf(string path) => path.Length == 0 ? null : config.Persistence.PathOf(path);

    static string? TextOf(string value) => value.Length == 0 ? null : ConfigText.ToUnicode(value);

    static byte[]? PasswordOf(string value) => value.Length == 0 ? null : ConfigText.ToBytes(value);

    static TlsVersions VersionsOf(string protocols)
    {
        if (protocols.Length == 0) return TlsVersions.Default;
        TlsVersions versions = 0;
        foreach (var name in protocols.Split(' '))
        {
            versions |= name.ToUpperInvariant() switch
            {
                "TLSV1" => TlsVersions.Tls10,
                "TLSV1.1" => TlsVersions.Tls11,
                "TLSV1.2" => TlsVersions.Tls12,
                "TLSV1.3" => TlsVersions.Tls13,
                _ => throw new TlsException("Invalid tls-protocols specified. "
                    + "Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'."),
            };
        }
        return versions;
    }

    void Watch()
    {
        _timer?.Dispose();
        var interval = TimeSpan.FromSeconds(config.Tls.TlsAutoReloadInterval);
        _timer = interval == TimeSpan.Zero ? null : time.CreateTimer(_ => ReloadIfChanged(), null, interval, interval);
    }

    /// <summary>Makes new contexts if a file has other bytes than when they were made. Any thread.</summary>
    public void ReloadIfChanged()
    {
        if (!IsWanted || Fingerprint() is var now && now.AsSpan().SequenceEqual(_fingerprint)) return;
        if (TryConfigure()) log.TlsReloaded();
    }

    /// <summary>
    /// A digest of all files. Their times would not do: files of a volume that is mounted for us are links, whose targets change.
    /// </summary>
    byte[] Fingerprint()
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var tls = config.Tls;
        foreach (var path in (string[])[tls.TlsCertFile, tls.TlsKeyFile, tls.TlsClientCertFile, tls.TlsClientKeyFile, tls.TlsCaCertFile])
            Append(digest, PathOf(path));
        try
        {
            if (PathOf(tls.TlsCaCertDir) is { } directory)
            {
                foreach (var path in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal)) Append(digest, path);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Whoever loads it says why.
        }
        return digest.GetHashAndReset();
    }

    static void Append(IncrementalHash digest, string? path)
    {
        if (path is null) return;
        try
        {
            var bytes = File.ReadAllBytes(path);
            digest.AppendData(BitConverter.GetBytes(bytes.Length));
            digest.AppendData(bytes);
            CryptographicOperations.ZeroMemory(bytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A file that cannot be read is different from what it was, and whoever loads it says why.
            digest.AppendData("unreadable"u8);
        }
    }

    public void Dispose() => _timer?.Dispose();
}
