namespace MiniRedis.Server.Links;

/// <summary>Which server to connect to, and how. Made from the configuration before the link's thread uses it.</summary>
/// <param name="Host">A name or an address. Latin-1, one char a byte, as the configuration has it.</param>
/// <param name="Port">1 to 65535.</param>
sealed record LinkTarget(string Host, int Port)
{
    /// <summary>Encrypt (tls-replication, tls-cluster). It fails while no certificate is configured.</summary>
    public bool UsesTls { get; init; }

    /// <summary>The address to connect from (bind-source-addr); empty leaves it to the system.</summary>
    public string SourceAddress { get; init; } = "";

    /// <summary>The longest time until the connection stands. Each address of the name gets so much.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait for bytes to come or to leave. It may change later: <see cref="Link.Timeout"/>.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Seconds between probes of a silent connection (tcp-keepalive); 0 sends none.</summary>
    public int KeepAliveSeconds { get; init; }

    public override string ToString() => $"{Host}:{Port}";
}
