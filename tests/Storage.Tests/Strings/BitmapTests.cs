using System.Numerics;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.Tests.Strings;

public class BitmapTests
{
    static byte[] Bytes(int length, int seed, int density = 128)
    {
        var random = new Random(seed);
        var bytes = new byte[length];
        for (var i = 0; i < length * 8; i++)
        {
            if (random.Next(256) < density) bytes[i >> 3] |= (byte)(0x80 >> (i & 7));
        }
        return bytes;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(63)]
    [InlineData(512)]
    [InlineData(1000)]
    [InlineData(5003)]
    public void Counts_of_any_range_are_the_sum_of_the_bits(int length)
    {
        var bytes = Bytes(length, seed: length);
        Assert.Equal(bytes.Sum(b => BitOperations.PopCount(b)), Bitmap.Count(bytes));
        Assert.Equal(length * 8L, Bitmap.Count(Enumerable.Repeat((byte)255, length).ToArray()));
        var random = new Random(1);
        for (var i = 0; i < 200 && length > 0; i++)
        {
            var first = random.Next(length * 8);
            var last = random.Next(first, length * 8);
            var expected = Enumerable.Range(first, last - first + 1).Count(bit => Bitmap.Get(bytes, bit));
            Assert.Equal(expected, Bitmap.Count(bytes, first, last));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(250)]
    public void The_first_bit_of_a_range_is_found(int density)
    {
        var bytes = Bytes(300, seed: 5, density);
        var random = new Random(2);
        for (var i = 0; i < 2000; i++)
        {
            var first = random.Next(bytes.Length * 8);
            var last = random.Next(first, bytes.Length * 8);
            var value = random.Next(2) == 1;
            var expected = Enumerable.Range(first, last - first + 1).Cast<int?>().FirstOrDefault(bit => Bitmap.Get(bytes, bit!.Value) == value) ?? -1;
            Assert.Equal(expected, Bitmap.Find(bytes, value, first, last));
        }
    }

    [Fact]
    public void Fields_of_any_width_and_place_are_written_without_touching_their_neighbours()
    {
        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Bytes(random.Next(9, 40), seed: i);
            var width = random.Next(1, 65);
            var offset = random.Next(bytes.Length * 8 - width + 1);
            var before = bytes.ToArray();
            var value = (ulong)random.NextInt64() << 1 | (uint)random.Next(2);
            Bitmap.WriteField(bytes, offset, width, value);
            Assert.Equal(value & ulong.MaxValue >> (64 - width), Bitmap.ReadField(bytes, offset, width));
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                if (bit < offset || bit >= offset + width) Assert.Equal(Bitmap.Get(before, bit), Bitmap.Get(bytes, bit));
                else Assert.Equal((value >> (offset + width - 1 - bit) & 1) == 1, Bitmap.Get(bytes, bit));
            }
        }
        Assert.Equal(0UL, Bitmap.ReadField([255], 8, 64));
        Assert.Equal(0b1111_0000UL, Bitmap.ReadField([255], 4, 8));
    }

    [Theory]
    [InlineData(BitOperation.And)]
    [InlineData(BitOperation.Or)]
    [InlineData(BitOperation.Xor)]
    [InlineData(BitOperation.Not)]
    [InlineData(BitOperation.Diff)]
    [InlineData(BitOperation.Diff1)]
    [InlineData(BitOperation.AndOr)]
    [InlineData(BitOperation.One)]
    public void Strings_of_any_length_are_combined_bit_by_bit(BitOperation operation)
    {
        using var keyspace = new Keyspace();
        var database = keyspace[0];
        var random = new Random((int)operation);
        for (var round = 0; round < 60; round++)
        {
            var count = operation == BitOperation.Not ? 1 : random.Next(2, 6);
            var sources = new byte[count][];
            var records = new Record[count];
            for (var i = 0; i < count; i++)
            {
                sources[i] = Bytes(random.Next(4) == 0 ? 0 : random.Next(round % 3 == 0 ? 9000 : 100), seed: round * 10 + i);
                var key = new[] { (byte)i };
                if (sources[i].Length > 0) sources[i].CopyTo(database.MutableString(database.Lookup(key), key, sources[i].Length, out records[i]));
            }
            var result = new byte[sources.Max(s => s.Length)];
            new Random(9).NextBytes(result);
            Bitmap.Combine(operation, result, records);
            for (var at = 0; at < result.Length; at++)
            {
                var column = sources.Select(s => at < s.Length ? s[at] : (byte)0).ToArray();
                Assert.Equal(Expected(operation, column), result[at]);
            }
            for (var i = 0; i < count; i++)
            {
                if (!records[i].IsNull) database.Delete(database.Lookup(new[] { (byte)i }));
            }
        }
    }

    static byte Expected(BitOperation operation, byte[] column)
    {
        var any = column.Skip(1).Aggregate(0, (a, b) => a | b);
        var result = 0;
        for (var bit = 1; bit < 256; bit <<= 1)
        {
            var first = (column[0] & bit) != 0;
            var others = (any & bit) != 0;
            var set = operation switch
            {
                BitOperation.And => column.All(b => (b & bit) != 0),
                BitOperation.Or => first || others,
                BitOperation.Xor => column.Count(b => (b & bit) != 0) % 2 == 1,
                BitOperation.Not => !first,
                BitOperation.Diff => first && !others,
                BitOperation.Diff1 => !first && others,
                BitOperation.AndOr => first && others,
                _ => column.Count(b => (b & bit) != 0) == 1,
            };
            if (set) result |= bit;
        }
        return (byte)result;
    }
}
