using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Metrics;

/// <summary>
/// What orchestrators ask. Whether the process lives does not depend on how long a command takes: a long script is no reason to
/// restart a cache, which would then be empty.
/// </summary>
/// <remarks>Any thread: flags are read without the executor's lock, and an answer may be a moment old.</remarks>
sealed class Health(DatasetState dataset, ServerExit exit, ReplicationHistory history, ReplicationSettings replication)
{
    /// <summary>Why the process has to be ended; null if it lives.</summary>
    public string? WhyNotAlive => exit.HasBegun ? "the server is ending" : null;

    /// <summary>Why clients should go elsewhere; null if they are welcome.</summary>
    public string? WhyNotReady =>
        WhyNotAlive is { } end ? end
        : dataset.IsLoading ? "the data set is being loaded"
        : history is not { IsReplica: true, IsLinkUp: false } ? null
        : !history.HasMasterData ? "the master's data are not here"
        : replication.ReplicaServeStaleData ? null
        : "the link to the master is down";
}
