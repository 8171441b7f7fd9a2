using System.Diagnostics;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Databases;

/// <summary>RENAME, MOVE and COPY: a value under another key, together with its deadline and access field.</summary>
public sealed unsafe partial class Database
{
    /// <summary>Gives a found key another name. A key that had that name is replaced.</summary>
    public Record Rename(in KeyLookup from, ReadOnlySpan<byte> newKey) => MoveTo(from, this, newKey);

    /// <summary>Moves a found key to <paramref name="targetKey"/> of this or another database. A key there is replaced.</summary>
    public Record MoveTo(in KeyLookup from, Database target, ReadOnlySpan<byte> targetKey)
    {
        Debug.Assert(from.Found && target._keyspace == _keyspace);
        var old = from.Record;
        if (target == this && old.Key.SequenceEqual(targetKey)) return old;

        Capture(from);
        var moved = RecordBuilder.WithKey(Arena, old, targetKey);
        BeginChange();
        Remove(from);
        Forget(from.Hash, old);
        if (old.HasMetadata) target.TakeOverMetadata(this, old, moved);
        target.Replace(moved);
        Arena.Free(old.Block);
        return moved;
    }

    /// <summary>
    /// Copies a found key to <paramref name="targetKey"/> of this or another database. A key there is replaced.
    /// </summary>
    public Record CopyTo(in KeyLookup from, Database target, ReadOnlySpan<byte> targetKey)
    {
        Debug.Assert(from.Found && target._keyspace == _keyspace);
        var source = from.Record;
        if (target == this && source.Key.SequenceEqual(targetKey)) return source;

        BeginDraft();
        var copy = RecordBuilder.WithKey(Arena, source, targetKey);
        if (source.IsNative)
        {
            copy.External = Collections.Copy(Arena, Seed, source.Type, source.Encoding, source.Root);
        }
        else if (source.IsExternal)
        {
            var length = source.ExternalLength;
            copy.External = Arena.Allocate((nuint)length);
            Buffer.MemoryCopy(source.External, copy.External, length, length);
        }
        if (source.HasMetadata)
        {
            BeginChange();
            target.CopyMetadata(this, source, copy);
        }
        target.Replace(copy);
        return copy;
    }

    /// <summary>
    /// Makes a finished record the one of its key. Unlike <see cref="Install"/>, it keeps the record's own access field.
    /// </summary>
    void Replace(Record fresh)
    {
        var use = fresh.Use;
        Install(Lookup(fresh.Key), fresh);
        fresh.Use = use;
    }
}
