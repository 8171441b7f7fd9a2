using System.Buffers;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>Writes a snapshot to an RDB file: the file of BGSAVE or the base of an AOF.</summary>
sealed class RdbFileJob : SnapshotFileJob
{
    readonly AccessFields _accessFields;
    readonly byte[] _head;
    readonly bool _checksum, _compress;
    readonly HashSet<int> _announced = [];
    IReadOnlyList<SnapshotPart> _parts = [];
    RdbFileWriter _file;

    /// <inheritdoc cref="SnapshotFileJob(IFileStore, PersistenceSettings, string, string, bool, Action{Snapshot, Exception?})"/>
    public RdbFileJob(
        RdbSaving saving, PersistenceSettings settings, AccessFields accessFields, string path, string temporary, bool isAofBase,
        Action<Snapshot, Exception?> ended)
        : base(saving.Files, settings, path, temporary, isAofBase, ended)
    {
        _accessFields = accessFields;
        (_checksum, _compress) = (settings.RdbChecksum, settings.RdbCompression);
        var head = new ArrayBufferWriter<byte>();
        saving.WriteHead(new RdbFileWriter(new RdbWriter(head, compress: false)), isAofBase);
        _head = head.WrittenSpan.ToArray();
    }

    // Without rdbchecksum, it is zero.
    protected override bool HasChecksum => true;

    protected override bool ComputesChecksum => _checksum;

    protected override void Begin(RdbOutputBuffer output, IReadOnlyList<SnapshotPart> parts)
    {
        _parts = parts;
        output.Write(_head);
        _file = new RdbFileWriter(new RdbWriter(output, _compress));
    }

    protected override void Select(int database)
    {
        // The number of keys of a database is written once.
        if (!_announced.Add(database))
        {
            _file.Select(database);
            return;
        }
        var part = _parts.First(p => p.Database == database);
        _file.Database(database, part.Keys, part.Expiring);
    }

    protected override void Key(Record record) => _file.Key(record, _accessFields.ToRdb(record));

    protected override void End() => _file.End();
}
