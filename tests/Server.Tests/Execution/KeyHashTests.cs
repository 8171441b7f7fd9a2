namespace MiniRedis.Server.Tests.Execution;

public sealed class KeyHashTests
{
    /// <summary>Arguments of an inline request lie one behind the other, so an empty key has the address of what follows it.</summary>
    [Fact]
    public void A_key_behind_an_empty_first_key_is_found_by_its_own_hash()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.SendRaw("MSET \"\" \"\" foo bar\r\n");
        Assert.Equal("+OK", client.Read());
        Assert.Equal("*2 $0  $3 bar", client.Call("MGET '' foo"));
        client.SendRaw("MGET \"\" foo\r\n");
        Assert.Equal("*2 $0  $3 bar", client.Read());
        client.SendRaw("DEL \"\" foo\r\n");
        Assert.Equal(":2", client.Read());
        Assert.Equal(":0", client.Call("DBSIZE"));
    }
}
