namespace MiniRedis.Server.Persistence;

/// <summary>The use of a snapshot: it is written to a file or fed to a replica.</summary>
abstract class SnapshotJob
{
    /// <summary>
    /// Takes captured values until there are no more. Runs on a thread of its own, without the executor's lock. Any exception
    /// gives the snapshot up.
    /// </summary>
    public abstract void Write(SnapshotFeed feed);

    /// <summary>The snapshot is over. Under the executor's lock.</summary>
    /// <param name="snapshot">The snapshot, for its figures.</param>
    /// <param name="failure">Why it could not be written; null if it was written or cancelled.</param>
    public abstract void Ended(Snapshot snapshot, Exception? failure);
}
