using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Memory.Slabs;
using MiniRedis.Storage.Tables;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Tables;

/// <summary>The block of one bucket: when it moves, and to how large a block.</summary>
public sealed unsafe class PackedBucketTests
{
    /// <summary>A head of 16 bytes, a tag and a size for each of a multiple of 8 elements, the elements; in multiples of 64 bytes.</summary>
    static long Needed(int count, int used) => (16 + 2 * ((count + 7) / 8 * 8) + used + 63) / 64 * 64;

    static long BlockFor(int count, int used) => SizeClasses.Size(SizeClasses.Of((nuint)Needed(count, used)));

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(24)]
    [InlineData(127)]
    public void A_bucket_moves_when_it_must_and_gives_memory_back_when_half_of_it_is_free(int size)
    {
        using var arena = new Arena();
        byte* bucket = null;
        long bytes = 0;
        var room = 0;
        for (var count = 1; count <= 40; count++)
        {
            var before = bucket;
            var must = bucket == null || count > room || 16 + 2 * room + count * size > (long)Arena.SizeOf(bucket);
            new Span<byte>(PackedBucket.Append(arena, ref bucket, (byte)count, (byte)size, ref bytes), size).Fill((byte)count);
            if (must)
            {
                room = (count + 7) / 8 * 8;
                Assert.Equal(BlockFor(count, count * size), (long)Arena.SizeOf(bucket));
            }
            else Assert.True(bucket == before);
            Require(bucket, count, size, count);
            Assert.Equal(arena.UsedBytes, bytes);
        }
        for (var count = 39; count > 0; count--)
        {
            var before = bucket;
            var block = (long)Arena.SizeOf(bucket);
            PackedBucket.Remove(arena, ref bucket, 0, ref bytes);
            Require(bucket, count, size, 40);
            var isHalfFree = block >= 2 * Needed(count, count * size);
            if (isHalfFree) Assert.Equal(BlockFor(count, count * size), (long)Arena.SizeOf(bucket));
            else Assert.True(bucket == before);
            Assert.Equal(arena.UsedBytes, bytes);
        }
        PackedBucket.Remove(arena, ref bucket, 0, ref bytes);
        Assert.True(bucket == null);
        Assert.Equal((0, 0), (arena.UsedBytes, bytes));
    }

    /// <summary>The elements are numbered, the last one by <paramref name="last"/>, and filled with their numbers.</summary>
    static void Require(byte* bucket, int count, int size, int last)
    {
        Assert.Equal((count, count * size), (PackedBucket.Count(bucket), PackedBucket.Used(bucket)));
        for (var i = 0; i < count; i++)
        {
            var number = (byte)(last - count + 1 + i);
            Assert.Equal((number, (byte)size), (PackedBucket.Tags(bucket)[i], PackedBucket.Sizes(bucket)[i]));
            Assert.Equal(i * size, PackedBucket.OffsetOf(bucket, i));
            Assert.Equal(1u << i % 16, PackedBucket.Match(bucket, i / 16 * 16, number));
            Assert.False(new Span<byte>(PackedBucket.Elements(bucket) + i * size, size).ContainsAnyExcept(number));
        }
    }

    [Fact]
    public void A_bucket_stays_where_it_has_room_and_where_there_is_no_memory()
    {
        using var arena = new Arena();
        byte* bucket = null;
        long bytes = 0;
        for (var i = 0; i < 8; i++) PackedBucket.Append(arena, ref bucket, (byte)i, 10, ref bytes);
        // 112 of 128 bytes.
        var before = bucket;
        Assert.True(PackedBucket.TryReserve(arena, ref bucket, 0, 16, ref bytes));
        PackedBucket.Fit(arena, ref bucket, ref bytes);
        Assert.True(bucket == before);

        arena.Trial = new Scarcity(blocks: 0);
        Assert.False(PackedBucket.TryReserve(arena, ref bucket, 0, 17, ref bytes));
        Assert.False(PackedBucket.TryReserve(arena, ref bucket, 1, 10, ref bytes));
        Assert.True(bucket == before);
        arena.Trial = null;
        Assert.True(PackedBucket.TryReserve(arena, ref bucket, 1, 10, ref bytes));
        Assert.True(bucket != before);
        Assert.Equal((192, 192), (arena.UsedBytes, bytes));

        before = bucket;
        arena.Trial = new Scarcity(blocks: 0);
        PackedBucket.Fit(arena, ref bucket, ref bytes);
        Assert.True(bucket == before);
        arena.Trial = null;
        PackedBucket.Fit(arena, ref bucket, ref bytes);
        Assert.Equal((128, 128), (arena.UsedBytes, bytes));
        Assert.Equal((8, 80), (PackedBucket.Count(bucket), PackedBucket.Used(bucket)));
    }

    [Theory]
    [InlineData(false, 127, 0, false, 127)]
    [InlineData(false, 128, 0, false, 0x88)]
    [InlineData(true, 26, 100, false, 127)]
    [InlineData(true, 26, 101, false, 0x88)]
    [InlineData(true, 0, 118, true, 127)]
    [InlineData(true, 0, 119, true, 0x88)]
    public void An_element_of_more_than_127_bytes_lies_apart(bool hasValue, int field, int value, bool expires, byte size) =>
        Assert.Equal(size, PackedEntry.SizeFor(hasValue, field, value, expires));
}
