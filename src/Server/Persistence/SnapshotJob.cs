using System.Collections;
using MiniRedis.Server.Persistence.Rdb;

namespace MiniRedis.Server.Persistence;

/// <summary>The use of a snapshot: it is written to a file or fed to replicas.</summary>
abstract class SnapshotJob
{
    /// <summary>The slots whose keys it wants; null: all keys.</summary>
    public virtual BitArray? Slots => null;

    /// <summary>
    /// Takes captured values until there are no more. Runs on a thread of its own, without the executor's lock. Any exception
    /// gives the snapshot up.
    /// </summary>
    public abstract void Write(SnapshotFeed feed);

    /// <summary>The snapshot is over. Under the executor's lock.</summary>
    /// <param name="snapshot">The snapshot, for its figures.</param>
    /// <param name="failure">Why it could not be written; null if it was written or cancelled.</param>
    public abstract void Ended(Snapshot snapshot, Exception? failure);

    /// <summary>Writes every key by <see cref="Select"/> and <see cref="Key"/>.</summary>
    /// <returns>False if the snapshot was given up.</returns>
    protected bool WriteKeys(SnapshotFeed feed, KeySaveDelay delay)
    {
        var current = -1;
        while (feed.TryTake(out var batch))
        {
            var keys = 0;
            try
            {
                while (batch!.Next(out var database, out var record))
                {
                    if (database != current) Select(current = database);
                    Key(record);
                    keys++;
                    if (!delay.IsSet) continue;
                    // A batch takes long then, and INFO tells how far it is.
                    feed.NoteWritten(keys);
                    keys = 0;
                    if (!delay.Wait(feed)) return false;
                }
            }
            finally
            {
                feed.NoteWritten(keys);
                feed.GiveBack(batch!);
            }
        }
        return !feed.IsCancelled;
    }

    /// <summary>The next keys are of this database. Keys come in the order of their capture, so databases alternate.</summary>
    protected abstract void Select(int database);

    protected abstract void Key(Record record);
}
