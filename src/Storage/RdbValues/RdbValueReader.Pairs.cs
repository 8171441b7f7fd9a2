using MiniRedis.Resp;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.SortedSets;

namespace MiniRedis.Storage.RdbValues;

/// <summary>Sorted sets and hashes.</summary>
public static unsafe partial class RdbValueReader
{
    static KeyLookup ReadSortedSet(
        ref RdbReader reader, RdbType type, Database database, ReadOnlySpan<byte> key, long expireAt, in SortedSetLimits limits)
    {
        var set = new SortedSetValue(database, NewDraft(database, key, expireAt, ObjectType.SortedSet));
        if (type is RdbType.SortedSet or RdbType.SortedSet2)
        {
            var left = reader.Count();
            set.Expect(left, 0, limits);
            for (; left > 0 && !reader.Failed; left--)
            {
                var member = reader.String();
                Add(ref reader, type, ref set, member, type == RdbType.SortedSet ? reader.TextDouble() : reader.Double(), limits);
            }
            return Finish(ref reader, database, set.At, set.Count);
        }
        var packed = reader.String();
        if (type == RdbType.SortedSetZipList)
        {
            var pairs = new ZiplistReader(packed);
            var (member, score) = (new byte[64], new byte[64]);
            while (pairs.TryPair(ref member, out var memberLength, ref score, out var scoreLength))
            {
                if (!Numbers.TryParseDouble(score.AsSpan(0, scoreLength), out var value)) reader.Fail("a score is not a number");
                Add(ref reader, type, ref set, member.AsSpan(0, memberLength), value, limits);
            }
            if (pairs.Failed) reader.Fail(Damaged(type));
        }
        else if (reader.Failed || !Listpack.IsValid(packed, group: 2)) reader.Fail(Damaged(type));
        else if (IsAsItShouldBe(database, packed, limits))
        {
            database.Abandon(set.At);
            return database.NewDraft(key, ObjectType.SortedSet, ObjectEncoding.ListPack, packed, expireAt);
        }
        else AddPacked(ref reader, ref set, packed, limits);
        return Finish(ref reader, database, set.At, set.Count);
    }

    static void Add(
        ref RdbReader reader, RdbType type, ref SortedSetValue set, scoped ReadOnlySpan<byte> member, double score, in SortedSetLimits limits)
    {
        if (double.IsNaN(score)) reader.Fail("a score is not a number");
        if (reader.Failed) return;
        var place = set.Find(member);
        if (place.Found) reader.Fail(Damaged(type));
        else set.Add(place, member, score, limits);
    }

