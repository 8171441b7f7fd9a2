using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.ScratchMemory;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.RdbValues;

/// <summary>
/// Makes values from RDB files and DUMP payloads, in every form that Redis has written since version 1. Each value is checked in
/// full before it becomes that of a key, or it is built aside and then put in place: damaged bytes change nothing. A value takes
/// the form that the limits ask for, whatever form it was written in.
/// </summary>
public static unsafe partial class RdbValueReader
{
    const string Duplicate = "a member occurs twice";

    /// <summary>
    /// The error of packed bytes that are not what they claim to be. It has Redis's words, for which tests and operators search
    /// logs.
    /// </summary>
    static string Damaged(RdbType type) => type switch
    {
        RdbType.HashZipMap => "Zipmap integrity check failed",
        RdbType.ListZipList or RdbType.ListQuickList => "Ziplist integrity check failed",
        RdbType.ListQuickList2 => "Listpack integrity check failed",
        RdbType.SetIntSet => "Intset integrity check failed",
        RdbType.SetListPack => "Set listpack integrity check failed",
        RdbType.SortedSetZipList => "Zset ziplist integrity check failed",
        RdbType.SortedSetListPack => "Zset listpack integrity check failed",
        RdbType.HashZipList => "Hash ziplist integrity check failed",
        RdbType.HashListPack or RdbType.HashListPackExPreGa or RdbType.HashListPackEx => "Hash listpack integrity check failed",
        RdbType.Stream or RdbType.Stream2 or RdbType.Stream3 => "Stream listpack integrity check failed",
        _ => Duplicate,
    };

    /// <summary>Reads a value behind its type and makes a record of it, to which no index leads.</summary>
    /// <param name="reader">Stands behind the value afterwards. If the value is damaged, it tells how and where.</param>
    /// <param name="type">The form of the value.</param>
    /// <param name="database">The key's database.</param>
    /// <param name="key">The key.</param>
    /// <param name="expireAt">When it expires, in unix milliseconds; negative for never.</param>
    /// <param name="limits">Which form collections take.</param>
    /// <returns>A record to be installed or abandoned; null if the value is damaged.</returns>
    public static Record Read(
        ref RdbReader reader, RdbType type, Database database, ReadOnlySpan<byte> key, long expireAt, in CollectionLimits limits)
    {
        if (type == RdbType.String)
        {
            var text = reader.String();
            return reader.Failed ? default : database.CreateString(key, text, expireAt);
        }
        var draft = type switch
        {
            RdbType.List or RdbType.ListZipList or RdbType.ListQuickList or RdbType.ListQuickList2 =>
                ReadList(ref reader, type, database, key, expireAt, limits.Lists),
            RdbType.Set or RdbType.SetIntSet or RdbType.SetListPack => ReadSet(ref reader, type, database, key, expireAt, limits.Sets),
            RdbType.SortedSet or RdbType.SortedSet2 or RdbType.SortedSetZipList or RdbType.SortedSetListPack =>
                ReadSortedSet(ref reader, type, database, key, expireAt, limits.SortedSets),
            RdbType.Hash or RdbType.HashMetadataPreGa or RdbType.HashMetadata or RdbType.ValkeyHash =>
                ReadHash(ref reader, type, database, key, expireAt, limits.Hashes),
            RdbType.HashZipMap or RdbType.HashZipList or RdbType.HashListPack or RdbType.HashListPackExPreGa or RdbType.HashListPackEx =>
                ReadPackedHash(ref reader, type, database, key, expireAt, limits.Hashes),
            RdbType.Stream or RdbType.Stream2 or RdbType.Stream3 => ReadStream(ref reader, type, database, key, expireAt),
            _ => Unknown(ref reader),
        };
        return draft.Found ? database.Finish(draft) : default;
    }

    /// <summary>Whether values of this form can be read.</summary>
    public static bool IsKnown(RdbType type) =>
        type is <= RdbType.SortedSet2 or >= RdbType.HashZipMap and <= RdbType.Stream3 or >= RdbType.HashMetadataPreGa and <= RdbType.HashListPackEx
            or RdbType.ValkeyHash;

    static KeyLookup Unknown(ref RdbReader reader)
    {
        reader.Fail("a value has an unknown type");
        return default;
    }

    static KeyLookup NewDraft(Database database, ReadOnlySpan<byte> key, long expireAt, ObjectType type) =>
        database.NewDraft(key, type, ObjectEncoding.ListPack, Listpack.Empty, expireAt);

    /// <summary>Returns the draft, or abandons it if something was wrong with the bytes it was made from.</summary>
    static KeyLookup Finish(ref RdbReader reader, Database database, in KeyLookup draft, long count)
    {
        if (count == 0) reader.Fail(RdbReader.EmptyCollection);
        if (!reader.Failed) return draft;
        database.Abandon(draft);
        return default;
    }

    /// <summary>
    /// Whether two pairs of a listpack have the same first element. Elements are compared by keyed hashes of 64 bits, of which
    /// two are all but never equal by chance.
    /// </summary>
    static bool HasDuplicates(Database database, ReadOnlySpan<byte> listpack)
    {
        fixed (byte* lp = listpack)
        {
            var count = (int)Listpack.Count(lp) / 2;
            using var room = new Scratch<ulong>(database, count, stackalloc ulong[128]);
            var hashes = room.Span;
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
            var at = Listpack.First(lp);
            for (var i = 0; i < hashes.Length; i++)
            {
                hashes[i] = SipHash13.Hash(Listpack.Get(lp, at).ToBytes(scratch), database.Seed);
                at = Listpack.Next(lp, Listpack.Next(lp, at));
            }
            hashes.Sort();
            for (var i = 1; i < hashes.Length; i++)
            {
                if (hashes[i] == hashes[i - 1]) return true;
            }
            return false;
        }
    }
}
