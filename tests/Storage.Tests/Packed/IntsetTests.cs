using System.Buffers.Binary;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Tests.Packed;

public sealed unsafe class IntsetTests : IDisposable
{
    readonly Arena _arena = new();

    public void Dispose() => _arena.Dispose();

    /// <summary>The simplest owner: a block of fixed size.</summary>
    struct Room(byte* start) : IPackedOwner
    {
        public int Length { get; private set; } = Intset.HeaderSize;

        public readonly byte* Start => start;

        public byte* Splice(int offset, int remove, int insert)
        {
            var rest = Length - offset - remove;
            Buffer.MemoryCopy(start + offset + remove, start + offset + insert, rest, rest);
            Length += insert - remove;
            return start;
        }
    }

    Room NewSet()
    {
        var start = _arena.Allocate(100_000);
        *(long*)start = 2;
        return new(start);
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 40_000)]
    [InlineData(3, 5_000_000_000)]
    public void An_intset_agrees_with_a_sorted_set(int seed, long range)
    {
        var random = new Random(seed);
        var set = NewSet();
        var model = new SortedSet<long>();
        for (var step = 0; step < 4_000; step++)
        {
            var value = random.NextInt64(-range, range);
            if (random.Next(3) == 0 && model.Count > 0)
            {
                if (random.Next(2) == 0) value = model.ElementAt(random.Next(model.Count));
                Assert.True(Intset.Remove(ref set, value) == model.Remove(value), $"seed {seed}, step {step}");
            }
            else
            {
                Assert.True(Intset.Add(ref set, value) == model.Add(value), $"seed {seed}, step {step}");
            }
            Assert.Equal(model.Contains(value), Intset.Contains(set.Start, value));
        }
        Assert.Equal(model, Enumerable.Range(0, Intset.Count(set.Start)).Select(i => At(i)));
        Assert.True(Intset.IsValid(new ReadOnlySpan<byte>(set.Start, set.Length)));

        long At(int index) => Intset.Get(set.Start, index);
    }

    [Fact]
    public void The_bytes_are_those_of_redis()
    {
        var set = NewSet();
        Intset.Add(ref set, 5);
        Intset.Add(ref set, -1);
        Assert.Equal("0200000002000000FFFF0500", Convert.ToHexString(new ReadOnlySpan<byte>(set.Start, set.Length)));
        Intset.Add(ref set, 70_000);
        Assert.Equal("0400000003000000FFFFFFFF0500000070110100", Convert.ToHexString(new ReadOnlySpan<byte>(set.Start, set.Length)));
        Intset.Add(ref set, long.MinValue);
        Assert.Equal(long.MinValue, Intset.First(set.Start));
        Assert.Equal(70_000, Intset.Last(set.Start));
    }

    [Fact]
    public void Bytes_that_are_no_intset_are_told_apart()
    {
        var good = Convert.FromHexString("0200000002000000FFFF0500");
        Assert.True(Intset.IsValid(good));
        for (var length = 0; length < good.Length; length++) Assert.False(Intset.IsValid(good.AsSpan(0, length)));
        Assert.False(Intset.IsValid([.. good, 0]));
        Assert.False(Intset.IsValid(Convert.FromHexString("02000000020000000500FFFF")));
        Assert.False(Intset.IsValid(Convert.FromHexString("020000000200000005000500")));
        Assert.False(Intset.IsValid(Convert.FromHexString("030000000200000005000600")));
        Assert.False(Intset.IsValid(Convert.FromHexString("0200000000000000")));
        BinaryPrimitives.WriteInt32LittleEndian(good.AsSpan(4), -2);
        Assert.False(Intset.IsValid(good));
    }
}
