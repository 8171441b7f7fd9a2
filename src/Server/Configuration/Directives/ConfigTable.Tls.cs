using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    // Setting the same file name again reloads the file: how certificates are renewed without a restart.
    const DirectiveFlags Reloads = DirectiveFlags.AlwaysApplied;

    static IEnumerable<Directive> Tls() =>
    [
        Int("tls-port", 0, (0, 65535), c => ref c.Tls.TlsPort),
        Bool("tls-cluster", false, c => ref c.Tls.TlsCluster),
        Bool("tls-replication", false, c => ref c.Tls.TlsReplication),
        Choice("tls-auth-clients", "yes", c => ref c.Tls.TlsAuthClients,
            [("no", TlsClientAuth.No), ("yes", TlsClientAuth.Yes), ("optional", TlsClientAuth.Optional)]),
        Choice("tls-auth-clients-user", "off", c => ref c.Tls.TlsAuthClientsUser,
            [("off", TlsClientUser.Off), ("CN", TlsClientUser.CommonName), ("URI", TlsClientUser.Uri)], from: Valkey90),
        Optional("tls-cert-file", c => ref c.Tls.TlsCertFile, Reloads),
        Optional("tls-key-file", c => ref c.Tls.TlsKeyFile, Reloads),
        Optional("tls-key-file-pass", c => ref c.Tls.TlsKeyFilePass, Sensitive),
        Optional("tls-client-cert-file", c => ref c.Tls.TlsClientCertFile, Reloads),
        Optional("tls-client-key-file", c => ref c.Tls.TlsClientKeyFile, Reloads),
        Optional("tls-client-key-file-pass", c => ref c.Tls.TlsClientKeyFilePass, Sensitive),
        Optional("tls-dh-params-file", c => ref c.Tls.TlsDhParamsFile, Reloads, inert: "key exchange uses elliptic curves"),
        Optional("tls-ca-cert-file", c => ref c.Tls.TlsCaCertFile, Reloads),
        Optional("tls-ca-cert-dir", c => ref c.Tls.TlsCaCertDir, Reloads),
        Optional("tls-protocols", c => ref c.Tls.TlsProtocols),
        Optional("tls-ciphers", c => ref c.Tls.TlsCiphers),
        Optional("tls-ciphersuites", c => ref c.Tls.TlsCipherSuites),
        Bool("tls-prefer-server-ciphers", false, c => ref c.Tls.TlsPreferServerCiphers),
        Bool("tls-session-caching", true, c => ref c.Tls.TlsSessionCaching),
        Int("tls-session-cache-size", 20480, (0, int.MaxValue), c => ref c.Tls.TlsSessionCacheSize),
        Int("tls-session-cache-timeout", 300, (0, int.MaxValue), c => ref c.Tls.TlsSessionCacheTimeout),
        Int("tls-auto-reload-interval", 0, (0, int.MaxValue / 1000), c => ref c.Tls.TlsAutoReloadInterval, from: Valkey90),
    ];
}
