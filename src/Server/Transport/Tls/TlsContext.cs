using System.Runtime.CompilerServices;

namespace MiniRedis.Server.Transport.Tls;

/// <summary>
/// Certificate, key, trusted authorities and rules for many sessions. It does not change: new settings make a new one, and sessions under
/// way keep theirs. Tickets to resume a session die with it, so nobody gets in by one that was given under other rules.
/// </summary>
/// <remarks>Any thread.</remarks>
abstract class TlsContext
{
    /// <summary>The end that accepts.</summary>
    public abstract TlsSession CreateServer();

    /// <summary>The end that connects.</summary>
    /// <param name="host">The name to ask for (SNI); null or an address asks for none.</param>
    public abstract TlsSession CreateClient(string? host);

    /// <summary>Makes a context of the implementation that is best on this platform.</summary>
    /// <param name="options">What the configuration says.</param>
    /// <param name="portable">Take the runtime's implementation even if there is another.</param>
    /// <exception cref="TlsException">The options cannot be used: the message says why.</exception>
    public static TlsContext Create(TlsOptions options, bool portable = false) =>
        OperatingSystem.IsLinux() && (!portable || IsNative) ? new Linux.OpenSslContext(options) : new SslStreamContext(options);

    /// <summary>The compiler knows this, and leaves the runtime's implementation out of a native executable for Linux.</summary>
    static bool IsNative => !RuntimeFeature.IsDynamicCodeSupported;
}

/// <summary>What is asked of clients: tls-auth-clients.</summary>
enum TlsClientCheck : byte
{
    None,
    IfPresented,
    Required,
}

/// <summary>Protocol versions (tls-protocols).</summary>
[Flags]
enum TlsVersions : byte
{
    Tls10 = 1,
    Tls11 = 2,
    Tls12 = 4,
    Tls13 = 8,

    /// <summary>What Redis takes without tls-protocols.</summary>
    Default = Tls12 | Tls13,
}

/// <summary>Settings of a context. Paths are absolute; null is "not set".</summary>
sealed record TlsOptions
{
    public required string CertificateFile { get; init; }
    public required string KeyFile { get; init; }
    public byte[]? KeyPassword { get; init; }
    public string? CaFile { get; init; }
    public string? CaDirectory { get; init; }

    /// <summary>What is asked of clients; it does not concern the end that connects.</summary>
    public TlsClientCheck ClientCheck { get; init; } = TlsClientCheck.Required;

    public TlsVersions Versions { get; init; } = TlsVersions.Default;

    /// <summary>Ciphers up to TLS 1.2, in OpenSSL's language.</summary>
    public string? Ciphers { get; init; }

    /// <summary>Cipher suites of TLS 1.3.</summary>
    public string? CipherSuites { get; init; }

    public bool PreferServerCiphers { get; init; }
    public bool CachesSessions { get; init; } = true;

    /// <summary>Sessions; 0 is unlimited, as in OpenSSL.</summary>
    public int SessionCacheSize { get; init; } = 20480;

    public int SessionSeconds { get; init; } = 300;
}

/// <summary>Settings that cannot be used. The message names the file and the reason.</summary>
sealed class TlsException(string message) : Exception(message);
