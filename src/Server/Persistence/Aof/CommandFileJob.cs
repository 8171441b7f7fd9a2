using MiniRedis.Storage;

namespace MiniRedis.Server.Persistence;

/// <summary>Writes a snapshot as the commands that make it: the base of an AOF without RDB preamble.</summary>
/// <inheritdoc cref="SnapshotFileJob(MiniRedisServer, string, string, bool, Action{Snapshot, Exception?})"/>
sealed class CommandFileJob(MiniRedisServer server, string path, string temporary, Action<Snapshot, Exception?> ended)
    : SnapshotFileJob(server, path, temporary, isAofBase: true, ended)
{
    AofValueWriter? _writer;

    protected override void Begin(RdbOutputBuffer output, IReadOnlyList<SnapshotPart> parts) => _writer = new AofValueWriter(output);

    protected override void Select(int database) => _writer!.Select(database);

    protected override void Key(Record record) => _writer!.Key(record);
}
