using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Tests.Packed;

public class LzfTests
{
    [Fact]
    public void What_was_compressed_comes_back()
    {
        var random = new Random(1);
        for (var round = 0; round < 3000; round++)
        {
            var input = new byte[random.Next(0, round % 100 == 0 ? 200_000 : 2000)];
            var alphabet = 1 + random.Next(round % 3 == 0 ? 256 : 4);
            for (var i = 0; i < input.Length; i++) input[i] = (byte)random.Next(alphabet);
            // Long repetitions, far and near.
            for (var i = 0; i < 5 && input.Length > 300; i++)
            {
                var length = random.Next(input.Length / 2);
                input.AsSpan(random.Next(input.Length - length), length).CopyTo(input.AsSpan(random.Next(input.Length - length)));
            }
            var output = new byte[input.Length + input.Length / 16 + 16];
            var written = Lzf.Compress(input, output);
            if (input.Length < 4)
            {
                Assert.Equal(0, written);
                continue;
            }
            Assert.True(written > 0);
            var back = new byte[input.Length];
            Assert.True(Lzf.TryDecompress(output.AsSpan(0, written), back));
            Assert.Equal(input, back);
            Assert.False(Lzf.TryDecompress(output.AsSpan(0, written), new byte[input.Length + 1]));
            Assert.False(Lzf.TryDecompress(output.AsSpan(0, written), new byte[input.Length - 1]));
        }
    }

    [Fact]
    public void Output_that_does_not_suffice_is_said_so_and_not_exceeded()
    {
        var random = new Random(2);
        for (var round = 0; round < 500; round++)
        {
            var input = new byte[random.Next(4, 300)];
            for (var i = 0; i < input.Length; i++) input[i] = (byte)random.Next(3);
            var full = Lzf.Compress(input, new byte[1000]);
            Assert.Equal(full, Lzf.Compress(input, new byte[full]));
            Assert.Equal(0, Lzf.Compress(input, new byte[full - 1]));
        }
    }

    [Fact]
    public void Bytes_of_unknown_origin_do_no_harm()
    {
        var random = new Random(3);
        var output = new byte[500];
        for (var round = 0; round < 100_000; round++)
        {
            var input = new byte[random.Next(40)];
            random.NextBytes(input);
            Lzf.TryDecompress(input, output.AsSpan(0, random.Next(output.Length)));
        }
    }

    [Fact]
    public void Known_bytes_decompress()
    {
        // "aaaaaaaaaaaa" as LibLZF writes it: one literal run of one byte, a match of 11 one byte back.
        var output = new byte[12];
        Assert.True(Lzf.TryDecompress([0x00, (byte)'a', 0xE0, 0x02, 0x00], output));
        Assert.Equal("aaaaaaaaaaaa"u8.ToArray(), output);
    }
}
