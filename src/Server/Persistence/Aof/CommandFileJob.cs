using System.Buffers;
using System.Globalization;
using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Persistence.Rdb;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>Writes a snapshot as the commands that make it: the base of an AOF without RDB preamble.</summary>
/// <param name="libraries">The texts of the libraries of functions.</param>
/// <param name="cacheClock">How far the cache clock has come; 0 if it never ran.</param>
/// <param name="now">Unix milliseconds, for the time stamp at the start.</param>
/// <inheritdoc cref="SnapshotFileJob(IFileStore, PersistenceSettings, string, string, bool, Action{Snapshot, Exception?})"/>
sealed class CommandFileJob(
    IFileStore files, PersistenceSettings settings, IReadOnlyList<byte[]> libraries, long cacheClock, long now, string path, string temporary,
    Action<Snapshot, Exception?> ended)
    : SnapshotFileJob(files, settings, path, temporary, isAofBase: true, ended)
{
    AofValueWriter? _writer;

    readonly byte[] _head = settings.AofTimestampEnabled
        ? Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#TS:{now / 1000}\r\n"))
        : [];

    protected override void Begin(RdbOutputBuffer output, IReadOnlyList<SnapshotPart> parts)
    {
        output.Write(_head);
        _writer = new AofValueWriter(output);
        foreach (var library in libraries) _writer.Library(library);
        if (cacheClock > 0) _writer.CacheClock(cacheClock);
    }

    protected override void Select(int database) => _writer!.Select(database);

    protected override void Key(Record record) => _writer!.Key(record);
}