    /// <summary>
    /// Whether a valid listpack may stay as it is: not too large, in order, no member twice, and every score a number.
    /// </summary>
    static bool IsAsItShouldBe(Database database, ReadOnlySpan<byte> packed, in SortedSetLimits limits)
    {
        fixed (byte* lp = packed)
        {
            if (Listpack.Count(lp) == 0 || Listpack.Count(lp) / 2 > limits.MaxEntries || HasDuplicates(database, packed)) return false;
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes], nextScratch = stackalloc byte[PackedElement.ScratchBytes];
            for (var at = Listpack.First(lp); at >= 0;)
            {
                var score = Listpack.Get(lp, Listpack.Next(lp, at));
                if (!score.IsInteger && !Numbers.TryParseDouble(score.Text, out _)) return false;
                var next = PackedSortedSet.Next(lp, at);
                if (next < 0) break;
                var (value, nextValue) = (PackedSortedSet.ScoreOf(lp, at), PackedSortedSet.ScoreOf(lp, next));
                if (value > nextValue) return false;
                if (value == nextValue
                    && Listpack.Get(lp, at).ToBytes(scratch).SequenceCompareTo(Listpack.Get(lp, next).ToBytes(nextScratch)) >= 0) return false;
                at = next;
            }
            return true;
        }
    }

    static void AddPacked(ref RdbReader reader, ref SortedSetValue set, ReadOnlySpan<byte> packed, in SortedSetLimits limits)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        fixed (byte* lp = packed)
        {
            set.Expect(Listpack.Count(lp) / 2, 0, limits);
            for (var at = Listpack.First(lp); at >= 0 && !reader.Failed; at = PackedSortedSet.Next(lp, at))
            {
                var score = Listpack.Get(lp, Listpack.Next(lp, at));
                if (!score.IsInteger && !Numbers.TryParseDouble(score.Text, out _)) reader.Fail("a score is not a number");
                else
                {
                    var member = Listpack.Get(lp, at).ToBytes(scratch);
                    Add(ref reader, RdbType.SortedSetListPack, ref set, member, PackedSortedSet.ScoreOf(lp, at), limits);
                }
            }
        }
    }

    static KeyLookup ReadHash(
        ref RdbReader reader, RdbType type, Database database, ReadOnlySpan<byte> key, long expireAt, in HashLimits limits)
    {
        var hash = new HashEditor(database, NewDraft(database, key, expireAt, ObjectType.Hash), limits) { IsDraft = true };
        var earliest = type == RdbType.HashMetadata ? reader.Int64() : 0;
        var left = reader.Count();
        hash.Expect(left);
        for (; left > 0 && !reader.Failed; left--)
        {
            var inFront = type is RdbType.HashMetadata or RdbType.HashMetadataPreGa ? reader.Length() : 0;
            var field = reader.String();
            var value = reader.String();
            Set(ref reader, type, ref hash, field, value, type switch
            {
                RdbType.HashMetadata => FromDistance(ref reader, inFront, earliest),
                RdbType.HashMetadataPreGa => FromDistance(ref reader, inFront, 1),
                RdbType.ValkeyHash => reader.Int64(),
                _ => -1,
            });
        }
        return Finish(ref reader, database, hash.At, hash.Count);
    }

    /// <summary>The deadline for a distance to the earliest deadline plus one; 0 means none.</summary>
    static long FromDistance(ref RdbReader reader, ulong distance, long earliest)
    {
        if (distance == 0) return -1;
        if (earliest >= 0 && distance - 1 <= (ulong)(long.MaxValue - earliest)) return earliest + (long)(distance - 1);
        reader.Fail("a deadline is out of range");
        return -1;
    }

    static KeyLookup ReadPackedHash(
        ref RdbReader reader, RdbType type, Database database, ReadOnlySpan<byte> key, long expireAt, in HashLimits limits)
    {
        // The earliest deadline. The listpack tells it as well.
        if (type == RdbType.HashListPackEx) reader.Int64();
        var packed = reader.String();
        if (type == RdbType.HashListPack && IsAsItShouldBe(database, packed, limits))
            return database.NewDraft(key, ObjectType.Hash, ObjectEncoding.ListPack, packed, expireAt);

        var hash = new HashEditor(database, NewDraft(database, key, expireAt, ObjectType.Hash), limits) { IsDraft = true };
        if (type == RdbType.HashZipMap)
        {
            var pairs = new ZipmapReader(packed);
            while (pairs.MoveNext()) Set(ref reader, type, ref hash, pairs.Field, pairs.Value, -1);
            if (pairs.Failed) reader.Fail(Damaged(type));
        }
        else if (type == RdbType.HashZipList)
        {
            var pairs = new ZiplistReader(packed);
            var (field, value) = (new byte[64], new byte[64]);
            while (pairs.TryPair(ref field, out var fieldLength, ref value, out var valueLength))
                Set(ref reader, type, ref hash, field.AsSpan(0, fieldLength), value.AsSpan(0, valueLength), -1);
            if (pairs.Failed) reader.Fail(Damaged(type));
        }
        else AddPacked(ref reader, type, ref hash, packed, type == RdbType.HashListPack ? 2 : 3);
        return Finish(ref reader, database, hash.At, hash.Count);
    }

    /// <summary>Whether bytes are a listpack that may stay as it is: not too large, and no field twice.</summary>
    static bool IsAsItShouldBe(Database database, ReadOnlySpan<byte> packed, in HashLimits limits)
    {
        if (!Listpack.IsValid(packed, group: 2, leastElements: 2)) return false;
        fixed (byte* lp = packed)
        {
            return Listpack.Count(lp) / 2 <= limits.Entries && !HasDuplicates(database, packed);
        }
    }

    static void Set(
        ref RdbReader reader, RdbType type, ref HashEditor hash, scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value,
        long expireAt)
    {
        if (reader.Failed) return;
        hash.ExpectLength(Math.Max(field.Length, value.Length));
        if (!hash.Set(field, value)) reader.Fail(type == RdbType.HashListPack ? "Hash listpack with dup elements" : Damaged(type));
        else if (expireAt >= 0) hash.SetDeadline(field, expireAt);
    }

    static void AddPacked(ref RdbReader reader, RdbType type, ref HashEditor hash, ReadOnlySpan<byte> packed, int stride)
    {
        if (reader.Failed || !Listpack.IsValid(packed, stride))
        {
            reader.Fail(Damaged(type));
            return;
        }
        Span<byte> fieldScratch = stackalloc byte[PackedElement.ScratchBytes], valueScratch = stackalloc byte[PackedElement.ScratchBytes];
        fixed (byte* lp = packed)
        {
            hash.Expect(Listpack.Count(lp) / stride);
            for (var at = Listpack.First(lp); at >= 0 && !reader.Failed;)
            {
                var second = Listpack.Next(lp, at);
                var third = stride == 3 ? Listpack.Next(lp, second) : -1;
                long expireAt = -1;
                if (third >= 0)
                {
                    var deadline = Listpack.Get(lp, third);
                    if (!deadline.IsInteger || deadline.Integer < 0) reader.Fail("a deadline is not a number");
                    else if (deadline.Integer > 0) expireAt = deadline.Integer;
                }
                Set(ref reader, type, ref hash, Listpack.Get(lp, at).ToBytes(fieldScratch), Listpack.Get(lp, second).ToBytes(valueScratch), expireAt);
                at = Listpack.Next(lp, stride == 3 ? third : second);
            }
        }
    }
}
