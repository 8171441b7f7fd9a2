namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Encrypted connections.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class TlsSettings
{
    public int TlsPort, TlsSessionCacheSize, TlsSessionCacheTimeout, TlsAutoReloadInterval;
    public bool TlsCluster, TlsReplication, TlsPreferServerCiphers, TlsSessionCaching;
    public TlsClientAuth TlsAuthClients;
    public TlsClientUser TlsAuthClientsUser;
    public string TlsCertFile = "", TlsKeyFile = "", TlsKeyFilePass = "", TlsClientCertFile = "", TlsClientKeyFile = "";
    public string TlsClientKeyFilePass = "", TlsDhParamsFile = "", TlsCaCertFile = "", TlsCaCertDir = "";
    public string TlsProtocols = "", TlsCiphers = "", TlsCipherSuites = "";
}
