using MiniRedis.Storage.Rdb;

namespace MiniRedis.Storage.Tests.Rdb;

public sealed class Crc64Tests
{
    [Fact]
    public void The_checksum_is_that_of_redis() => Assert.Equal(0xe9c6d914c4b8d9caUL, Crc64.Append(0, "123456789"u8));

    [Fact]
    public void Folding_and_tables_agree_at_every_length_and_start()
    {
        var data = new byte[700];
        new Random(1).NextBytes(data);
        for (var length = 0; length <= data.Length - 3; length++)
        {
            var part = data.AsSpan(length % 3, length);
            Assert.Equal(Crc64.AppendByTables(17, part), Crc64.Append(17, part));
        }
    }

    [Fact]
    public void The_pieces_do_not_matter()
    {
        var data = new byte[1000];
        new Random(2).NextBytes(data);
        var whole = Crc64.Append(0, data);
        for (var cut = 0; cut <= data.Length; cut += 7)
            Assert.Equal(whole, Crc64.Append(Crc64.Append(0, data.AsSpan(0, cut)), data.AsSpan(cut)));
    }
}
