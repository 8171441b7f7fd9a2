using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Snapshots;

/// <summary>Captured keys, for the consumer of a snapshot to write one after the other.</summary>
public interface ISnapshotBatch : IDisposable
{
    /// <summary>The next key; false after the last. The record is good until the batch is given back.</summary>
    bool Next(out int database, out Record record);
}
