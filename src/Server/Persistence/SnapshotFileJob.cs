using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Persistence.Rdb;

namespace MiniRedis.Server.Persistence;

/// <summary>A snapshot that becomes a file.</summary>
/// <param name="files">The disk.</param>
/// <param name="settings">Their present values count for the whole file.</param>
/// <param name="path">The file, which appears when it is complete.</param>
/// <param name="temporary">Its name until then.</param>
/// <param name="isAofBase">Whether it is written for the AOF rather than BGSAVE.</param>
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

    /// <summary>Whether the file ends with a checksum.</summary>
    protected virtual bool HasChecksum => false;

    /// <summary>Whether the checksum is computed rather than zero.</summary>
    protected virtual bool ComputesChecksum => false;

    public sealed override void Write(SnapshotFeed feed)
    {
        using var output = new RdbFileOutput(files, temporary, ComputesChecksum, _syncsOften);
        var buffer = new RdbOutputBuffer(output, feed.NoteProgress);
        Begin(buffer, feed.Parts);
        // A full disk is noticed at once.
        buffer.Flush();
        if (!WriteKeys(feed, _delay)) return;
        End();
        buffer.Flush();
        output.Seal(HasChecksum);
        Length = output.Length;
        feed.Commit(() => output.Commit(path));
    }

    public sealed override void Ended(Snapshot snapshot, Exception? failure) => ended(snapshot, failure);

    /// <summary>Writes the head of the file, before the keys.</summary>
    protected abstract void Begin(RdbOutputBuffer output, IReadOnlyList<SnapshotPart> parts);

    /// <summary>Writes the end of the file, after the keys.</summary>
    protected virtual void End()
    {
    }
}
