using MiniRedis.Cluster.Nodes;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Routing;

/// <summary>Where a client finds a node.</summary>
static class Endpoints
{
    /// <summary>The port for connections of the client's kind: with TLS, or in the clear.</summary>
    public static int PortOf(ClusterNode node, Client client) => client.Connection.Tls is not null ? node.TlsPort : node.Port;

    /// <summary>What cluster-preferred-endpoint-type names: "?" for a name that is not known, nothing for an endpoint that the client knows.</summary>
    public static string PreferredOf(ClusterNode node, Client client, EndpointType type) => type switch
    {
        EndpointType.Hostname => node.Hostname.Length > 0 ? node.Hostname : "?",
        EndpointType.Unknown => "",
        _ => node.IpFor(client.Connection.Remote.StartsWith('[')),
    };
}
