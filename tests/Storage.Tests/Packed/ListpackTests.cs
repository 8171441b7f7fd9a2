using System.Text;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using static MiniRedis.Storage.Tests.Packed.ListpackEdits;

namespace MiniRedis.Storage.Tests.Packed;

public sealed unsafe class ListpackTests : IDisposable
{
    readonly Arena _arena = new();

    public void Dispose() => _arena.Dispose();

    static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    byte[] Build(params string[] values)
    {
        var owner = ArenaBlock.Create(_arena, 0);
        foreach (var value in values) Listpack.Append(ref owner, Utf8(value));
        return new ReadOnlySpan<byte>(owner.Start, Listpack.Bytes(owner.Start)).ToArray();
    }

    [Theory]
    [InlineData("0", "00 01")]
    [InlineData("127", "7F 01")]
    [InlineData("128", "C0 80 02")]
    [InlineData("-1", "DF FF 02")]
    [InlineData("4095", "CF FF 02")]
    [InlineData("-4096", "D0 00 02")]
    [InlineData("4096", "F1 00 10 03")]
    [InlineData("-32768", "F1 00 80 03")]
    [InlineData("32768", "F2 00 80 00 04")]
    [InlineData("-8388608", "F2 00 00 80 04")]
    [InlineData("8388608", "F3 00 00 80 00 05")]
    [InlineData("-2147483648", "F3 00 00 00 80 05")]
    [InlineData("2147483648", "F4 00 00 00 80 00 00 00 00 09")]
    [InlineData("-9223372036854775808", "F4 00 00 00 00 00 00 00 80 09")]
    [InlineData("9223372036854775808", "93 39 32 32 33 33 37 32 30 33 36 38 35 34 37 37 35 38 30 38 14")]
    [InlineData("", "80 01")]
    [InlineData("ab", "82 61 62 03")]
    [InlineData("007", "83 30 30 37 04")]
    public void Each_value_has_the_encoding_of_the_format(string value, string expected)
    {
        var bytes = Build(value);

        Assert.Equal(expected, BitConverter.ToString(bytes[Listpack.HeaderSize..^1]).Replace('-', ' '));
        Assert.Equal(bytes.Length - Listpack.EmptySize, Listpack.SizeOf(Utf8(value)));
        Assert.True(Listpack.IsValid(bytes));
        fixed (byte* lp = bytes) Assert.Equal([value], Elements(lp));
    }

    [Theory]
    [InlineData(63, 65)]
    [InlineData(64, 67)]
    [InlineData(125, 128)]
    [InlineData(126, 130)]
    [InlineData(4095, 4099)]
    [InlineData(4096, 4103)]
    [InlineData(16377, 16384)]
    [InlineData(16378, 16386)]
    [InlineData(2_097_146, 2_097_155)]
    public void Strings_of_any_length_are_walked_both_ways(int length, int size)
    {
        var text = new string('x', length);
        var bytes = Build("first", text, "last");

        fixed (byte* lp = bytes)
        {
            var at = Listpack.Next(lp, Listpack.First(lp));
            Assert.Equal(length, Listpack.Get(lp, at).Length);
            Assert.Equal(size, Listpack.Last(lp) - at);
            Assert.Equal(at, Listpack.Prev(lp, Listpack.Last(lp)));
            Assert.Equal(Listpack.First(lp), Listpack.Prev(lp, at));
            Assert.Equal(-1, Listpack.Prev(lp, Listpack.First(lp)));
            Assert.Equal(-1, Listpack.Next(lp, Listpack.Last(lp)));
        }
        Assert.True(Listpack.IsValid(bytes));
    }

    [Fact]
    public void More_elements_than_the_count_holds_are_counted_by_walking()
    {
        var owner = ArenaBlock.Create(_arena, 0);
        for (var i = 0; i < 70_000; i++) Listpack.Append(ref owner, i % 10);

        Assert.Equal(70_000, Listpack.Count(owner.Start));
        Assert.True(Listpack.IsValid(new(owner.Start, Listpack.Bytes(owner.Start))));
        Assert.Equal(Listpack.Last(owner.Start), Listpack.Seek(owner.Start, -1));
        Assert.Equal(-1, Listpack.Seek(owner.Start, 70_000));

        Listpack.Delete(ref owner, Listpack.HeaderSize, 10_000);
        Assert.Equal(60_000, Listpack.Count(owner.Start));
        Assert.True(Listpack.IsValid(new(owner.Start, Listpack.Bytes(owner.Start))));
    }

    [Fact]
    public void A_value_is_found_among_fields_only_where_others_are_skipped()
    {
        fixed (byte* lp = Build("a", "b", "b", "12", "12", "c"))
        {
            Assert.Equal(Listpack.Seek(lp, 1), Listpack.Find(lp, Listpack.First(lp), "b"u8, 0));
            Assert.Equal(Listpack.Seek(lp, 2), Listpack.Find(lp, Listpack.First(lp), "b"u8, 1));
            Assert.Equal(Listpack.Seek(lp, 4), Listpack.Find(lp, Listpack.First(lp), "12"u8, 1));
            Assert.Equal(-1, Listpack.Find(lp, Listpack.First(lp), "c"u8, 1));
            Assert.Equal(-1, Listpack.Find(lp, Listpack.First(lp), "012"u8, 0));
            Assert.Equal(-1, Listpack.Find(lp, -1, "a"u8, 0));
        }
    }

    [Theory]
    [MemberData(nameof(ListpackEdits.Seeds), MemberType = typeof(ListpackEdits))]
    public void Edits_of_a_block_agree_with_a_list(int seed)
    {
        var owner = ArenaBlock.Create(_arena, 0, head: seed % 2 * 16);
        ListpackEdits.Run(ref owner, seed, 2000);
    }

    /// <summary>Whatever one changed byte makes of a listpack: it is refused, or can be walked to its end.</summary>
    [Fact]
    public void A_damaged_listpack_is_refused_or_still_one()
    {
        var good = Build("abc", "1", "-70000", "12345678901", new string('x', 100), new string('y', 5000), "");
        for (var i = 0; i < good.Length; i++)
        {
            foreach (var damage in new byte[] { 0, 1, 0x7F, 0x80, 0xC0, 0xE5, 0xF0, 0xF4, 0xF9, 0xFF })
            {
                var bytes = good.ToArray();
                bytes[i] = damage;
                if (!Listpack.IsValid(bytes)) continue;
                fixed (byte* lp = bytes)
                {
                    Assert.Equal(Listpack.Count(lp), Elements(lp).Count);
                    for (var at = Listpack.Last(lp); at >= 0; at = Listpack.Prev(lp, at)) Assert.InRange(at, 0, bytes.Length);
                }
            }
        }
        for (var length = 0; length < good.Length; length++) Assert.False(Listpack.IsValid(good.AsSpan(0, length)));
        Assert.False(Listpack.IsValid(Build("a", "b", "c"), group: 2));
        Assert.False(Listpack.IsValid(Listpack.Empty, leastElements: 1));
    }
}
