namespace MiniRedis.Server.Persistence;

/// <summary>What is done with a snapshot: a file is written, or a replica is fed.</summary>
abstract class SnapshotJob
{
    /// <summary>
    /// Takes what is captured until there is no more. On a thread of its own, without the executor's lock; may throw anything, which
    /// gives the snapshot up.
    /// </summary>
    public abstract void Write(SnapshotFeed feed);

    /// <summary>The snapshot is over. Under the executor's lock.</summary>
    /// <param name="snapshot">With its figures.</param>
    /// <param name="failure">Why it could not be written; null if it was, or was given up on purpose.</param>
    public abstract void Ended(Snapshot snapshot, Exception? failure);
}
