using System.Buffers;
using System.Text;
using MiniRedis.Storage.Rdb;

namespace MiniRedis.Storage.Tests.Rdb;

/// <summary>Lengths and strings, written and read back.</summary>
public class RdbWriterTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(63, "3F")]
    [InlineData(64, "40-40")]
    [InlineData(16383, "7F-FF")]
    [InlineData(16384, "80-00-00-40-00")]
    [InlineData(4294967295, "80-FF-FF-FF-FF")]
    [InlineData(4294967296, "81-00-00-00-01-00-00-00-00")]
    public void Lengths_have_the_shortest_form(long length, string expected)
    {
        var output = new ArrayBufferWriter<byte>();
        new RdbWriter(output, compress: true).Length(length);

        Assert.Equal(expected, BitConverter.ToString(output.WrittenSpan.ToArray()));
        var reader = new RdbReader(output.WrittenSpan);
        Assert.Equal((ulong)length, reader.Length());
        Assert.True(reader.AtEnd && !reader.Failed);
        reader.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-128")]
    [InlineData("32767")]
    [InlineData("-2147483648")]
    [InlineData("2147483648")]
    [InlineData("007")]
    [InlineData("text")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Strings_are_read_as_they_were_written(string text)
    {
        foreach (var compress in (bool[])[true, false])
        {
            var output = new ArrayBufferWriter<byte>();
            new RdbWriter(output, compress).String(Encoding.ASCII.GetBytes(text));
            var reader = new RdbReader(output.WrittenSpan);
            Assert.Equal(text, Encoding.ASCII.GetString(reader.String()));
            Assert.True(reader.AtEnd && !reader.Failed);
            reader.Dispose();
            // Every prefix is too short, and says so.
            for (var length = 0; length < output.WrittenCount; length++)
            {
                var torn = new RdbReader(output.WrittenSpan[..length]);
                torn.String();
                Assert.True(torn.Failed);
                torn.Dispose();
            }
        }
    }

    [Fact]
    public void A_compressed_string_cannot_announce_more_than_its_bytes_can_be()
    {
        // 3 bytes that claim to be 2 GB.
        var reader = new RdbReader([0xC3, 3, 0x80, 0x7F, 0xFF, 0xFF, 0xFF, 1, 2, 3]);
        reader.String();
        Assert.True(reader.Failed);
        reader.Dispose();
    }
}
