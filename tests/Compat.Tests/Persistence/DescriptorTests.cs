namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>A limit of descriptors that is lowered under a running server. Needs prlimit(1), which is part of util-linux.</summary>
public sealed class DescriptorTests
{
    [Fact]
    public void Who_comes_when_no_descriptor_is_left_is_told_and_the_rest_goes_on()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var server = new MortalServer();
        server.Start();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("SET key value"));
        server.AwaitRehearsal();
        // These take the numbers that files have left free, so that all below the new limit are in use.
        var others = Enumerable.Range(0, 8).Select(_ => server.Connect()).ToList();
        Assert.All(others, other => Assert.Equal("+PONG", other.Call("PING")));
        if (!server.TryLimitDescriptors(server.DescriptorsInUse - 2)) Assert.Skip("needs prlimit(1)");
        for (var i = 0; i < 3; i++)
        {
            using var refused = server.Connect();
            Assert.Equal("-ERR max number of clients reached", refused.Read());
            Assert.Equal("$5 value", client.Call("GET key"));
        }
        Assert.True(server.TryLimitDescriptors(most: 1000));
        using var late = server.Connect();
        Assert.Equal("$5 value", late.Call("GET key"));
        others.ForEach(other => other.Dispose());
    }
}
