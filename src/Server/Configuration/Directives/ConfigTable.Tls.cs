using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    // Setting the same file name again reloads the file: how certificates are renewed without a restart.
    const DirectiveFlags Reloads = DirectiveFlags.AlwaysApplied;

    static IEnumerable<Directive> Tls() =>
    [
        Int("tls-port", 0, (0, 65535), c => ref c.TlsPort),
        Bool("tls-cluster", false, c => ref c.TlsCluster),
        Bool("tls-replication", false, c => ref c.TlsReplication),
        Choice("tls-auth-clients", "yes", c => ref c.TlsAuthClients,
            [("no", TlsClientAuth.No), ("yes", TlsClientAuth.Yes), ("optional", TlsClientAuth.Optional)]),
        Optional("tls-cert-file", c => ref c.TlsCertFile, Reloads),
        Optional("tls-key-file", c => ref c.TlsKeyFile, Reloads),
        Optional("tls-key-file-pass", c => ref c.TlsKeyFilePass, Sensitive),
        Optional("tls-client-cert-file", c => ref c.TlsClientCertFile, Reloads),
        Optional("tls-client-key-file", c => ref c.TlsClientKeyFile, Reloads),
        Optional("tls-client-key-file-pass", c => ref c.TlsClientKeyFilePass, Sensitive),
        Optional("tls-dh-params-file", c => ref c.TlsDhParamsFile, Reloads, inert: "key exchange uses elliptic curves"),
        Optional("tls-ca-cert-file", c => ref c.TlsCaCertFile, Reloads),
        Optional("tls-ca-cert-dir", c => ref c.TlsCaCertDir, Reloads),
        Optional("tls-protocols", c => ref c.TlsProtocols),
        Optional("tls-ciphers", c => ref c.TlsCiphers),
        Optional("tls-ciphersuites", c => ref c.TlsCipherSuites),
        Bool("tls-prefer-server-ciphers", false, c => ref c.TlsPreferServerCiphers),
        Bool("tls-session-caching", true, c => ref c.TlsSessionCaching),
        Int("tls-session-cache-size", 20480, (0, int.MaxValue), c => ref c.TlsSessionCacheSize),
        Int("tls-session-cache-timeout", 300, (0, int.MaxValue), c => ref c.TlsSessionCacheTimeout),
    ];
}
