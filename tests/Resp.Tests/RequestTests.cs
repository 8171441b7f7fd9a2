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
}
