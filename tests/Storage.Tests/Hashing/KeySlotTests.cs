using System.Text;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Tests.Hashing;

public class KeySlotTests
{
    /// <summary>The definition, a bit at a time.</summary>
    static int Plain(ReadOnlySpan<byte> data)
    {
        var crc = 0;
        foreach (var b in data)
        {
            crc ^= b << 8;
            for (var bit = 0; bit < 8; bit++) crc = ((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1) & 0xFFFF;
        }
        return crc;
    }

    [Fact]
    public void Eight_bytes_at_a_time_are_the_same_as_a_bit_at_a_time()
    {
        var random = new Random(1);
        for (var length = 0; length < 100; length++)
        {
            var data = new byte[length];
            random.NextBytes(data);
            Assert.Equal(Plain(data), KeySlot.Crc16(data));
        }
    }

    [Fact]
    public void Crc16_of_the_specification_s_check_string_is_31C3() =>
        Assert.Equal(0x31C3, KeySlot.Crc16("123456789"u8));

    [Theory]
    [InlineData("", 0)]
    [InlineData("foo", 12182)]
    [InlineData("bar", 5061)]
    [InlineData("{foo}.bar", 12182)]
    [InlineData("x{foo}", 12182)]
    [InlineData("{foo}{bar}", 12182)]
    public void Slot_of_a_key_is_what_CLUSTER_KEYSLOT_answers(string key, int slot) =>
        Assert.Equal(slot, KeySlot.Of(Encoding.UTF8.GetBytes(key)));

    [Theory]
    [InlineData("{}foo", "{}foo")]
    [InlineData("foo{{bar}}zap", "{bar")]
    [InlineData("foo{bar", "foo{bar")]
    [InlineData("foo}bar{", "foo}bar{")]
    [InlineData("foo{bar}{zap}", "bar")]
    public void Only_a_closed_and_non_empty_tag_counts(string key, string hashed) =>
        Assert.Equal(hashed, Encoding.UTF8.GetString(KeySlot.HashTag(Encoding.UTF8.GetBytes(key))));
}
