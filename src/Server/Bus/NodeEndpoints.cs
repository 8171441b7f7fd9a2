using MiniRedis.Cluster.Nodes;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Bus;

/// <summary>Where a client finds a node: it is told the port of its own kind, and the address of its own family where one is announced.</summary>
static class NodeEndpoints
{
    /// <summary>Whether a client is told of ports for TLS.</summary>
    public static bool IsTls(Client client) => client.Connection.Tls is not null;

    /// <summary>The port for clients in the clear, or with TLS.</summary>
    public static int PortOf(ClusterNode node, bool isTls) => isTls ? node.TlsPort : node.Port;

    /// <summary>Whether a client came over IPv6.</summary>
    public static bool IsIpv6(Client client) => client.Connection.Remote.StartsWith('[');

    /// <summary>The address; empty where it is not known: the client has it.</summary>
    public static string IpOf(ClusterNode node, Client client) => node.IpFor(IsIpv6(client));

    /// <summary>
    /// What cluster-preferred-endpoint-type wants named in redirections; "?" for a name that is not known, and the empty text for an endpoint
    /// that the client is to know by itself.
    /// </summary>
    public static string PreferredOf(ClusterNode node, Client client, EndpointType type) => type switch
    {
        EndpointType.Hostname => node.Hostname.Length > 0 ? node.Hostname : "?",
        EndpointType.Unknown => "",
        _ => IpOf(node, client),
    };
}
