using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MiniRedis.Server.Transport.Tls;

/// <summary>
/// A context for the runtime's <see cref="SslStream"/>, which uses what the platform has: Schannel, Secure Transport, OpenSSL. It knows no
/// list of ciphers in OpenSSL's language and no bounds of the session cache: these options have no effect here.
/// </summary>
sealed class SslStreamContext : TlsContext
{
    readonly SslServerAuthenticationOptions _server;
    readonly SslClientAuthenticationOptions _client;

    /// <exception cref="TlsException">The options cannot be used.</exception>
    public SslStreamContext(TlsOptions options)
    {
        var certificate = LoadCertificate(options);
        var trusted = LoadAuthorities(options);
        var protocols = ProtocolsOf(options.Versions);
        _server = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            ClientCertificateRequired = options.ClientCheck != TlsClientCheck.None,
            CertificateChainPolicy = PolicyFor(trusted),
            RemoteCertificateValidationCallback = (_, presented, _, errors) =>
                options.ClientCheck switch
                {
                    TlsClientCheck.None => true,
                    TlsClientCheck.IfPresented => presented is null || IsTrusted(errors),
                    _ => presented is not null && IsTrusted(errors),
                },
            EnabledSslProtocols = protocols,
            AllowRenegotiation = false,
            AllowTlsResume = options.CachesSessions,
        };
        _client = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = certificate,
            CertificateChainPolicy = PolicyFor(trusted),
            // Redis does not compare the name of the host: nodes are known by addresses.
            RemoteCertificateValidationCallback = (_, presented, _, errors) => presented is not null && IsTrusted(errors),
            EnabledSslProtocols = protocols,
            AllowRenegotiation = false,
            AllowTlsResume = options.CachesSessions,
        };
    }

    static bool IsTrusted(SslPolicyErrors errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;

    static SslProtocols ProtocolsOf(TlsVersions versions)
    {
        var protocols = SslProtocols.None;
#pragma warning disable SYSLIB0039, CA5397 // An operator may ask for old versions by name.
        if (versions.HasFlag(TlsVersions.Tls10)) protocols |= SslProtocols.Tls;
        if (versions.HasFlag(TlsVersions.Tls11)) protocols |= SslProtocols.Tls11;
#pragma warning restore SYSLIB0039, CA5397
        if (versions.HasFlag(TlsVersions.Tls12)) protocols |= SslProtocols.Tls12;
        if (versions.HasFlag(TlsVersions.Tls13)) protocols |= SslProtocols.Tls13;
        return protocols;
    }

    static SslStreamCertificateContext LoadCertificate(TlsOptions options)
    {
        var file = options.CertificateFile;
        try
        {
            var chain = CertificateFiles.Read(file);
            file = options.KeyFile;
            return CertificateFiles.WithKey(options.CertificateFile, chain, options.KeyFile, options.KeyPassword);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new TlsException($"Failed to load {(file == options.CertificateFile ? "certificate" : "private key")}: {file}: {failure.Message}");
        }
    }

    static X509Certificate2Collection LoadAuthorities(TlsOptions options)
    {
        var trusted = new X509Certificate2Collection();
        try
        {
            if (options.CaFile is { } file) trusted.ImportFromPemFile(file);
            if (options.CaDirectory is not { } directory) return trusted;
            foreach (var entry in Directory.EnumerateFiles(directory)) trusted.ImportFromPemFile(entry);
            return trusted;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new TlsException($"Failed to configure CA certificate(s) file/directory: {failure.Message}");
        }
    }

    static X509ChainPolicy PolicyFor(X509Certificate2Collection trusted)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(trusted);
        policy.DisableCertificateDownloads = true;
        return policy;
    }

    public override TlsSession CreateServer() =>
        new SslStreamSession((stream, cancellation) => stream.AuthenticateAsServerAsync(_server, cancellation), _server.ClientCertificateRequired);

    public override TlsSession CreateClient(string? host)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host ?? "",
            ClientCertificateContext = _client.ClientCertificateContext,
            CertificateChainPolicy = _client.CertificateChainPolicy,
            RemoteCertificateValidationCallback = _client.RemoteCertificateValidationCallback,
            EnabledSslProtocols = _client.EnabledSslProtocols,
            AllowRenegotiation = _client.AllowRenegotiation,
            AllowTlsResume = _client.AllowTlsResume,
        };
        return new SslStreamSession((stream, cancellation) => stream.AuthenticateAsClientAsync(options, cancellation), asksPeer: true);
    }
}
