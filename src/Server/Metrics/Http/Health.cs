using MiniRedis.Server.Bus;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Metrics.Http;

/// <summary>
/// What orchestrators ask. Whether the process lives does not depend on how long a command takes: a long script is no reason to
/// restart a cache, which would then be empty.
/// </summary>
/// <remarks>Any thread: flags are read without the executor's lock, and an answer may be a moment old.</remarks>
sealed class Health(
    DatasetState dataset, ServerExit exit, ReplicationHistory history, ReplicationSettings replication, ClusterHost? cluster = null)
{
    /// <summary>Why the process has to be ended; null if it lives.</summary>
    public string? WhyNotAlive => exit.HasBegun ? "the server is ending" : null;

    /// <summary>Why clients should go elsewhere; null if they are welcome.</summary>
    public string? WhyNotReady =>
        WhyNotAlive is { } end ? end
        : dataset.IsLoading ? "the data set is being loaded"
        : IsCutOff ? "the cluster is down, as far as this node can see"
        : history is not { IsReplica: true, IsLinkUp: false } ? null
        : !history.HasMasterData ? "the master's data are not here"
        : replication.ReplicaServeStaleData ? null
        : "the link to the master is down";

    /// <summary>
    /// Whether this node of a cluster refuses what it is asked, since it sees too few of the others. A new node, in whose table nobody has a
    /// slot yet, waits for an operator to find it: it is ready.
    /// </summary>
    bool IsCutOff => cluster?.Machine is { IsOk: false, Size: > 0 };
}
