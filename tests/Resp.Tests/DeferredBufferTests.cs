using System.Buffers;
using System.Text;

namespace MiniRedis.Resp.Tests;

public class DeferredBufferTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(100_000)]
    public void Elements_of_any_length_come_out_as_they_went_in(int each)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ReplyWriter();
        writer.Attach(output, 2);
        var expected = new StringBuilder();
        // Twice: what is kept of the first serves the second.
        for (var round = 0; round < 2; round++)
        {
            var count = 3_000_000 / each % 2_000 + 10;
            var outer = writer.BeginDeferred();
            var inner = writer.BeginDeferred();
            expected.Append($"*2\r\n*{count}\r\n");
            for (var i = 0; i < count; i++)
            {
                var text = new string((char)('a' + i % 26), each);
                writer.Bulk(Encoding.ASCII.GetBytes(text));
                expected.Append($"${each}\r\n{text}\r\n");
            }
            writer.EndArray(inner, count);
            writer.Integer(7);
            expected.Append(":7\r\n");
            writer.EndArray(outer, 2);
        }
        writer.Complete();
        Assert.Equal(expected.ToString(), Encoding.ASCII.GetString(output.WrittenSpan));
    }

    [Fact]
    public void More_than_the_limit_is_cut_before_the_count_is_known()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ReplyWriter();
        writer.Attach(output, 2);
        writer.Limit = 1_000_000;
        var mark = writer.Mark;
        writer.BeginDeferred();
        writer.BeginDeferred();
        var value = new byte[10_000];
        var written = 0;
        for (; !writer.IsCut; written++) writer.Bulk(value);
        Assert.InRange(written, 90, 120);
        writer.Unwind(0, mark);
        writer.Complete();
        Assert.Equal(0, output.WrittenCount);
    }
}
