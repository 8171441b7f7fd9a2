using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Snapshots;

/// <summary>Captured keys, which the consumer of a snapshot writes one after the other.</summary>
public interface ISnapshotBatch : IDisposable
{
    /// <summary>The next key; false after the last. The record is valid until the batch is given back.</summary>
    bool Next(out int database, out Record record);
}
