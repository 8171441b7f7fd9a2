using System.Buffers;
using System.Text;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbValues;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Streams;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.Tests.Harness;

/// <summary>Random changes of keyspaces, of every type, with limits so low that all forms occur; and what is then in them.</summary>
static class RandomChanges
{
    public const int DatabaseCount = 3;

    static readonly SetLimits s_sets = new(8, 8, 16);
    static readonly HashLimits s_hashes = new(8, 16);
    static readonly SortedSetLimits s_sorted = new(8, 16);
    static readonly ListLimits s_lists = new(4, 0);

    static readonly ObjectType[] s_types = [ObjectType.List, ObjectType.Set, ObjectType.Hash, ObjectType.SortedSet, ObjectType.Stream];

    /// <summary>What DUMP answers of every key.</summary>
    public static Dictionary<string, string> Contents(Keyspace keyspace)
    {
        var contents = new Dictionary<string, string>();
        foreach (var database in keyspace.Databases)
        {
            foreach (var record in RecordsOf(database)) contents.Add(Name(database.Number, record), Payload(record));
        }
        return contents;
    }

    public static List<Record> RecordsOf(Database database)
    {
        var records = new List<Record>();
        ulong cursor = 0;
        do cursor = database.Scan(cursor, records);
        while (cursor != 0);
        return records;
    }

    public static string Name(int database, Record record) => $"{database}:{Encoding.UTF8.GetString(record.Key)}";

    public static string Payload(Record record)
    {
        using var buffer = new PayloadBuffer();
        DumpPayload.Write(record, compress: false, buffer);
        var bytes = new ArrayBufferWriter<byte>();
        buffer.TakeOut(piece => bytes.Write(piece));
        return $"{record.ExpireAt} {Convert.ToHexString(bytes.WrittenSpan)}";
    }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Does something to a random key: or, if <paramref name="wholesale"/>, to whole databases.</summary>
    public static void Change(Random random, Keyspace keyspace, int keys, bool wholesale)
    {
        var database = keyspace[random.Next(DatabaseCount)];
        if (wholesale)
        {
            var kind = random.Next(4);
            if (kind < 2) keyspace.Swap(database.Number, random.Next(DatabaseCount));
            else if (kind == 2) database.Clear();
            else keyspace.FlushAll();
            return;
        }
        // Half of the keys share three slots, for keyspaces that keep them by slot.
        var number = random.Next(keys + 1);
        var key = Bytes(number % 2 == 0 ? $"{{{number % 3}}}key:{number}" : $"key:{number}");
        var at = database.Lookup(key);
        switch (random.Next(10))
        {
            case 0 when at.Found:
                database.Delete(at);
                break;
            case 1 when at.Found:
                database.SetExpiry(at, 1_000_000 + random.Next(1000));
                break;
            case 2 when at.Found:
                database.ClearExpiry(at);
                break;
            case 3 when at.Found:
                database.MoveTo(at, keyspace[random.Next(DatabaseCount)], Bytes($"key:{random.Next(keys + 1)}"));
                break;
            case 4 when at.Found:
                database.CopyTo(at, keyspace[random.Next(DatabaseCount)], Bytes($"key:{random.Next(keys + 1)}"));
                break;
            case 5:
                database.SetString(at, key, Value(random), random.Next(3) == 0 ? 5_000_000 : -1);
                break;
            case 6:
                if (at.Found && at.Record.Type != ObjectType.String) database.Delete(at);
                var target = database.Lookup(key);
                var length = target.Found ? target.Record.StringLength : 0;
                database.MutableString(target, key, length + random.Next(30), out _)[length..].Fill((byte)'+');
                break;
            case 7 when at.Found && random.Next(2) == 0:
                database.SetMetadata(at, new() { Created = random.Next(1000), StaleWindow = random.Next(3) * 10 }, Tags(random));
                break;
            default:
                for (var i = random.Next(6); i >= 0; i--) Edit(random, database, key);
                break;
        }
    }

