namespace MiniRedis.Server.Tests.Commands;

public sealed class KeyCommandsTtlTests : IDisposable
{
    readonly TestServer _server = new();
    readonly RawClient _client;

    public KeyCommandsTtlTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void What_is_left_is_rounded_to_the_nearest_second()
    {
        _client.Call("SET k v PX 10499");
        Assert.Equal(":10", _client.Call("TTL k"));
        Assert.Equal(":10499", _client.Call("PTTL k"));
        _client.Call("PEXPIRE k 10500");
        Assert.Equal(":11", _client.Call("TTL k"));
        _server.Time.Advance(TimeSpan.FromMilliseconds(10_100));
        Assert.Equal(":400", _client.Call("PTTL k"));
        Assert.Equal(":0", _client.Call("TTL k"));
        _server.Time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.Equal(":-2", _client.Call("TTL k"));
    }

    [Fact]
    public void Asking_is_no_use_of_the_value()
    {
        _client.Call("SET k v EX 100");
        _server.Advance(TimeSpan.FromSeconds(20));
        foreach (var command in (string[])["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "EXISTS", "TYPE"]) _client.Call($"{command} k");
        Assert.Equal(":20", _client.Call("OBJECT IDLETIME k"));
        Assert.Equal(":-2", _client.Call("TTL missing"));
        Assert.Equal("keymiss@0 missing", _server.Effects.Events[^1]);
    }
}
