using System.Buffers;
using MiniRedis.Server.Execution;
using MiniRedis.Storage;

namespace MiniRedis.Server.Persistence;

/// <summary>Writes a snapshot to an RDB file: BGSAVE's, or the base of an AOF.</summary>
sealed class RdbFileJob : SnapshotFileJob
{
    readonly MiniRedisServer _server;
    readonly string _path, _temporary;
    readonly Action<Snapshot, Exception?> _ended;
    readonly byte[] _head;
    readonly IFileStore _files;
    readonly bool _checksum, _compress, _syncsOften;
    readonly KeySaveDelay _delay;
    readonly HashSet<int> _announced = [];

    /// <param name="server">Whose keys they are; its settings hold as they are now.</param>
    /// <param name="path">The file, which appears when it is whole.</param>
    /// <param name="temporary">Its name until then.</param>
    /// <param name="isAofBase">Noted in the file.</param>
    /// <param name="ended">Called when it is over: see <see cref="SnapshotJob.Ended"/>.</param>
    public RdbFileJob(MiniRedisServer server, string path, string temporary, bool isAofBase, Action<Snapshot, Exception?> ended)
    {
        var config = server.Config;
        (_server, _path, _temporary, _ended) = (server, path, temporary, ended);
        (_files, _checksum, _compress) = (server.Saving.Files, config.RdbChecksum, config.RdbCompression);
        _syncsOften = isAofBase ? config.AofRewriteIncrementalFsync : config.RdbSaveIncrementalFsync;
        _delay = new KeySaveDelay(config.RdbKeySaveDelay);
        var head = new ArrayBufferWriter<byte>();
        server.Saving.WriteHead(new RdbFileWriter(new RdbWriter(head, compress: false)), isAofBase);
        _head = head.WrittenSpan.ToArray();
    }

    public override void Write(SnapshotFeed feed)
    {
        using var output = new RdbFileOutput(_files, _temporary, _checksum, _syncsOften);
        output.Write(_head);
        var buffer = new RdbOutputBuffer(output, feed.NoteProgress);
        var file = new RdbFileWriter(new RdbWriter(buffer, _compress));
        var current = -1;
        while (feed.TryTake(out var batch))
        {
            try
            {
                while (batch!.Next(out var database, out var record))
                {
                    if (database != current) Select(file, feed.Parts, current = database);
                    file.Key(record, AccessField.ToRdb(record, _server));
                    if (_delay.IsSet && !_delay.Wait(feed)) return;
                }
            }
            finally
            {
                feed.GiveBack(batch!);
            }
        }
        if (feed.IsCancelled) return;
        file.End();
        buffer.Flush();
        output.Commit(_path);
        Length = output.Length;
    }

    /// <summary>Keys written as they were captured change between databases at will; how many a database has is told once.</summary>
    void Select(RdbFileWriter file, IReadOnlyList<SnapshotPart> parts, int database)
    {
        if (!_announced.Add(database))
        {
            file.Select(database);
            return;
        }
        var part = parts.First(p => p.Database == database);
        file.Database(database, part.Keys, part.Expiring);
    }

    public override void Ended(Snapshot snapshot, Exception? failure) => _ended(snapshot, failure);
}
