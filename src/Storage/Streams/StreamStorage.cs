using System.Diagnostics;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Streams;

/// <summary>Streams as values of keys.</summary>
public static unsafe class StreamStorage
{
    /// <summary>The stream of a record.</summary>
    public static StreamValue Stream(this Database database, Record record)
    {
        Debug.Assert(record.Type == ObjectType.Stream);
        return new(database.Arena, record.Root);
    }

    /// <summary>Makes a key that does not exist an empty stream.</summary>
    public static Record CreateStream(this Database database, in KeyLookup at, ReadOnlySpan<byte> key)
    {
        Debug.Assert(!at.Found);
        database.BeginDraft();
        var stream = StreamValue.Create(database.Arena);
        return database.InstallNative(at, key, ObjectType.Stream, ObjectEncoding.Stream, stream.Root, expireAt: -1);
    }

    /// <summary>Removes a consumer group, a large one little by little. False if there is none.</summary>
    public static bool DestroyGroup(this Database database, StreamValue stream, ReadOnlySpan<byte> name)
    {
        if (!stream.TryGetGroup(name, out var group)) return false;
        // Without memory, nothing can wait to be freed.
        if (stream.TryDetach(name, out var detached)) Discard(database, detached);
        else stream.Destroy(group);
        return true;
    }

    /// <summary>Removes a consumer from a group of a stream. Frees its pending entries, many of them little by little.</summary>
    public static void DeleteConsumer(this Database database, StreamValue stream, StreamGroup group, StreamConsumer consumer)
    {
        if (stream.TryDetach(group, consumer, out var detached)) Discard(database, detached);
        else group.Destroy(consumer);
    }

    /// <summary>
    /// Deletes entries from the beginning of a stream. Frees many nodes little by little. Returns how many entries it deleted.
    /// </summary>
    public static long Trim(this Database database, StreamValue stream, in StreamTrim trim)
    {
        var deleted = stream.Trim(trim, out var dropped);
        if (dropped is { } nodes) Discard(database, nodes);
        return deleted;
    }

    static void Discard(Database database, StreamValue stream) =>
        database.Discard(ObjectType.Stream, ObjectEncoding.Stream, stream.Root);
}
