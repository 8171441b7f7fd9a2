using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Sets;

namespace MiniRedis.Storage.RdbValues;

/// <summary>Lists and sets.</summary>
public static unsafe partial class RdbValueReader
{
    static KeyLookup ReadList(
        ref RdbReader reader, RdbType type, Database database, ReadOnlySpan<byte> key, long expireAt, in ListLimits limits)
    {
        if (type == RdbType.ListQuickList2) return ReadNodes(ref reader, database, key, expireAt, limits);
        var list = new ListValue(database, NewDraft(database, key, expireAt, ObjectType.List), limits);
        if (type == RdbType.List)
        {
            for (var left = reader.Count(); left > 0 && !reader.Failed; left--) Push(ref list, reader.String());
        }
        else
        {
            // A small list was one ziplist, and so was each node of a large one.
            for (var left = type == RdbType.ListZipList ? 1 : reader.Count(); left > 0 && !reader.Failed; left--)
            {
                var elements = new ZiplistReader(reader.String());
                while (elements.MoveNext()) Push(ref list, elements.Current);
                if (elements.Failed) reader.Fail(Damaged(type));
            }
        }
        return Finish(ref reader, database, list.At, list.Count);
    }

    static void Push(ref ListValue list, ReadOnlySpan<byte> value)
    {
        list.Prepare(value.Length, 1);
        list.Push(value, head: false);
    }

    static KeyLookup ReadNodes(ref RdbReader reader, Database database, ReadOnlySpan<byte> key, long expireAt, in ListLimits limits)
    {
        var root = QuickList.CreateRoot(database.Arena, limits);
        var nodes = new QuickList(database.Arena, root);
        var draft = NewDraft(database, key, expireAt, ObjectType.List);
        draft = new(draft.Hash, database.ConvertToNative(draft, ObjectEncoding.QuickList, (byte*)root), draft.Entry);
        for (var left = reader.Count(); left > 0 && !reader.Failed; left--)
        {
            var form = reader.Length();
            var data = reader.String();
            if (reader.Failed) break;
            if (form == RdbFormat.PlainNode && data.Length > 0) nodes.Push(data, head: false);
            else if (form == RdbFormat.PackedNode && Listpack.IsValid(data)) nodes.AppendListpack(data);
            else reader.Fail(Damaged(RdbType.ListQuickList2));
        }
        draft = Finish(ref reader, database, draft, root->Count);
        if (!draft.Found) return draft;
        var list = new ListValue(database, draft, limits);
        list.TryPack(shrinking: false);
        return list.At;
    }

    static KeyLookup ReadSet(
        ref RdbReader reader, RdbType type, Database database, ReadOnlySpan<byte> key, long expireAt, in SetLimits limits)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        // It begins as an intset and takes the form that its members need.
        scoped var set = SetEditor.Draft(database, key, asIntset: true, limits, expireAt);
        if (type == RdbType.Set)
        {
            var left = reader.Count();
            set.Expect(left);
            for (; left > 0 && !reader.Failed; left--)
            {
                var member = reader.String();
                if (!reader.Failed && !set.Add(member)) reader.Fail(Duplicate);
            }
            return Finish(ref reader, database, set.At, set.Count);
        }
        var packed = reader.String();
        if (reader.Failed || (type == RdbType.SetIntSet ? !Intset.IsValid(packed) : !Listpack.IsValid(packed))) reader.Fail(Damaged(type));
        if (reader.Failed) return Finish(ref reader, database, set.At, set.Count);
        fixed (byte* start = packed)
        {
            if (type == RdbType.SetIntSet)
            {
                set.Expect(Intset.Count(start));
                for (var i = 0; i < Intset.Count(start); i++) set.Add(new PackedElement(Intset.Get(start, i)).ToBytes(scratch));
            }
            else
            {
                set.Expect(Listpack.Count(start));
                for (var at = Listpack.First(start); at >= 0; at = Listpack.Next(start, at))
                {
                    if (!set.Add(Listpack.Get(start, at).ToBytes(scratch))) reader.Fail(Damaged(type));
                }
            }
        }
        return Finish(ref reader, database, set.At, set.Count);
    }
}
