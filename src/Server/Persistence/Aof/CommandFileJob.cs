using MiniRedis.Storage;

namespace MiniRedis.Server.Persistence;

/// <summary>Writes a snapshot as the commands that make it: the base of an AOF without RDB preamble.</summary>
sealed class CommandFileJob : SnapshotFileJob
{
    readonly IFileStore _files;
    readonly string _path, _temporary;
    readonly bool _syncsOften;
    readonly KeySaveDelay _delay;
    readonly Action<Snapshot, Exception?> _ended;

    /// <inheritdoc cref="RdbFileJob(MiniRedisServer, string, string, bool, Action{Snapshot, Exception?})"/>
    public CommandFileJob(MiniRedisServer server, string path, string temporary, Action<Snapshot, Exception?> ended)
    {
        (_files, _path, _temporary, _ended) = (server.Saving.Files, path, temporary, ended);
        _syncsOften = server.Config.AofRewriteIncrementalFsync;
        _delay = new KeySaveDelay(server.Config.RdbKeySaveDelay);
    }

    public override void Write(SnapshotFeed feed)
    {
        using var output = new RdbFileOutput(_files, _temporary, checksums: false, _syncsOften);
        var buffer = new RdbOutputBuffer(output, feed.NoteProgress);
        var writer = new AofValueWriter(buffer);
        var current = -1;
        while (feed.TryTake(out var batch))
        {
            try
            {
                while (batch!.Next(out var database, out var record))
                {
                    if (database != current) writer.Select(current = database);
                    writer.Key(record);
                    if (_delay.IsSet && !_delay.Wait(feed)) return;
                }
            }
            finally
            {
                feed.GiveBack(batch!);
            }
        }
        if (feed.IsCancelled) return;
        buffer.Flush();
        output.CommitPlain(_path);
        Length = output.Length;
    }

    public override void Ended(Snapshot snapshot, Exception? failure) => _ended(snapshot, failure);
}
