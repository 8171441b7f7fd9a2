using System.Net;

namespace MiniRedis.Server.Transport;

/// <summary>A connection that the transport is to make, for those who are both ends of a conversation: the nodes of a cluster.</summary>
/// <param name="Remote">Whom to reach.</param>
/// <param name="State">Becomes <see cref="Connection.State"/>, and names the attempt if it fails.</param>
sealed record OutgoingTarget(IPEndPoint Remote, object State)
{
    /// <summary>The address to connect from (bind-source-addr); null leaves it to the system.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Encrypt. It fails while no certificate is configured.</summary>
    public bool UsesTls { get; init; }

    /// <summary>The longest time until the connection stands, its handshake among it.</summary>
    public required TimeSpan Timeout { get; init; }

    public const string NoTls = "TLS is asked for, and no certificate is configured";
    public const string TooLate = "Connection timed out";
}
