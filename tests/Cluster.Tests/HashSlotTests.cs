using System.Text;

namespace MiniRedis.Cluster.Tests;

public class HashSlotTests
{
    [Fact]
    public void Crc16_of_the_specification_s_check_string_is_31C3() =>
        Assert.Equal(0x31C3, HashSlot.Crc16("123456789"u8));

    [Theory]
    [InlineData("", 0)]
    [InlineData("foo", 12182)]
    [InlineData("bar", 5061)]
    [InlineData("{foo}.bar", 12182)]
    [InlineData("x{foo}", 12182)]
    [InlineData("{foo}{bar}", 12182)]
    public void Slot_of_a_key_is_what_CLUSTER_KEYSLOT_answers(string key, int slot) =>
        Assert.Equal(slot, HashSlot.Of(Encoding.UTF8.GetBytes(key)));

    [Theory]
    [InlineData("{}foo", "{}foo")]
    [InlineData("foo{{bar}}zap", "{bar")]
    [InlineData("foo{bar", "foo{bar")]
    [InlineData("foo}bar{", "foo}bar{")]
    [InlineData("foo{bar}{zap}", "bar")]
    public void Only_a_closed_and_non_empty_tag_counts(string key, string hashed) =>
        Assert.Equal(hashed, Encoding.UTF8.GetString(HashSlot.HashTag(Encoding.UTF8.GetBytes(key))));
}
