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
}
