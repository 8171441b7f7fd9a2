namespace MiniRedis.Cluster.Sentinel;

/// <summary>Where an instance is reached: the name or address as somebody said it, and the address it stands for.</summary>
/// <param name="Host">As configured or reported: an address, or a hostname where <c>resolve-hostnames</c> is on.</param>
/// <param name="Ip">The address; empty while the hostname could not be resolved.</param>
/// <param name="Port">0 to 65535.</param>
public sealed record InstanceAddress(string Host, string Ip, int Port)
{
    /// <summary>Whether both stand for one place: the same port, and the same address or the same hostname.</summary>
    public bool IsSamePlace(InstanceAddress other) =>
        Port == other.Port
        && ((Ip.Length > 0 && Ip == other.Ip) || string.Equals(Host, other.Host, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Why no address came of a host and a port.</summary>
public enum AddressError
{
    None,
    Unresolved,
    InvalidPort,
}
