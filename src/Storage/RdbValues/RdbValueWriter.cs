using System.Diagnostics;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.SortedSets;

namespace MiniRedis.Storage.RdbValues;

/// <summary>
/// Serializes values for RDB files and DUMP payloads: packed forms as they are, native ones element by element. A value is
/// written in the form that the oldest Redis able to hold the data can read.
/// </summary>
public static unsafe partial class RdbValueWriter
{
    public static RdbType TypeOf(Record record) => (record.Type, record.Encoding) switch
    {
        (ObjectType.String, _) => RdbType.String,
        (ObjectType.List, _) => RdbType.ListQuickList2,
        (ObjectType.Set, ObjectEncoding.IntSet) => RdbType.SetIntSet,
        // Redis 7.2 has a form for sets that are listpacks. Redis 7.0 cannot read it, and the members alone say as much.
        (ObjectType.Set, _) => RdbType.Set,
        (ObjectType.SortedSet, ObjectEncoding.ListPack) => RdbType.SortedSetListPack,
        (ObjectType.SortedSet, _) => RdbType.SortedSet2,
        (ObjectType.Hash, ObjectEncoding.ListPack) => RdbType.HashListPack,
        (ObjectType.Hash, ObjectEncoding.ListPackEx) => RdbType.HashListPackEx,
        (ObjectType.Hash, _) => new HashReader(record).HasDeadlines ? RdbType.HashMetadata : RdbType.Hash,
        _ => RdbType.Stream2,
    };

    /// <summary>The version of the format to which this form of a value belongs.</summary>
    public static int VersionOf(RdbType type) =>
        type is RdbType.HashMetadata or RdbType.HashListPackEx ? RdbFormat.FieldExpiryVersion : RdbFormat.Version;

    /// <summary>Writes a value, without its type and key.</summary>
    public static void Write(RdbWriter writer, Record record)
    {
        switch (TypeOf(record))
        {
            case RdbType.String:
                if (record.IsInteger) writer.Number(record.Integer);
                else writer.String(record.Text);
                break;
            case RdbType.ListQuickList2:
                WriteList(writer, record);
                break;
            case RdbType.Set:
                WriteSet(writer, record);
                break;
            case RdbType.SortedSet2:
                WriteSortedSet(writer, record);
                break;
            case RdbType.Hash:
                WriteHash(writer, record);
                break;
            case RdbType.HashMetadata:
                WriteHashWithDeadlines(writer, record);
                break;
            case RdbType.HashListPackEx:
                // The earliest deadline comes before the listpack, so that a reader need not unpack the listpack to find it.
                writer.Int64(FieldDeadlines.EarliestIn(record.PackedStart));
                writer.String(record.Packed);
                break;
            case RdbType.Stream2:
                WriteStream(writer, record);
                break;
            default:
                writer.String(record.Packed);
                break;
        }
    }

    static void WriteList(RdbWriter writer, Record record)
    {
        if (!record.IsNative)
        {
            writer.Length(1);
            writer.Length(RdbFormat.PackedNode);
            writer.String(record.Packed);
            return;
        }
        var root = (ListRoot*)record.Root;
        writer.Length(root->Nodes);
        for (var node = root->Head; node != null; node = node->Next)
        {
            writer.Length(node->IsPlain ? RdbFormat.PlainNode : RdbFormat.PackedNode);
            if (node->IsCompressed) writer.Compressed(new(ListNode.Data(node), node->Stored), node->Bytes);
            else writer.String(new(ListNode.Data(node), ListNode.RawBytes(node)));
        }
    }

    static void WriteSet(RdbWriter writer, Record record)
    {
        var set = new SetReader(record);
        writer.Length(set.Count);
        for (var members = set.Members(); members.Next();) writer.Element(members.Current);
    }

    static void WriteSortedSet(RdbWriter writer, Record record)
    {
        // Highest score first, as in Redis, whose skip list is fastest to insert into at its head.
        ref readonly var tree = ref ((SortedSetRoot*)record.Root)->Tree;
        writer.Length(tree.Count);
        for (var cursor = tree.Last(); cursor.IsValid; cursor.MovePrevious())
        {
            writer.String(cursor.Item.Text);
            writer.Double(cursor.Item.Score);
        }
    }

    static void WriteHash(RdbWriter writer, Record record)
    {
        var hash = new HashReader(record);
        writer.Length(hash.Count);
        for (var fields = hash.Fields(HashReader.Everything); fields.Next();)
        {
            writer.Element(fields.Field);
            writer.Element(fields.Value);
        }
    }

    /// <summary>
    /// Writes deadlines as their distance from the earliest, plus one: so they are short, and 0 is left for "none" (Redis's
    /// rdb.c).
    /// </summary>
    static void WriteHashWithDeadlines(RdbWriter writer, Record record)
    {
        var hash = new HashReader(record);
        var earliest = EarliestDeadline(record);
        writer.Int64(earliest);
        writer.Length(hash.Count);
        for (var fields = hash.Fields(HashReader.Everything); fields.Next();)
        {
            writer.Length(fields.ExpireAt < 0 ? 0 : fields.ExpireAt - earliest + 1);
            writer.Element(fields.Field);
            writer.Element(fields.Value);
        }
    }

    static long EarliestDeadline(Record record)
    {
        var earliest = long.MaxValue;
        for (var fields = new HashReader(record).Fields(HashReader.Everything); fields.Next();)
        {
            if (fields.ExpireAt >= 0) earliest = Math.Min(earliest, fields.ExpireAt);
        }
        Debug.Assert(earliest != long.MaxValue);
        return earliest;
    }
}
