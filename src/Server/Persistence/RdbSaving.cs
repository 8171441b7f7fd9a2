using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence;

/// <summary>Writes the data set to its file, and knows when that was done last. Under the executor's lock.</summary>
sealed class RdbSaving(
    Keyspace keyspace, AccessFields accessFields, EffectStream effects,
    MemoryUsage memory, Clock clock, PersistenceSettings settings, ServerLog log)
{
    /// <summary>The disk; tests put another in its place.</summary>
    public IFileStore Files { get; set; } = new FileStore();

    /// <summary>Unix milliseconds of the last successful save; before there was one, of the start.</summary>
    public long LastSave { get; private set; } = clock.StartedAt;

    /// <summary>Whether the last attempt that ended by itself went well; true before there was one. A failed SAVE does not count.</summary>
    public bool LastWentWell { get; set; } = true;

    /// <summary>
    /// Libraries of functions, as their authors wrote them: kept, and written back, so that a file that holds some loses nothing here. Nobody
    /// runs them yet.
    /// </summary>
    public List<byte[]> Libraries { get; } = [];

    /// <summary>So many changes are not counted any more: they are in a file, or in none that is to be.</summary>
    public event Action<long>? ChangesForgotten;

    /// <summary>The file that dbfilename and dir name.</summary>
    public string Path => settings.PathOf(settings.DbFilename);

    /// <summary>The name of a file that is not whole yet.</summary>
    public string TemporaryPath => settings.PathOf($"temp-{Environment.ProcessId}.rdb");

    /// <summary>The data set was saved as it was when <see cref="EffectStream.Dirty"/> was <paramref name="dirtyThen"/>.</summary>
    public void NoteSaved(long dirtyThen)
    {
        ForgetChanges(dirtyThen);
        LastSave = clock.Now;
        LastWentWell = true;
    }

    /// <summary>So many changes count no more. A save that runs in the background counts from where it began all the same.</summary>
    public void ForgetChanges(long count)
    {
        effects.Dirty -= count;
        ChangesForgotten?.Invoke(count);
    }

    /// <summary>What stands in front of the keys: magic, version, and something about the file.</summary>
    public void WriteHead(RdbFileWriter file, bool isAofBase = false)
    {
        file.Begin(RdbFileWriter.VersionFor(keyspace));
        file.Auxiliary("redis-ver"u8, System.Text.Encoding.ASCII.GetBytes(ServerVersion.Redis));
        file.Auxiliary("redis-bits"u8, IntPtr.Size * 8);
        file.Auxiliary("ctime"u8, clock.Now / 1000);
        file.Auxiliary("used-mem"u8, memory.Total);
        file.Auxiliary("aof-base"u8, isAofBase ? 1 : 0);
        foreach (var library in Libraries) file.Function(library);
    }

    /// <summary>Writes the whole data set in one go, whatever else waits (SAVE, SHUTDOWN).</summary>
    /// <returns>False if the disk refused; the reason is logged, and the file there was is as it was.</returns>
    public bool TrySave()
    {
        try
        {
            Write(Path, TemporaryPath, isAofBase: false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.SaveFailed(failure.Message);
            return false;
        }
        log.Saved();
        NoteSaved(effects.Dirty);
        return true;
    }

    /// <summary>Writes the whole data set to a file in one go.</summary>
    /// <exception cref="IOException">The disk refuses; the file there was is as it was.</exception>
    public void Write(string path, string temporary, bool isAofBase)
    {
        using var output = new RdbFileOutput(Files, temporary, settings.RdbChecksum, settings.RdbSaveIncrementalFsync);
        var buffer = new RdbOutputBuffer(output);
        var file = new RdbFileWriter(new RdbWriter(buffer, settings.RdbCompression));
        WriteHead(file, isAofBase);
        var delay = new KeySaveDelay(settings.RdbKeySaveDelay);
        foreach (var database in keyspace.Databases)
        {
            if (database.Count > 0) WriteKeys(file, database, delay);
        }
        file.End();
        buffer.Flush();
        output.Seal();
        output.Commit(path);
    }

    void WriteKeys(RdbFileWriter file, Database database, KeySaveDelay delay)
    {
        file.Database(database.Number, database.Count, database.ExpiringCount);
        var visitor = new KeyWriter(accessFields, file, delay);
        database.VisitAll(ref visitor);
    }

    readonly struct KeyWriter(AccessFields accessFields, RdbFileWriter file, KeySaveDelay delay) : IRecordVisitor
    {
        public void Visit(Record record)
        {
            file.Key(record, accessFields.ToRdb(record));
            if (delay.IsSet) delay.Wait(null);
        }
    }
}
