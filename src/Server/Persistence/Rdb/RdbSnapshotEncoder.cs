using System.Buffers;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>
/// Turns a snapshot into the bytes of an RDB file. Made under the executor's lock at the snapshot's instant, which its head tells; used
/// by the thread that writes.
/// </summary>
sealed class RdbSnapshotEncoder
{
    readonly AccessFields _accessFields;
    readonly byte[] _head;
    readonly bool _compress;
    readonly HashSet<int> _announced = [];
    readonly RdbMetadata _metadata = new();
    IReadOnlyList<SnapshotPart> _parts = [];
    RdbFileWriter _file;

    /// <param name="saving">Writes the head.</param>
    /// <param name="settings">Their present values count for the whole file.</param>
    /// <param name="accessFields">When keys were used.</param>
    /// <param name="isAofBase">Whether it is written for the AOF.</param>
    /// <param name="withFunctions">Whether the libraries of functions are a part of it.</param>
    public RdbSnapshotEncoder(
        RdbSaving saving, PersistenceSettings settings, AccessFields accessFields, bool isAofBase, bool withFunctions = true)
    {
        (_accessFields, _compress) = (accessFields, settings.RdbCompression);
        var head = new ArrayBufferWriter<byte>();
        saving.WriteHead(new RdbFileWriter(new RdbWriter(head, compress: false)), isAofBase, withFunctions);
        _head = head.WrittenSpan.ToArray();
    }

    public void Begin(RdbOutputBuffer output, IReadOnlyList<SnapshotPart> parts)
    {
        _parts = parts;
        output.Write(_head);
        _file = new RdbFileWriter(new RdbWriter(output, _compress));
    }

    public void Select(int database)
    {
        _metadata.Flush(_file);
        // The number of keys of a database is written once.
        if (!_announced.Add(database))
        {
            _file.Select(database);
            return;
        }
        var part = _parts.First(p => p.Database == database);
        _file.Database(database, part.Keys, part.Expiring);
    }

    public void Key(Record record)
    {
        _file.Key(record, _accessFields.ToRdb(record));
        _metadata.Add(record);
        if (_metadata.IsFull) _metadata.Flush(_file);
    }

    public void End()
    {
        _metadata.Flush(_file);
        _file.End();
    }
}
