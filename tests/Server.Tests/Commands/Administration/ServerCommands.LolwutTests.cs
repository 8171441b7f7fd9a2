using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Tests.Commands.Administration;

public sealed class ServerCommandsLolwutTests : IDisposable
{
    readonly TestServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public void The_picture_has_the_size_asked_for_and_the_version_at_its_foot()
    {
        using var client = _server.Connect(protocol: 3);
        var reply = client.Call("LOLWUT VERSION 5 4 2");
        var lines = reply.Split('\n');
        Assert.StartsWith("=", lines[0], StringComparison.Ordinal);
        Assert.Contains("txt:", lines[0], StringComparison.Ordinal);
        // Four characters of three UTF-8 bytes each.
        Assert.Equal(12, lines[1].Length);
        Assert.StartsWith($"Redis ver. {ServerVersion.Redis}", lines[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LOLWUT VERSION x")]
    [InlineData("LOLWUT wide")]
    public void Sizes_and_versions_are_numbers(string command)
    {
        using var client = _server.Connect();
        Assert.Equal("-ERR value is not an integer or out of range", client.Call(command));
    }
}
