using System.Diagnostics;

namespace MiniRedis.Storage;

/// <summary>Streams as values of keys.</summary>
public sealed unsafe partial class Database
{
    /// <summary>The stream of a record.</summary>
    public StreamValue Stream(Record record)
    {
        Debug.Assert(record.Type == ObjectType.Stream);
        return new(Arena, record.Root);
    }

    /// <summary>Gives a key that is not there an empty stream.</summary>
    public Record CreateStream(in KeyLookup at, ReadOnlySpan<byte> key)
    {
        Debug.Assert(!at.Found);
        return InstallNative(at, key, ObjectType.Stream, ObjectEncoding.Stream, StreamValue.Create(Arena).Root, expireAt: -1);
    }

    /// <summary>Removes a consumer group, a large one little by little; false if there is none.</summary>
    public bool DestroyGroup(StreamValue stream, ReadOnlySpan<byte> name)
    {
        if (!stream.TryGetGroup(name, out _)) return false;
        _keyspace.Discard(ObjectType.Stream, ObjectEncoding.Stream, stream.Detach(name).Root);
        return true;
    }

    /// <summary>Removes a consumer from a group of a stream, and frees what was pending for it, much of it little by little.</summary>
    public void DeleteConsumer(StreamValue stream, StreamGroup group, StreamConsumer consumer) =>
        _keyspace.Discard(ObjectType.Stream, ObjectEncoding.Stream, stream.Detach(group, consumer).Root);

    /// <summary>Deletes entries from the beginning of a stream, and frees many nodes little by little. Returns how many entries.</summary>
    public long Trim(StreamValue stream, in StreamTrim trim)
    {
        var deleted = stream.Trim(trim, out var dropped);
        if (dropped is { } nodes) _keyspace.Discard(ObjectType.Stream, ObjectEncoding.Stream, nodes.Root);
        return deleted;
    }
}
