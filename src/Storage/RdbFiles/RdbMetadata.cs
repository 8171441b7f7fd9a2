using System.Buffers;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.RdbFiles;

/// <summary>
/// Gathers the metadata of keys for auxiliary fields, which every server skips that does not know them. A field follows the keys that it
/// is about. It is about many: tools that print the fields of a file print a line each.
/// </summary>
/// <remarks>Used by the thread that writes the file.</remarks>
public sealed class RdbMetadata
{
    /// <summary>The most keys of a field.</summary>
    const int MostKeys = 1000;

    /// <summary>A field is not begun anew for a key, but it ends when it has so many bytes: whoever reads it needs it in one piece.</summary>
    const int EnoughBytes = 64 * 1024;

    ArrayBufferWriter<byte> _payload = new(256);
    int _keys;

    /// <summary>The name of the field.</summary>
    public static ReadOnlySpan<byte> FieldName => "miniredis-cache"u8;

    /// <summary>Whether there is enough for a field.</summary>
    public bool IsFull => _keys == MostKeys || _payload.WrittenCount >= EnoughBytes;

    /// <summary>Adds a key that a snapshot shows; nothing if it has no metadata.</summary>
    public void Add(Record image)
    {
        if (!image.HasMetadata) return;
        Begin();
        var saved = SavedMetadata.Of(image);
        CachePayload.AddKey(_payload, image.Key, saved.Metadata, saved.Tags);
    }

    /// <summary>Adds a key of a database; nothing if it has no metadata.</summary>
    public void Add(Database database, Record record)
    {
        if (!database.TryGetMetadata(record, out var metadata)) return;
        Begin();
        // What a soft purge has taken off the window counts, as it does in Database.DeadlineOf.
        metadata = metadata with { StaleWindow = database.WindowOf(record) };
        CachePayload.AddKey(_payload, record.Key, metadata, database.TagsOf(record), database.Tags);
    }

    void Begin()
    {
        if (_keys++ == 0) CachePayload.BeginKeys(_payload);
    }

    /// <summary>Writes what was gathered, if there is anything. The keys must have been written, to the database that is selected.</summary>
    public void Flush(in RdbFileWriter file)
    {
        if (_keys == 0) return;
        file.Auxiliary(FieldName, _payload.WrittenSpan);
        if (_payload.Capacity > 4 * EnoughBytes) _payload = new(256);
        else _payload.ResetWrittenCount();
        _keys = 0;
    }

    /// <summary>Writes how far the cache clock has come; nothing if it never ran.</summary>
    public static void Clock(in RdbFileWriter file, Keyspace keyspace)
    {
        if (keyspace.CacheClock.Value == 0) return;
        var payload = new ArrayBufferWriter<byte>(32);
        CachePayload.AddClock(payload, keyspace.CacheClock.Value);
        file.Auxiliary(FieldName, payload.WrittenSpan);
    }
}
