using MiniRedis.Cluster.Nodes;

namespace MiniRedis.Server.Routing;

/// <summary>Where a request with keys is served.</summary>
enum RouteKind : byte
{
    /// <summary>By this node.</summary>
    Here,

    /// <summary>Nowhere: its keys are in several slots.</summary>
    CrossSlot,

    /// <summary>Nowhere for now: some of its keys are on the way to another node, and some are not.</summary>
    TryAgain,

    /// <summary>Nowhere: the cluster is down.</summary>
    Down,

    /// <summary>Nowhere: the cluster is down, and takes requests that only read.</summary>
    OnlyReads,

    /// <summary>Nowhere: no node has the slot.</summary>
    NotServed,

    /// <summary>By another node, which has the slot.</summary>
    Moved,

    /// <summary>By another node, which takes the slot over key by key.</summary>
    Ask,
}

/// <summary>Where a request is served.</summary>
/// <param name="Kind">What becomes of it.</param>
/// <param name="Slot">The slot of its keys; -1 if it has none.</param>
/// <param name="Node">Who serves it, if it is another node.</param>
readonly record struct Route(RouteKind Kind, int Slot, ClusterNode? Node = null);
