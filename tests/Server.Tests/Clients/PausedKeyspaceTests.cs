namespace MiniRedis.Server.Tests.Clients;

/// <summary>CLIENT PAUSE and time: nothing may change the keyspace while writes are held, expiry least of all.</summary>
public sealed class PausedKeyspaceTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client;

    public PausedKeyspaceTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Theory]
    [InlineData("GET k", "$-1")]
    [InlineData("EXISTS k", ":0")]
    [InlineData("TTL k", ":-2")]
    [InlineData("TYPE k", "+none")]
    [InlineData("MGET k other", "*2 $-1 $-1")]
    [InlineData("DBSIZE", ":1")]
    [InlineData("OBJECT ENCODING k", "$-1")]
    [InlineData("SCAN 0", "*2 $1 0 *0")]
    [InlineData("KEYS *", "*0")]
    [InlineData("RANDOMKEY", "$1 k")]
    public void What_expires_meanwhile_is_gone_for_readers_but_deleted_by_nobody(string command, string reply)
    {
        _client.Call("SET k 1 PX 100");
        _client.Call("CLIENT PAUSE 100000 WRITE");
        _server.Advance(TimeSpan.FromMilliseconds(2000));
        _server.Effects.Events.Clear();
        Assert.Equal(reply, _client.Call(command));
        Assert.DoesNotContain("expired@0 k", _server.Effects.Events);
        Assert.Equal(":1", _client.Call("DBSIZE"));
        _client.Call("CLIENT UNPAUSE");
        Assert.Equal("$-1", _client.Call("GET k"));
        Assert.Equal(":0", _client.Call("DBSIZE"));
        Assert.Contains("expired@0 k", _server.Effects.Events);
    }

    [Fact]
    public void Fields_that_expire_meanwhile_are_passed_over_but_deleted_by_nobody()
    {
        _client.Call("HSET h a 1 b 2");
        _client.Call("HPEXPIRE h 100 FIELDS 1 a");
        _client.Call("CLIENT PAUSE 100000 WRITE");
        _server.Advance(TimeSpan.FromMilliseconds(2000));
        _server.Effects.Events.Clear();
        Assert.Equal("*2 $1 b $1 2", _client.Call("HGETALL h"));
        Assert.Empty(_server.Effects.Events);
        _client.Call("CLIENT UNPAUSE");
        _client.Call("HGETALL h");
        _server.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(["hexpired@0 h"], _server.Effects.Events);
    }

    /// <summary>A transaction that pauses goes on; the key that it sets must not stand beside the expired one.</summary>
    [Fact]
    public void A_write_that_is_not_held_takes_the_place_of_what_has_expired()
    {
        _client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        _client.Call("SET k old PX 100");
        _server.Time.Advance(TimeSpan.FromMilliseconds(101));
        _client.Run(
            """
            MULTI
            -> +OK
            CLIENT PAUSE 100000 WRITE
            -> +QUEUED
            GET k
            -> +QUEUED
            SET k new
            -> +QUEUED
            GET k
            -> +QUEUED
            DBSIZE
            -> +QUEUED
            EXEC
            -> *5 +OK $-1 +OK $3 new :1
            DEL k
            """.Replace("DEL k", "CLIENT UNPAUSE\n-> +OK\nDEL k\n-> :1\nGET k\n-> $-1", StringComparison.Ordinal));
    }
}
