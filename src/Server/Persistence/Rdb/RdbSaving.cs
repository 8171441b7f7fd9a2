using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Files;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>Writes the data set to its file, and records the last save. Under the executor's lock.</summary>
sealed class RdbSaving(
    Keyspace keyspace, AccessFields accessFields, EffectStream effects,
    FunctionLibraries functions, MemoryUsage memory, ReplicationHistory history, Clock clock, PersistenceSettings settings, ServerLog log)
{
    /// <summary>The disk. Tests replace it.</summary>
    public IFileStore Files { get; set; } = new FileStore();

    /// <summary>Unix milliseconds of the last successful save; before the first, of the start.</summary>
    public long LastSave { get; private set; } = clock.StartedAt;

    /// <summary>
    /// Whether the last background save that was not cancelled succeeded; true before the first. A failed SAVE does not count.
    /// </summary>
    public bool LastWentWell { get; set; } = true;

    /// <summary>This many changes are no longer counted: they are saved, or need not be.</summary>
    public event Action<long>? ChangesForgotten;

    /// <summary>The file that dbfilename and dir name.</summary>
    public string Path => settings.PathOf(settings.DbFilename);

    /// <summary>The name of a file that is not complete yet.</summary>
    public string TemporaryPath => settings.PathOf($"temp-{Environment.ProcessId}.rdb");

    /// <summary>The data set was saved as it was when <see cref="EffectStream.Dirty"/> was <paramref name="dirtyThen"/>.</summary>
    public void NoteSaved(long dirtyThen)
    {
        ForgetChanges(dirtyThen);
        LastSave = clock.Now;
        LastWentWell = true;
    }

    /// <summary>
    /// <paramref name="count"/> changes are no longer counted. A running background save still counts from its own start.
    /// </summary>
    public void ForgetChanges(long count)
    {
        effects.Dirty -= count;
        ChangesForgotten?.Invoke(count);
    }

    /// <summary>The texts of the libraries of functions at this moment.</summary>
    public IReadOnlyList<byte[]> LibraryTexts => [.. functions.All.Select(library => library.Code)];

    /// <summary>How far the cache clock has come; 0 if it never ran.</summary>
    public long CacheClock => keyspace.CacheClock.Value;

    /// <summary>Which slots of a cluster node are on the move, for a new replica; null if none is. Set by the root.</summary>
    public Func<string?> SlotStates { get; set; } = () => null;

    /// <summary>Which slots are on their way to this node, whose keys are hidden; null if none are. Set by the root.</summary>
    public Func<string?> SlotImports { get; set; } = () => null;

    /// <summary>Writes the head of a file: magic, version and auxiliary fields.</summary>
    public void WriteHead(RdbFileWriter file, bool isAofBase = false, bool withFunctions = true)
    {
        file.Begin(RdbFileWriter.VersionFor(keyspace));
        file.Auxiliary("redis-ver"u8, System.Text.Encoding.ASCII.GetBytes(ServerVersion.Redis));
        file.Auxiliary("redis-bits"u8, IntPtr.Size * 8);
        file.Auxiliary("ctime"u8, clock.Now / 1000);
        file.Auxiliary("used-mem"u8, memory.Total);
        // A base of the AOF is followed by changes that the offset does not cover.
        if (!isAofBase && history.IsCounted)
        {
            file.Auxiliary("repl-stream-db"u8, history.StreamDatabase);
            file.Auxiliary("repl-id"u8, System.Text.Encoding.ASCII.GetBytes(history.Id));
            file.Auxiliary("repl-offset"u8, history.Offset);
        }
        if (!isAofBase && SlotStates() is { } states) file.Auxiliary("cluster-slot-states"u8, System.Text.Encoding.Latin1.GetBytes(states));
        if (!isAofBase && SlotImports() is { } imports) file.Auxiliary("slot-imports"u8, System.Text.Encoding.Latin1.GetBytes(imports));
        file.Auxiliary("aof-base"u8, isAofBase ? 1 : 0);
        RdbMetadata.Clock(file, keyspace);
        if (!withFunctions) return;
        foreach (var library in functions.All) file.Function(library.Code);
    }

    /// <summary>Writes the whole data set in one go, while everything else waits (SAVE, SHUTDOWN).</summary>
    /// <returns>False if the disk refused. The reason is logged, and the former file is unchanged.</returns>
    public bool TrySave()
    {
        try
        {
            Write(Path, TemporaryPath, isAofBase: false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.SaveFailed(DiskException.Describe(failure));
            return false;
        }
        log.Saved();
        NoteSaved(effects.Dirty);
        return true;
    }

    /// <summary>Writes the whole data set to a file in one go.</summary>
    /// <exception cref="IOException">The disk refuses. The former file is unchanged.</exception>
    public void Write(string path, string temporary, bool isAofBase)
    {
        using var output = new RdbFileOutput(Files, temporary, settings.RdbChecksum, settings.RdbSaveIncrementalFsync);
        var buffer = new RdbOutputBuffer(output);
        var file = new RdbFileWriter(new RdbWriter(buffer, settings.RdbCompression));
        WriteHead(file, isAofBase);
        var delay = new KeySaveDelay(settings.RdbKeySaveDelay);
        foreach (var database in keyspace.Databases)
        {
            if (database.Count + database.HiddenCount > 0) WriteKeys(file, database, delay);
        }
        file.End();
        buffer.Flush();
        output.Seal();
        output.Commit(path);
    }

    void WriteKeys(RdbFileWriter file, Database database, KeySaveDelay delay)
    {
        file.Database(database.Number, database.Count, database.ExpiringCount);
        var metadata = new RdbMetadata();
        var visitor = new KeyWriter(accessFields, file, database, metadata, delay);
        database.VisitAll(ref visitor);
        metadata.Flush(file);
    }

    readonly struct KeyWriter(
        AccessFields accessFields, RdbFileWriter file, Database database, RdbMetadata metadata, KeySaveDelay delay) : IRecordVisitor
    {
        public void Visit(Record record)
        {
            // What a purge has overtaken is as good as deleted.
            if (database.IsPurged(record)) return;
            file.Key(record, accessFields.ToRdb(record), database.DeadlineOf(record));
            metadata.Add(database, record);
            if (metadata.IsFull) metadata.Flush(file);
            if (delay.IsSet) delay.Wait(null);
        }
    }
}
