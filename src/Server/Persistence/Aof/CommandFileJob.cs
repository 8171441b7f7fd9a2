using System.Buffers;
using System.Globalization;
using System.Text;

namespace MiniRedis.Server.Persistence;

/// <summary>Writes a snapshot as the commands that make it: the base of an AOF without RDB preamble.</summary>
/// <inheritdoc cref="SnapshotFileJob(MiniRedisServer, string, string, bool, Action{Snapshot, Exception?})"/>
sealed class CommandFileJob(MiniRedisServer server, string path, string temporary, Action<Snapshot, Exception?> ended)
    : SnapshotFileJob(server, path, temporary, isAofBase: true, ended)
{
    AofValueWriter? _writer;

    readonly byte[] _head = server.Config.AofTimestampEnabled
        ? Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#TS:{server.Clock.Now / 1000}\r\n"))
        : [];

    protected override void Begin(RdbOutputBuffer output, IReadOnlyList<SnapshotPart> parts)
    {
        output.Write(_head);
        _writer = new AofValueWriter(output);
    }

    protected override void Select(int database) => _writer!.Select(database);

    protected override void Key(Record record) => _writer!.Key(record);
}
