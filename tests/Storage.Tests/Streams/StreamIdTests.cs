using System.Text;
using MiniRedis.Storage.Streams;

namespace MiniRedis.Storage.Tests.Streams;

public class StreamIdTests
{
    [Theory]
    [InlineData("0", 0, 7)]
    [InlineData("5-3", 5, 3)]
    [InlineData("18446744073709551615-18446744073709551615", ulong.MaxValue, ulong.MaxValue)]
    [InlineData("007-+8", 7, 8)]
    [InlineData(" 7-8", 7, 8)]
    [InlineData("0-00", 0, 0)]
    public void Ids_are_read_as_redis_reads_them(string text, ulong ms, ulong seq)
    {
        Assert.True(StreamId.TryParse(Encoding.ASCII.GetBytes(text), 7, out var id));
        Assert.Equal(new StreamId(ms, seq), id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("+")]
    [InlineData("5-")]
    [InlineData("-5")]
    [InlineData("5-*")]
    [InlineData("5-6-7")]
    [InlineData("5 -6")]
    [InlineData("18446744073709551616-0")]
    [InlineData("x")]
    public void What_is_no_id_is_refused(string text) => Assert.False(StreamId.TryParse(Encoding.ASCII.GetBytes(text), 7, out _));

    [Fact]
    public void Neighbours_carry_over_the_sequence()
    {
        Assert.True(new StreamId(1, ulong.MaxValue).TryNext(out var next));
        Assert.Equal(new StreamId(2, 0), next);
        Assert.True(next.TryPrevious(out var previous));
        Assert.Equal(new StreamId(1, ulong.MaxValue), previous);
        var id = StreamId.Max;
        Assert.False(id.TryNext(out id));
        Assert.Equal(StreamId.Min, id);
        Assert.False(id.TryPrevious(out id));
        Assert.False(StreamId.Min.TryPrevious(out _));
    }

    [Fact]
    public void An_id_is_written_in_at_most_41_bytes()
    {
        Span<byte> text = stackalloc byte[StreamId.MaxLength];
        Assert.Equal(StreamId.MaxLength, StreamId.Max.Format(text));
        Assert.Equal(StreamId.Max.ToString(), Encoding.ASCII.GetString(text));
    }
}
