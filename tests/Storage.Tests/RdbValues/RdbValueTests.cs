using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbValues;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.RdbValues;

public sealed class RdbValueTests : IDisposable
{
    static readonly CollectionLimits s_limits = new(new(-2, 0), new(512, 128, 64), new(128, 64), new(128, 64));

    readonly Keyspace _keyspace = new(1, new HashSeed(1, 2));

    public void Dispose() => _keyspace.Dispose();

    Database Database => _keyspace[0];

    /// <summary>A ziplist of texts, each with the length of the one before.</summary>
    static byte[] Ziplist(params object[] elements)
    {
        var body = new List<byte>();
        var (before, last) = (0, 10);
        foreach (var element in elements)
        {
            last = 10 + body.Count;
            var start = body.Count;
            if (before < 254) body.Add((byte)before);
            else body.AddRange([0xFE, .. BitConverter.GetBytes(before)]);
            body.AddRange(element switch
            {
                int small and >= 0 and <= 12 => [(byte)(0xF1 + small)],
                int one and >= sbyte.MinValue and <= sbyte.MaxValue => [0xFE, (byte)one],
                int two and >= short.MinValue and <= short.MaxValue => [0xC0, .. BitConverter.GetBytes((short)two)],
                int four => [0xD0, .. BitConverter.GetBytes(four)],
                long eight => [0xE0, .. BitConverter.GetBytes(eight)],
                string { Length: < 64 } text => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)],
                string text => (byte[])[(byte)(0x40 | text.Length >> 8), (byte)text.Length, .. Encoding.ASCII.GetBytes(text)],
                _ => throw new ArgumentException("not an element"),
            });
            before = body.Count - start;
        }
        var bytes = new byte[10 + body.Count + 1];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), last);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(8), (short)elements.Length);
        body.CopyTo(bytes, 10);
        bytes[^1] = 0xFF;
        return bytes;
    }

    static byte[] Blob(byte[] bytes)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RdbWriter(output, compress: false);
        writer.Length(bytes.Length);
        writer.Raw(bytes);
        return output.WrittenSpan.ToArray();
    }

    bool TryRead(RdbType type, byte[] value, out Record record)
    {
        var reader = new RdbReader(value);
        record = RdbValueReader.Read(ref reader, type, Database, "k"u8, -1, s_limits);
        var read = !record.IsNull;
        Assert.Equal(read, !reader.Failed);
        var isWhole = reader.AtEnd;
        reader.Dispose();
        if (!read) return false;
        if (isWhole) Database.Put(record);
        else Database.Abandon(record);
        return isWhole;
    }

    static string Show(Record record)
    {
        var text = new StringBuilder();
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        switch (record.Type)
        {
            case ObjectType.Hash:
                for (var fields = new HashReader(record).Fields(HashReader.Everything); fields.Next();)
                {
                    text.Append(Encoding.ASCII.GetString(fields.Field.ToBytes(scratch))).Append('=');
                    text.Append(Encoding.ASCII.GetString(fields.Value.ToBytes(scratch))).Append(' ');
                }
                break;
            case ObjectType.SortedSet:
                for (var cursor = new SortedSetValue(record).From(0); cursor.IsValid; cursor.Move())
                    text.Append(Encoding.ASCII.GetString(cursor.Member.ToBytes(scratch))).Append('=').Append(cursor.Score).Append(' ');
                break;
            default:
                var shown = new Shown(text);
                ListValue.Read(record, ref shown);
                break;
        }
        return text.ToString().TrimEnd();
    }

    readonly struct Shown(StringBuilder text) : IElementVisitor
    {
        public bool Visit(PackedElement element)
        {
            text.Append(Encoding.ASCII.GetString(element.ToBytes(stackalloc byte[PackedElement.ScratchBytes]))).Append(' ');
            return true;
        }
    }

    [Fact]
    public void Ziplists_of_old_files_are_read()
    {
        var list = Blob(Ziplist("a", 0, 12, -1, 1000, -70000, 5_000_000_000L, new string('x', 300), "z"));
        Assert.True(TryRead(RdbType.ListZipList, list, out var record));
        Assert.Equal($"a 0 12 -1 1000 -70000 5000000000 {new string('x', 300)} z", Show(record));

        Assert.True(TryRead(RdbType.ListQuickList, [2, .. Blob(Ziplist("a", 1)), .. Blob(Ziplist("b", 2))], out record));
        Assert.Equal("a 1 b 2", Show(record));

        Assert.True(TryRead(RdbType.HashZipList, Blob(Ziplist("f", 1, "g", "two")), out record));
        Assert.Equal("f=1 g=two", Show(record));

        Assert.True(TryRead(RdbType.SortedSetZipList, Blob(Ziplist("m", 1, "n", "2.5")), out record));
        Assert.Equal("m=1 n=2.5", Show(record));
    }

    [Fact]
    public void Zipmaps_of_old_files_are_read()
    {
        byte[] zipmap = [2, 1, (byte)'f', 2, 1, (byte)'v', (byte)'w', 0, 1, (byte)'g', 0, 0, 0xFF];
        Assert.True(TryRead(RdbType.HashZipMap, Blob(zipmap), out var record));
        Assert.Equal("f=vw g=", Show(record));
    }

    [Fact]
    public void Old_forms_of_plain_elements_are_read()
    {
        Assert.True(TryRead(RdbType.List, [2, 1, (byte)'a', 0xC0, 5], out var record));
        Assert.Equal("a 5", Show(record));
        Assert.True(TryRead(RdbType.SortedSet, [2, 1, (byte)'a', 3, .. "2.5"u8, 1, (byte)'b', 255], out record));
        Assert.Equal("b=-Infinity a=2.5", Show(record));
    }

    public static TheoryData<RdbType, byte[]> Damaged => new()
    {
        { RdbType.List, [0] },
        { RdbType.List, [3, 1, (byte)'a'] },
        { RdbType.Set, [2, 1, (byte)'a', 1, (byte)'a'] },
        { RdbType.Hash, [2, 1, (byte)'a', 0, 1, (byte)'a', 0] },
        { RdbType.SortedSet, [1, 1, (byte)'a', 253] },
        { RdbType.SortedSet, [1, 1, (byte)'a', 1, (byte)'x'] },
        { RdbType.HashZipList, Blob(Ziplist("f", 1, "g")) },
        { RdbType.HashZipList, Blob(Ziplist("f", 1, "f", 2)) },
        { RdbType.HashZipMap, Blob([1, 5, (byte)'f', 0xFF]) },
        { RdbType.HashListPack, Blob([9, 0, 0, 0, 1, 0, 1, 1, 0xFF]) },
        { RdbType.SetIntSet, Blob([2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 5, 0]) },
        { RdbType.ListQuickList2, [1, 3, .. Blob([7, 0, 0, 0, 0, 0, 0xFF])] },
        { (RdbType)6, [0] },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damaged_values_are_refused_and_change_nothing(RdbType type, byte[] value)
    {
        Database.Set("k", "stays");
        var used = _keyspace.UsedBytes;

        Assert.False(TryRead(type, value, out _));

        Assert.Equal("stays", Database.Get("k"));
        Assert.Equal(used, _keyspace.UsedBytes);
    }
}