    /// <summary>Deletes three keys of four, the same ones in every keyspace that holds the same.</summary>
    public static void DeleteMost(Keyspace keyspace, int seed)
    {
        var random = new Random(seed);
        foreach (var database in keyspace.Databases)
        {
            var names = RecordsOf(database).ConvertAll(record => Encoding.UTF8.GetString(record.Key));
            names.Sort(StringComparer.Ordinal);
            foreach (var name in names)
            {
                if (random.Next(4) != 0) database.Delete(database.Lookup(name));
            }
        }
    }

    static TagNames Tags(Random random)
    {
        var bytes = new byte[100];
        var end = 0;
        for (var i = random.Next(5); i > 0; i--) end += TagNames.Put(bytes.AsSpan(end), Bytes($"tag:{random.Next(30)}"));
        return new(bytes.AsSpan(0, end));
    }

    static byte[] Value(Random random) => random.Next(20) switch
    {
        0 => Bytes(new string((char)('a' + random.Next(26)), 70_000)),
        < 4 => Bytes(random.Next().ToString()),
        < 8 => Bytes(new string((char)('a' + random.Next(26)), random.Next(2000))),
        _ => Bytes(new string((char)('a' + random.Next(26)), random.Next(40))),
    };

    static void Edit(Random random, Database database, byte[] key)
    {
        var at = database.Lookup(key);
        var member = Bytes($"m{random.Next(40)}");
        if (at.Found) database.Seize(at);
        switch (at.Found ? at.Record.Type : s_types[random.Next(s_types.Length)])
        {
            case ObjectType.List:
                var list = new ListValue(database, at.Found ? at : ListValue.Create(database, at, key), s_lists);
                list.Prepare(member.Length, 1);
                list.Push(member, random.Next(2) == 0);
                if (random.Next(3) == 0 && list.Count > 1) list.RemoveEnd(random.Next(2) == 0);
                list.TryPack();
                break;
            case ObjectType.Set:
                AddToSet(database, key, member, s_sets);
                break;
            case ObjectType.Hash:
                var hash = at.Found ? new HashEditor(database, at, s_hashes) : HashEditor.Create(database, at, key, 0, s_hashes);
                hash.Set(member, Bytes(random.Next(1000).ToString()));
                break;
            case ObjectType.SortedSet:
                var set = at.Found ? new SortedSetValue(database, at) : SortedSetValue.Create(database, at, key, 1, member.Length, s_sorted);
                var place = set.Find(member);
                if (place.Found) set.SetScore(place, member, random.Next(100));
                else set.Add(place, member, random.Next(100), s_sorted);
                break;
            case ObjectType.Stream:
                EditStream(random, database.Stream(at.Found ? at.Record : database.CreateStream(at, key)), member);
                break;
        }
    }

    public static void AddToSet(Database database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> member, SetLimits limits)
    {
        var at = database.Lookup(key);
        if (at.Found) new SetEditor(database, at, limits).Add(member);
        else SetEditor.Create(database, at, key, member, 1, limits);
    }

    static void EditStream(Random random, StreamValue stream, byte[] member)
    {
        stream.Append(new StreamId(stream.LastId.Ms + 1 + (ulong)random.Next(3), 0), new Pair(member), new StreamNodeLimits(4096, 5));
        var name = Bytes($"group{random.Next(8)}");
        stream.TryCreateGroup(name, StreamId.Min, 0, out var group);
        var consumerName = Bytes($"consumer{random.Next(12)}");
        if (!group.TryGetConsumer(consumerName, out var consumer)) consumer = group.CreateConsumer(consumerName, random.Next(1000));
        for (var i = random.Next(4); i > 0; i--) group.SetPending(new StreamId((ulong)random.Next(1, 200), 0), consumer, i, i);
        group.Acknowledge(new StreamId((ulong)random.Next(1, 200), 0));
        if (random.Next(4) == 0 && stream.Length > 3) stream.Delete(stream.FirstId);
    }

    /// <summary>A stream's entry of one field.</summary>
    public readonly ref struct Pair(byte[] value) : IStreamEntry
    {
        readonly byte[] _value = value;

        public int Count => 1;

        public ReadOnlySpan<byte> Field(int index) => "field"u8;

        public ReadOnlySpan<byte> Value(int index) => _value;
    }
}
