using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tables;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Databases;

/// <summary>
/// The value of a key in one of two forms: packed in the record while it is small, a <see cref="PackedTable"/> when it is large.
/// Editors change it. It follows the record, which may move with each change.
/// </summary>
unsafe ref struct HashedValue
{
    KeyLookup _at;

    /// <summary>The packed bytes. Only to be used while <see cref="Table"/> is null.</summary>
    public RecordBlock Packed;

    /// <summary>The table; null while the value is packed.</summary>
    public PackedTable* Table;

    /// <summary>Begins with a value. It works in place, because the result of a constructor would be copied.</summary>
    /// <param name="database">The key's database.</param>
    /// <param name="at">A found key whose value may be changed.</param>
    public void Begin(Database database, scoped in KeyLookup at)
    {
        Debug.Assert(at.Found);
        _at = at;
        database.BeginEdit(at);
        if (at.Record.IsNative) Table = (PackedTable*)at.Record.Root;
        else Packed = new RecordBlock(database.Arena, at);
    }

    /// <summary>The key, with its record as it is now.</summary>
    public readonly KeyLookup At => Table != null ? _at : Packed.At;

    /// <summary>The record as it is now: without the rest of <see cref="At"/>, which would be copied.</summary>
    public readonly Record Record
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Table != null ? _at.Record : Packed.Record;
    }

    /// <summary>Replaces the packed bytes by those of another encoding, whose block is freed.</summary>
    public void Repack(Arena arena, ObjectEncoding encoding, scoped in ArenaBlock fresh)
    {
        var bytes = Listpack.Bytes(fresh.Start);
        var start = Packed.Splice(0, Packed.Record.PackedLength, bytes);
        Buffer.MemoryCopy(fresh.Start, start, bytes, bytes);
        arena.Free(fresh.Block);
        Database.Relabel(Packed.Record, encoding);
    }

    /// <summary>Replaces the packed bytes by a table of the same elements.</summary>
    public void BecomeTable(Database database, PackedTable* table)
    {
        var at = Packed.At;
        _at = new(at.Hash, database.ConvertToNative(at, ObjectEncoding.HashTable, (byte*)table), at.Entry);
        Table = table;
    }
}
