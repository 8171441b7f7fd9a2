namespace MiniRedis.Resp.Tests;

public sealed class RequestTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(9, 9)]
    [InlineData(10, 10)]
    [InlineData(100, 1234567)]
    public void The_encoded_length_is_that_of_what_a_client_sends(int count, int length)
    {
        var arguments = new ArgBuffer();
        arguments.Begin();
        for (var i = 0; i < count; i++) arguments.Add(new byte[length]);
        var request = arguments.Build();
        var expected = $"*{count}\r\n".Length + count * ($"${length}\r\n\r\n".Length + (long)length);
        Assert.Equal((long)count * length, request.ArgumentBytes);
        Assert.Equal(expected, request.EncodedLength);
        Assert.InRange(request.MostEncodedLength, expected, expected + 16 * count + 16);
    }

    [Fact]
    public void Arguments_may_lie_anywhere_around_their_origin()
    {
        byte[] memory = [.. "valueSETkey"u8];
        ref byte origin = ref memory[5];
        ArgRange[] ranges = [new(0, 3), new(3, 3), new(-5, 5)];
        var request = Request.Scattered(ref origin, ranges);
        Assert.Equal(3, request.Count);
        Assert.Equal("SET"u8, request[0]);
        Assert.Equal("key"u8, request[1]);
        Assert.Equal("value"u8, request[2]);
        Assert.Equal("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n".Length, request.EncodedLength);
        Assert.Equal(request.EncodedLength, request.MostEncodedLength);
        Assert.Equal("value"u8, request.Skip(2)[0]);
    }
}
