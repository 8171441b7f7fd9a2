using System.Buffers;
using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbValues;
using MiniRedis.Storage.Streams;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.RdbValues;

/// <summary>Payloads of streams, damaged in every place: refused, or read as something that can be used and freed without harm.</summary>
public unsafe class StreamPayloadTests
{
    readonly ref struct Entry(string[] words) : IStreamEntry
    {
        readonly string[] _words = words;

        public int Count => _words.Length / 2;

        public ReadOnlySpan<byte> Field(int index) => Encoding.ASCII.GetBytes(_words[index * 2]);

        public ReadOnlySpan<byte> Value(int index) => Encoding.ASCII.GetBytes(_words[index * 2 + 1]);
    }

    static byte[] Payload(Keyspace keyspace)
    {
        var database = keyspace[0];
        var record = database.CreateStream(database.Lookup("s"), "s"u8);
        var stream = database.Stream(record);
        for (var i = 1; i <= 12; i++)
        {
            string[] words = i % 3 == 0 ? ["field", $"{i}", "more", "words"] : ["field", $"value {i}"];
            stream.Append(new StreamId((ulong)i, 0), new Entry(words), new StreamNodeLimits(4096, 4));
        }
        stream.Delete(new StreamId(2, 0));
        stream.TryCreateGroup("group"u8, new StreamId(6, 0), 6, out var group);
        var consumers = new[] { group.CreateConsumer("one"u8, 1000), group.CreateConsumer("two"u8, 2000) };
        for (var i = 1; i <= 6; i++) group.SetPending(new StreamId((ulong)i, 0), consumers[i % 2], 1000 + i, i);
        var output = new ArrayBufferWriter<byte>();
        RdbValueWriter.Write(new RdbWriter(output, compress: false), record);
        return output.WrittenSpan.ToArray();
    }

    static bool TryRead(Database database, ReadOnlySpan<byte> bytes)
    {
        var reader = new RdbReader(bytes);
        try
        {
            var record = RdbValueReader.Read(ref reader, RdbType.Stream2, database, "t"u8, -1, default);
            if (record.IsNull) return false;
            if (reader.AtEnd)
            {
                database.Put(record);
                return true;
            }
            database.Abandon(record);
            return false;
        }
        finally
        {
            reader.Dispose();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Damaged_payloads_do_no_harm(int seed)
    {
        var random = new Random(seed);
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), TimeProvider.System);
        var whole = Payload(keyspace);
        var database = keyspace[0];
        var baseline = keyspace.UsedBytes;
        Assert.True(TryRead(database, whole));
        database.Stream(database.Lookup("t").Record).Verify();
        Drop(keyspace, database);
        Assert.Equal(baseline, keyspace.UsedBytes);
        for (var length = 0; length < whole.Length; length++) Assert.False(TryRead(database, whole.AsSpan(0, length)));
        var refused = 0;
        for (var round = 0; round < 4_000; round++)
        {
            var damaged = (byte[])whole.Clone();
            for (var i = random.Next(1, 3); i > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)(damaged[random.Next(damaged.Length)] + random.Next(-2, 3));
            }
            if (TryRead(database, damaged)) Use(keyspace, database, random);
            else refused++;
            Assert.Equal(baseline, keyspace.UsedBytes);
        }
        Assert.InRange(refused, 1_000, 4_000);
    }

    static void Use(Keyspace keyspace, Database database, Random random)
    {
        var stream = database.Stream(database.Lookup("t").Record);
        for (var reverse = 0; reverse < 2; reverse++)
        {
            var entry = new StreamCursor(stream, StreamId.Min, StreamId.Max, reverse == 1);
            while (entry.MoveNext())
            {
                for (var i = entry.FieldCount; i > 0; i--) entry.NextField(out _, out _);
            }
        }
        for (var i = 1; i <= 12; i++) stream.Delete(new StreamId((ulong)i, 0));
        var last = new StreamId(ulong.MaxValue, (ulong)random.Next());
        stream.Append(last, new Entry(["a", "b"]), new StreamNodeLimits(4096, 4));
        foreach (var group in stream.Groups)
        {
            group.Acknowledge(new StreamId(1, 0));
            foreach (var consumer in group.Consumers) Assert.True(consumer.Name.Length >= 0);
        }
        database.Trim(stream, new StreamTrim(ByLength: false, 0, new StreamId(5, 0), WholeNodes: false, 0, StreamReferences.Delete));
        database.Trim(stream, new StreamTrim(ByLength: true, 0, default, WholeNodes: false, 0, StreamReferences.Keep));
        Drop(keyspace, database);
    }

    static void Drop(Keyspace keyspace, Database database)
    {
        database.Delete(database.Lookup("t"));
        keyspace.FreeDiscarded(int.MaxValue);
    }
}
