using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Persistence;

/// <summary>A snapshot that becomes a file.</summary>
/// <param name="files">The disk.</param>
/// <param name="settings">Hold as they are now.</param>
/// <param name="path">The file, which appears when it is whole.</param>
/// <param name="temporary">Its name until then.</param>
/// <param name="isAofBase">Whether it is written for the AOF, not for BGSAVE.</param>
/// <param name="ended">Called when it is over: see <see cref="SnapshotJob.Ended"/>.</param>
abstract class SnapshotFileJob(
    IFileStore files, PersistenceSettings settings, string path,
    string temporary, bool isAofBase, Action<Snapshot, Exception?> ended)
    : SnapshotJob
{
    readonly bool _syncsOften = isAofBase ? settings.AofRewriteIncrementalFsync : settings.RdbSaveIncrementalFsync;
    readonly KeySaveDelay _delay = new(settings.RdbKeySaveDelay);

    /// <summary>Bytes of the file, once it is written.</summary>
    public long Length { get; private set; }

    /// <summary>Whether a checksum stands at the file's end.</summary>
    protected virtual bool HasChecksum => false;

    /// <summary>Whether that is computed, or zero.</summary>
    protected virtual bool ComputesChecksum => false;

    public sealed override void Write(SnapshotFeed feed)
    {
        using var output = new RdbFileOutput(files, temporary, ComputesChecksum, _syncsOften);
        var buffer = new RdbOutputBuffer(output, feed.NoteProgress);
        Begin(buffer, feed.Parts);
        // A disk that is full is to say so at once.
        buffer.Flush();
        var current = -1;
        while (feed.TryTake(out var batch))
        {
            try
            {
                while (batch!.Next(out var database, out var record))
                {
                    if (database != current) Select(current = database);
                    Key(record);
                    if (_delay.IsSet && !_delay.Wait(feed)) return;
                }
            }
            finally
            {
                feed.GiveBack(batch!);
            }
        }
        if (feed.IsCancelled) return;
        End();
        buffer.Flush();
        output.Seal(HasChecksum);
        Length = output.Length;
        feed.Commit(() => output.Commit(path));
    }

    public sealed override void Ended(Snapshot snapshot, Exception? failure) => ended(snapshot, failure);

    /// <summary>Writes what stands in front of the keys.</summary>
    protected abstract void Begin(RdbOutputBuffer output, IReadOnlyList<SnapshotPart> parts);

    /// <summary>The keys that follow are of this database. Keys written as they were captured change between databases at will.</summary>
    protected abstract void Select(int database);

    protected abstract void Key(Record record);

    /// <summary>Writes what stands behind the keys.</summary>
    protected virtual void End()
    {
    }
}
