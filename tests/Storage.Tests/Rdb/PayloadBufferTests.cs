using System.Buffers;
using MiniRedis.Storage.Rdb;

namespace MiniRedis.Storage.Tests.Rdb;

public class PayloadBufferTests
{
    [Fact]
    public void What_is_written_in_pieces_of_any_size_comes_out_in_order_with_its_checksum()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        for (var round = 0; round < 20; round++)
        {
            var expected = new ArrayBufferWriter<byte>();
            using var buffer = new PayloadBuffer();
            for (var pieces = random.Next(200); pieces > 0; pieces--)
            {
                var bytes = new byte[random.Next(4) == 0 ? random.Next(200_000) : random.Next(50)];
                random.NextBytes(bytes);
                expected.Write(bytes);
                // Some as they fit, some in one run that must be there whole.
                if (random.Next(2) == 0)
                {
                    buffer.Write(bytes);
                    continue;
                }
                bytes.CopyTo(buffer.GetSpan(bytes.Length));
                buffer.Advance(bytes.Length);
            }
            Assert.Equal(expected.WrittenCount, buffer.Length);
            Assert.Equal(Crc64.Append(0, expected.WrittenSpan), buffer.Checksum());
            var found = new ArrayBufferWriter<byte>();
            buffer.TakeOut(piece => found.Write(piece));
            Assert.True(expected.WrittenSpan.SequenceEqual(found.WrittenSpan), $"seed {Seed}, round {round}");
            Assert.Equal(0, buffer.Length);
        }
    }

    [Fact]
    public void It_may_be_longer_than_an_array()
    {
        using var buffer = new PayloadBuffer();
        // Lent and never touched, so the system commits no page of it.
        const int Piece = 1 << 30;
        for (var i = 0; i < 3; i++)
        {
            buffer.GetSpan(Piece);
            buffer.Advance(Piece);
        }
        Assert.Equal(3L * Piece, buffer.Length);
    }
}
