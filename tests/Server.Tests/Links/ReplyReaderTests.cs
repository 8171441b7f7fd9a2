using System.Text;
using MiniRedis.Server.Links;

namespace MiniRedis.Server.Tests.Links;

public sealed class ReplyReaderTests
{
    /// <summary>Replies in the order of the bytes, and what is left.</summary>
    static (string Replies, string Left) Read(string bytes, int split, int piece = int.MaxValue)
    {
        var reader = new ReplyReader();
        var replies = new List<string>();
        var left = "";
        var all = Encoding.Latin1.GetBytes(bytes);
        for (var at = 0; at < all.Length;)
        {
            var end = Math.Min(all.Length, at < split ? split : at + Math.Min(piece, all.Length - at));
            ReadOnlySpan<byte> input = all.AsSpan(at, end - at);
            while (reader.Read(ref input) is { } reply) replies.Add(reply.ToString());
            left = Encoding.Latin1.GetString(input);
            at = end;
        }
        return (string.Join(" | ", replies), left);
    }

    [Theory]
    [InlineData("+PONG\r\n", "Status PONG")]
    [InlineData("-ERR no\r\n", "Error ERR no")]
    [InlineData(":-42\r\n", "Integer -42")]
    [InlineData("$5\r\na\r\nbc\r\n", "Bulk a\r\nbc")]
    [InlineData("$0\r\n\r\n", "Bulk ")]
    [InlineData("$-1\r\n", "Null ")]
    [InlineData("*-1\r\n", "Null ")]
    [InlineData("*0\r\n", "[]")]
    [InlineData("*3\r\n$1\r\nx\r\n*2\r\n:1\r\n*0\r\n+y\r\n", "[Bulk x, [Integer 1, []], Status y]")]
    [InlineData("*1\r\n*1\r\n*1\r\n:1\r\n+next\r\n", "[[[Integer 1]]] | Status next")]
    [InlineData("\n\n+CONTINUE\r\n", "KeepAlive  | KeepAlive  | Status CONTINUE")]
    [InlineData("+OK\n+OK\r\n", "Status OK | Status OK")]
    public void A_reply_is_the_same_wherever_its_bytes_are_split(string bytes, string expected)
    {
        for (var split = 0; split <= bytes.Length; split++) Assert.Equal((expected, ""), Read(bytes, split));
        Assert.Equal((expected, ""), Read(bytes, 0, piece: 1));
    }

    [Fact]
    public void No_byte_beyond_the_reply_is_taken()
    {
        var reader = new ReplyReader();
        var input = "+FULLRESYNC id 0\r\n$12\r\nREDIS0011..."u8;
        Assert.Equal("FULLRESYNC id 0", reader.Read(ref input)!.Text);
        Assert.Equal("$12\r\nREDIS0011..."u8.ToArray(), input.ToArray());
    }

    [Theory]
    [InlineData("?\r\n", "Protocol error: got '?' where a reply should begin")]
    [InlineData("*2\r\n+a\r\n\r\n", "Protocol error: got 'an empty line' where a reply should begin")]
    [InlineData("$x\r\n", "Protocol error: got '$' where a reply should begin")]
    [InlineData("*-2\r\n", "Protocol error: got '*' where a reply should begin")]
    [InlineData("$99999999999\r\n", "Protocol error: got '$' where a reply should begin")]
    [InlineData("$1\r\nabc", "Protocol error: a bulk string has no end")]
    [InlineData("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "Protocol error: the reply is nested too deeply")]
    [InlineData("$2000000000\r\n", "Protocol error: the reply is too long")]
    public void What_is_no_reply_is_refused(string bytes, string expected)
    {
        for (var split = 0; split <= bytes.Length; split++)
            Assert.Equal(expected, Assert.Throws<LinkException>(() => Read(bytes, split)).Message);
    }

    [Fact]
    public void A_reply_is_bounded_with_all_that_is_in_it()
    {
        static LinkReply? Read(ReplyReader reader, ReadOnlySpan<byte> bytes) => reader.Read(ref bytes);

        var reader = new ReplyReader(mostBytes: 20);
        Assert.Equal("[Bulk abcde]", Read(reader, "*1\r\n$5\r\nabcde\r\n"u8)!.ToString());
        // The bound is of one reply: the one before does not count.
        Assert.Equal("[Bulk abcde]", Read(reader, "*1\r\n$5\r\nabcde\r\n"u8)!.ToString());
        Assert.Throws<LinkException>(() => Read(reader, "*2\r\n$5\r\nabcde\r\n$5\r\nabcde\r\n"u8));
        // A line without an end is not collected for ever.
        Assert.Throws<LinkException>(() => Read(new ReplyReader(mostBytes: 20), "+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"u8));
    }

    [Fact]
    public void Arrays_that_announce_much_cost_nothing_before_it_comes()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> input = "*2000000000\r\n$16000000\r\nabc"u8;
        Assert.Null(new ReplyReader().Read(ref input));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000);
    }
}
