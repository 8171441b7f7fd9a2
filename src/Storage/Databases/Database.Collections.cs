using System.Diagnostics;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>Collections as values: packed bytes that the record holds, or a pointer to the root of a native structure.</summary>
public sealed unsafe partial class Database
{
    /// <summary>The arena for the nodes of native structures.</summary>
    internal Arena Arena => _index.Arena;

    /// <summary>Frees a structure that no record leads to: now, or in slices.</summary>
    internal void Discard(ObjectType type, ObjectEncoding encoding, byte* root) => _keyspace.Discard(type, encoding, root);

    /// <summary>The secret under which members and fields are hashed.</summary>
    internal HashSeed Seed => _index.Seed;

    /// <summary>The clock for the deadlines of fields.</summary>
    internal ExpiryClock ExpiryClock => _index.Clock;

    /// <summary>
    /// Sets the key to a packed value, whatever it held before. The bytes are copied. If the record can embed
    /// <paramref name="reserve"/> bytes, it has room for so many.
    /// </summary>
    public Record InstallPacked(
        in KeyLookup at, ReadOnlySpan<byte> key, ObjectType type, ObjectEncoding encoding, ReadOnlySpan<byte> packed, long expireAt,
        int reserve = 0)
    {
        return Install(at, CreatePacked(key, type, encoding, packed, expireAt, reserve));
    }

    Record CreatePacked(
        ReadOnlySpan<byte> key, ObjectType type, ObjectEncoding encoding, ReadOnlySpan<byte> packed, long expireAt, int reserve,
        RecordFlags metadata = RecordFlags.None)
    {
        Debug.Assert(!encoding.IsNative());
        var flags = metadata | RecordLayout.KeyFlags(key.Length) | (expireAt >= 0 ? RecordFlags.HasExpiry : RecordFlags.None);
        Record fresh;
        if (RecordLayout.Embeds(flags, key.Length, packed.Length))
        {
            if (!RecordLayout.Embeds(flags, key.Length, reserve)) reserve = 0;
            fresh = RecordBuilder.Create(Arena, key, expireAt, type, encoding, metadata, packed.Length, reserve);
        }
        else
        {
            // The larger block first: if it is refused, nothing has been taken.
            var external = Arena.Allocate((nuint)packed.Length);
            fresh = RecordBuilder.CreateFor(Arena, external, key, expireAt, type, encoding, metadata);
            fresh.ExternalLength = packed.Length;
        }
        packed.CopyTo(new Span<byte>(fresh.PackedStart, packed.Length));
        return fresh;
    }

    /// <summary>Sets the key to a native structure, whatever it held before. The record owns the structure from now on.</summary>
    internal Record InstallNative(
        in KeyLookup at, ReadOnlySpan<byte> key, ObjectType type, ObjectEncoding encoding, byte* root, long expireAt)
    {
        return Install(at, CreateNative(key, type, encoding, root, expireAt));
    }

    Record CreateNative(
        ReadOnlySpan<byte> key, ObjectType type, ObjectEncoding encoding, byte* root, long expireAt,
        RecordFlags metadata = RecordFlags.None)
    {
        // The structure has blocks of its own: if the record's is refused, they go with the draft.
        Debug.Assert(encoding.IsNative() && (Arena.IsDraft || !Arena.IsAttempt));
        var fresh = RecordBuilder.Create(Arena, key, expireAt, type, encoding, RecordFlags.External | metadata);
        fresh.External = root;
        fresh.ExternalLength = 0;
        return fresh;
    }

    /// <summary>
    /// Replaces the packed value of a found key by the structure that was made of it. Frees the packed bytes; keeps deadline and
    /// access field.
    /// </summary>
    internal Record ConvertToNative(in KeyLookup at, ObjectEncoding encoding, byte* root)
    {
        Debug.Assert(!at.Record.IsNative);
        var old = at.Record;
        var fresh = CreateNative(old.Key, old.Type, encoding, root, old.ExpireAt, old.Flags & RecordFlags.HasMetadata);
        return Exchange(at, fresh, old.IsExternal ? old.External : null);
    }

    /// <summary>
    /// Replaces the native value of a found key by packed bytes, which are copied. The caller frees what the root leads to;
    /// this frees the root. Keeps deadline and access field.
    /// </summary>
    /// <returns>False, and nothing has changed, if memory for it is refused: a native value is as good.</returns>
    internal bool TryConvertToPacked(in KeyLookup at, ObjectEncoding encoding, ReadOnlySpan<byte> packed, out Record fresh)
    {
        Debug.Assert(at.Record.IsNative);
        var old = at.Record;
        try
        {
            fresh = CreatePacked(old.Key, old.Type, encoding, packed, old.ExpireAt, reserve: 0, old.Flags & RecordFlags.HasMetadata);
        }
        catch (MemoryRefusedException)
        {
            fresh = default;
            return false;
        }
        Exchange(at, fresh, old.Root);
        return true;
    }

    /// <summary>Changes the encoding's name of a packed value whose bytes were changed accordingly.</summary>
    internal static void Relabel(Record record, ObjectEncoding encoding)
    {
        Debug.Assert(!record.IsNative && !encoding.IsNative());
        Record.SetEncoding(record, encoding);
    }

    Record Exchange(in KeyLookup at, Record fresh, byte* released)
    {
        BeginEdit(at);
        fresh.Use = at.Record.Use;
        fresh.IsCaptured = at.Record.IsCaptured;
        if (fresh.HasMetadata) new MetadataCell(fresh).TakeOver(at.Record);
        *at.Entry = HashedPointer.Of(fresh.Block, at.Hash);
        if (released != null) Arena.Free(released);
        Arena.Free(at.Record.Block);
        return fresh;
    }
}
