using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>Writes a snapshot to an RDB file: the file of BGSAVE or the base of an AOF.</summary>
/// <inheritdoc cref="SnapshotFileJob(IFileStore, PersistenceSettings, string, string, bool, Action{Snapshot, Exception?})"/>
sealed class RdbFileJob(
    RdbSaving saving, PersistenceSettings settings, AccessFields accessFields, string path, string temporary, bool isAofBase,
    Action<Snapshot, Exception?> ended)
    : SnapshotFileJob(saving.Files, settings, path, temporary, isAofBase, ended)
{
    readonly RdbSnapshotEncoder _encoder = new(saving, settings, accessFields, isAofBase);

    // Without rdbchecksum, it is zero.
    protected override bool HasChecksum => true;

    protected override bool ComputesChecksum { get; } = settings.RdbChecksum;

    protected override void Begin(RdbOutputBuffer output, IReadOnlyList<SnapshotPart> parts) => _encoder.Begin(output, parts);

    protected override void Select(int database) => _encoder.Select(database);

    protected override void Key(Record record) => _encoder.Key(record);

    protected override void End() => _encoder.End();
}
