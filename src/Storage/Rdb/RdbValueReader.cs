namespace MiniRedis.Storage;

/// <summary>
/// Makes values of what RDB files and DUMP payloads hold, in every form that Redis has written since version 1. Each value is
/// judged in full before it becomes that of a key, or built aside and then put in place: damaged bytes change nothing. A value
/// takes the form that the limits ask for, whichever it was written in.
/// </summary>
public static unsafe partial class RdbValueReader
{
    const string Empty = "a collection is empty", Damaged = "a packed collection is damaged", Duplicate = "a member occurs twice";

    /// <summary>Reads a value that follows its type, and makes it that of a key.</summary>
    /// <param name="reader">Stands behind the value afterwards; if the value is damaged it tells how and where.</param>
    /// <param name="type">The form of the value.</param>
    /// <param name="isWhole">Whether nothing may follow the value.</param>
    /// <param name="database">The key's database.</param>
    /// <param name="key">The key; what it held is replaced.</param>
    /// <param name="expireAt">When it expires, in unix milliseconds; negative for never.</param>
    /// <param name="limits">Which form collections take.</param>
    /// <param name="record">The key's record.</param>
    public static bool TryRead(
        ref RdbReader reader, RdbType type, bool isWhole, Database database, ReadOnlySpan<byte> key, long expireAt,
        in CollectionLimits limits, out Record record)
    {
        record = default;
        if (type == RdbType.String)
        {
            var text = reader.String();
            if (!EndsWell(ref reader, isWhole)) return false;
            record = database.SetString(database.Lookup(key), key, text, expireAt);
            return true;
        }
        var draft = type switch
        {
            RdbType.List or RdbType.ListZipList or RdbType.ListQuickList or RdbType.ListQuickList2 =>
                ReadList(ref reader, type, database, key, limits.Lists),
            RdbType.Set or RdbType.SetIntSet or RdbType.SetListPack => ReadSet(ref reader, type, database, key, limits.Sets),
            RdbType.SortedSet or RdbType.SortedSet2 or RdbType.SortedSetZipList or RdbType.SortedSetListPack =>
                ReadSortedSet(ref reader, type, database, key, limits.SortedSets),
            RdbType.Hash or RdbType.HashZipMap or RdbType.HashZipList or RdbType.HashListPack or RdbType.HashMetadata
                or RdbType.HashListPackEx => ReadHash(ref reader, type, database, key, limits.Hashes),
            RdbType.Stream or RdbType.Stream2 or RdbType.Stream3 => ReadStream(ref reader, type, database, key),
            _ => Unknown(ref reader),
        };
        if (!draft.Found) return false;
        if (!EndsWell(ref reader, isWhole))
        {
            database.Abandon(draft);
            return false;
        }
        record = database.Publish(draft);
        if (expireAt >= 0) record = database.SetExpiry(database.Lookup(key), expireAt);
        return true;
    }

    static bool EndsWell(ref RdbReader reader, bool isWhole)
    {
        if (isWhole && !reader.AtEnd) reader.Fail("bytes are left over");
        return !reader.Failed;
    }

    static KeyLookup Unknown(ref RdbReader reader)
    {
        reader.Fail("a value has an unknown type");
        return default;
    }

    static KeyLookup NewDraft(Database database, ReadOnlySpan<byte> key, ObjectType type) =>
        database.NewDraft(key, type, ObjectEncoding.ListPack, Listpack.Empty);

    /// <summary>The draft, unless something was wrong with the bytes it was made of.</summary>
    static KeyLookup Finish(ref RdbReader reader, Database database, in KeyLookup draft, long count)
    {
        if (count == 0) reader.Fail(Empty);
        if (!reader.Failed) return draft;
        database.Abandon(draft);
        return default;
    }

    /// <summary>
    /// Whether an element occurs twice among every <paramref name="stride"/>-th of a listpack. Elements are told apart by keyed
    /// hashes of 64 bits, of which two are equal by chance once in an age.
    /// </summary>
    static bool HasDuplicates(Database database, ReadOnlySpan<byte> listpack, int stride)
    {
        fixed (byte* lp = listpack)
        {
            var hashes = new ulong[Listpack.Count(lp) / stride];
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
            var at = Listpack.First(lp);
            for (var i = 0; i < hashes.Length; i++)
            {
                hashes[i] = SipHash13.Hash(Listpack.Get(lp, at).ToBytes(scratch), database.Seed);
                for (var k = 0; k < stride && at >= 0; k++) at = Listpack.Next(lp, at);
            }
            Array.Sort(hashes);
            for (var i = 1; i < hashes.Length; i++)
            {
                if (hashes[i] == hashes[i - 1]) return true;
            }
            return false;
        }
    }
}
