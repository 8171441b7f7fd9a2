using System.Diagnostics;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Values;

/// <summary>
/// The packed value of a record. It is embedded in the record up to <see cref="RecordLayout.MaxEmbeddingRecord"/>, and lies in a
/// block of its own beyond that. A change may move the record; <see cref="At"/> follows it.
/// </summary>
/// <remarks>Valid until the key is changed by other means. Bytes passed in for writing must not lie in the record.</remarks>
public unsafe ref struct RecordBlock : IReservingOwner
{
    readonly Arena _arena;
    readonly ulong _hash;
    readonly ulong* _entry;

    /// <param name="arena">The arena of the key's record.</param>
    /// <param name="at">A found key whose value is packed.</param>
    public RecordBlock(Arena arena, scoped in KeyLookup at)
    {
        Debug.Assert(at.Found && !at.Record.IsNative);
        _arena = arena;
        _hash = at.Hash;
        _entry = at.Entry;
        Record = at.Record;
    }

    /// <summary>The key, with its record as it is now.</summary>
    public readonly KeyLookup At => new(_hash, Record, _entry);

    /// <summary>The record as it is now.</summary>
    public Record Record { get; private set; }

    /// <inheritdoc/>
    public readonly byte* Start => Record.PackedStart;

    /// <inheritdoc/>
    public byte* Splice(int offset, int remove, int insert)
    {
        var record = Record;
        var length = record.PackedLength;
        Debug.Assert(offset >= 0 && remove >= 0 && insert >= 0 && offset + remove <= length);
        var newLength = length - remove + insert;
        if (record.IsExternal) SpliceExternal(record, offset, remove, insert, length);
        else
        {
            var size = RecordLayout.Size(record.Flags, record.KeyLength, newLength);
            var capacity = Arena.SizeOf(record.Block);
            // A record with much unused room is worth a copy; a little room is left for the next elements.
            var isLoose = insert < remove && size + 16 < capacity - capacity / 4;
            var embeds = RecordLayout.Embeds(record.Flags, record.KeyLength, newLength);
            if (!embeds || size > capacity) Rebuild(offset, remove, insert, newLength, external: !embeds);
            else
            {
                Shift(record.EmbeddedStart, offset, remove, insert, length);
                Record.SetEmbeddedLength(record, newLength);
                if (isLoose) Tighten(size);
            }
        }
        return Record.PackedStart;
    }

    /// <inheritdoc/>
    public void Reserve(int moreBytes)
    {
        var record = Record;
        var length = record.PackedLength;
        var wanted = length + moreBytes;
        if (record.IsExternal)
        {
            if ((nuint)wanted > Arena.SizeOf(record.External))
                record.External = _arena.Resize(record.External, (nuint)length, (nuint)wanted);
        }
        else if (!RecordLayout.Embeds(record.Flags, record.KeyLength, wanted)) Rebuild(length, 0, 0, length, external: true, wanted);
        else if (RecordLayout.Size(record.Flags, record.KeyLength, wanted) > Arena.SizeOf(record.Block))
            Rebuild(length, 0, 0, length, external: false, wanted);
    }

    readonly void SpliceExternal(Record record, int offset, int remove, int insert, int length)
    {
        var newLength = (nuint)(length - remove + insert);
        var capacity = Arena.SizeOf(record.External);
        if (newLength > capacity) record.External = _arena.Resize(record.External, (nuint)length, newLength);
        Shift(record.External, offset, remove, insert, length);
        record.ExternalLength = (long)newLength;
        if (insert < remove && newLength < capacity / 2) record.External = _arena.Shrink(record.External, newLength);
    }

    /// <summary>Moves the record to a block that suits it, if there is memory for one.</summary>
    void Tighten(nuint size)
    {
        var block = _arena.Shrink(Record.Block, size);
        if (block == Record.Block) return;
        Record = new(block);
        *_entry = HashedPointer.Of(block, _hash);
    }

    static void Shift(byte* start, int offset, int remove, int insert, int length)
    {
        var rest = length - offset - remove;
        Buffer.MemoryCopy(start + offset + remove, start + offset + insert, rest, rest);
    }

    /// <summary>Moves the record to a block that suits the new length, with the value embedded or not.</summary>
    void Rebuild(int offset, int remove, int insert, int newLength, bool external, int capacity = 0)
    {
        var old = Record;
        var from = old.EmbeddedStart;
        var rest = old.EmbeddedLength - offset - remove;
        capacity = Math.Max(capacity, newLength);
        var fresh = RecordBuilder.Create(_arena, old.Key, old.ExpireAt, old.Type, old.Encoding,
            (external ? RecordFlags.External : RecordFlags.None) | old.Flags & RecordFlags.HasMetadata,
            external ? 0 : newLength, external ? 0 : capacity);
        if (old.HasMetadata) new MetadataCell(fresh).TakeOver(old);
        fresh.Use = old.Use;
        fresh.IsCaptured = old.IsCaptured;
        if (external)
        {
            fresh.External = _arena.Allocate((nuint)capacity);
            fresh.ExternalLength = newLength;
        }
        var to = fresh.PackedStart;
        Buffer.MemoryCopy(from, to, offset, offset);
        Buffer.MemoryCopy(from + offset + remove, to + offset + insert, rest, rest);
        *_entry = HashedPointer.Of(fresh.Block, _hash);
        _arena.Free(old.Block);
        Record = fresh;
    }
}
