using System.Buffers.Binary;
using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Strings;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Strings;

public class HyperLogLogTests
{
    const long MaxSparse = 3000;

    static HyperLogLogEditor Edit(Database database, string key, long maxSparse = MaxSparse)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        return new HyperLogLogEditor(database, database.Lookup(bytes), bytes, maxSparse);
    }

    static void Put(Database database, string key, ReadOnlySpan<byte> value)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        value.CopyTo(database.MutableString(database.Lookup(bytes), bytes, value.Length, out _));
    }

    static byte[] Element(long i)
    {
        var element = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(element, i);
        return element;
    }

    [Fact]
    public void Sparse_and_dense_agree_with_a_plain_array_of_registers()
    {
        using var keyspace = new Keyspace();
        var random = new Random(1);
        for (var round = 0; round < 20; round++)
        {
            var database = keyspace[0];
            var sparse = Edit(database, $"sparse{round}", maxSparse: 100_000);
            using var other = new Keyspace();
            var dense = Edit(other[0], "dense");
            Assert.True(dense.TryMakeDense());
            var plain = new byte[HyperLogLog.Registers];
            for (var i = 0; i < round * 100; i++)
            {
                var element = Element(random.NextInt64());
                var (register, run) = HyperLogLog.Place(element);
                var expected = plain[register] < run ? HyperLogLogChange.Changed : HyperLogLogChange.None;
                plain[register] = Math.Max(plain[register], run);
                Assert.Equal(expected, sparse.Add(element));
                Assert.Equal(expected, dense.Add(element));
            }
            var merged = new byte[HyperLogLog.Registers];
            Assert.True(HyperLogLog.TryMerge(sparse.Value, merged));
            Assert.Equal(plain, merged);
            Array.Clear(merged);
            Assert.True(HyperLogLog.TryMerge(dense.Value, merged));
            Assert.Equal(plain, merged);
            for (var i = 0; i < plain.Length; i++) Assert.Equal(plain[i], HyperLogLog.GetRegister(dense.Value[HyperLogLog.HeaderSize..], i));
            Assert.True(HyperLogLog.TryCount(sparse.Value, out var sparseCount));
            Assert.True(HyperLogLog.TryCount(dense.Value, out var denseCount));
            Assert.Equal(sparseCount, denseCount);
            Assert.Equal(sparseCount, HyperLogLog.Count(plain));
            Assert.True(sparse.TryMakeDense());
            Assert.Equal(dense.Value, sparse.Value);
        }
    }

    [Fact]
    public void Storing_registers_makes_the_bytes_that_adding_them_in_order_makes()
    {
        using var keyspace = new Keyspace();
        var random = new Random(2);
        for (var round = 0; round < 30; round++)
        {
            var registers = new byte[HyperLogLog.Registers];
            for (var i = 0; i < round * 20; i++)
            {
                // Neighbours and equal values, so that runs are split and joined.
                var at = random.Next(registers.Length - 8);
                for (var j = 0; j < random.Next(8); j++) registers[at + j] = (byte)random.Next(1, 4);
            }
            var stored = Edit(keyspace[0], $"s{round}");
            stored.Store(registers, dense: false);
            var merged = new byte[HyperLogLog.Registers];
            Assert.True(HyperLogLog.TryMerge(stored.Value, merged));
            Assert.Equal(registers, merged);
            if (!HyperLogLog.IsDense(stored.Value)) Assert.True(stored.Value.Length <= MaxSparse);
        }
    }

    [Theory]
    [InlineData(1_000, 0.03)]
    [InlineData(100_000, 0.03)]
    public void Estimates_are_near_the_truth(int elements, double error)
    {
        using var keyspace = new Keyspace();
        var editor = Edit(keyspace[0], "k");
        for (var i = 0; i < elements; i++) editor.Add(Element(i));
        Assert.True(HyperLogLog.TryCount(editor.Value, out var count));
        Assert.InRange(count, elements * (1 - error), elements * (1 + error));
    }

    [Fact]
    public void A_large_register_needs_the_dense_form()
    {
        using var keyspace = new Keyspace();
        var editor = Edit(keyspace[0], "k");
        var registers = new byte[HyperLogLog.Registers];
        registers[^1] = 32;
        editor.Store(registers, dense: false);
        Assert.False(HyperLogLog.IsDense(editor.Value));
        registers[^1] = 33;
        editor.Store(registers, dense: false);
        Assert.True(HyperLogLog.IsDense(editor.Value));
        Assert.Equal(33, HyperLogLog.GetRegister(editor.Value[HyperLogLog.HeaderSize..], HyperLogLog.Registers - 1));
    }

    [Fact]
    public void Corrupt_values_are_told_and_never_followed()
    {
        using var keyspace = new Keyspace();
        var database = keyspace[0];
        var random = new Random(3);
        var registers = new byte[HyperLogLog.Registers];
        for (var round = 0; round < 3000; round++)
        {
            var whole = Edit(database, "whole");
            for (var i = 0; i < random.Next(50); i++) whole.Add(Element(random.Next(1000)));
            var value = whole.Value.ToArray().ToList();
            for (var i = random.Next(1, 8); i > 0 && value.Count > 0; i--)
            {
                var at = random.Next(value.Count);
                if (random.Next(3) == 0) value.RemoveAt(at);
                else if (random.Next(2) == 0) value.Insert(at, (byte)random.Next(256));
                else value[at] = (byte)random.Next(256);
            }
            Put(database, "k", value.ToArray());
            if (HyperLogLog.IsOne(value.ToArray()))
            {
                HyperLogLog.TryCount(value.ToArray(), out _);
                HyperLogLog.TryMerge(value.ToArray(), registers);
                if (!HyperLogLog.IsDense(value.ToArray())) HyperLogLog.Describe(value.ToArray());
                var editor = Edit(database, "k", maxSparse: random.Next(100));
                for (var i = 0; i < 100; i++) editor.Add(Element(random.NextInt64()));
                editor.TryMakeDense();
            }
            database.Delete(database.Lookup("k"));
            database.Delete(database.Lookup("whole"));
        }
        Assert.Equal(0, keyspace.Count);
    }

    [Fact]
    public void Registers_of_any_bytes_have_an_estimate()
    {
        var value = new byte[HyperLogLog.DenseSize];
        "HYLL"u8.CopyTo(value);
        Assert.True(HyperLogLog.TryCount(value, out var count));
        Assert.Equal(0UL, count);
        value.AsSpan(HyperLogLog.HeaderSize).Fill(255);
        Assert.True(HyperLogLog.TryCount(value, out count));
        Assert.Equal(1UL << 63, count);
    }
}
