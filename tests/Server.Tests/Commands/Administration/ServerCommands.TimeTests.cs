namespace MiniRedis.Server.Tests.Commands.Administration;

public sealed class ServerCommandsTimeTests
{
    [Fact]
    public void Time_is_seconds_and_the_microseconds_of_the_current_one()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        server.Time.Advance(TimeSpan.FromMicroseconds(2_000_123));
        Assert.Equal("*2 $10 1767225602 $3 123", client.Call("TIME"));
    }
}
