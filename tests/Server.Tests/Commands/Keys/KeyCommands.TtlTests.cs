namespace MiniRedis.Server.Tests.Commands.Keys;

public sealed class KeyCommandsTtlTests : ServerTests
{
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
        _server.Time.Advance(TimeSpan.FromMilliseconds(401));
        Assert.Equal(":-2", _client.Call("TTL k"));
    }

    /// <summary>As in Redis, where "expired" means that the deadline is less than now.</summary>
    [Fact]
    public void A_key_and_a_field_live_through_the_millisecond_of_their_deadline()
    {
        _client.Run("""
            SET k v PX 10
            -> +OK
            HSET h f 1
            -> :1
            HPEXPIRE h 10 FIELDS 1 f
            -> *1 :1
            """);
        _server.Advance(TimeSpan.FromMilliseconds(10));
        _client.Run("""
            PTTL k
            -> :0
            GET k
            -> $1 v
            HPTTL h FIELDS 1 f
            -> *1 :0
            HGET h f
            -> $1 1
            """);
        _server.Advance(TimeSpan.FromMilliseconds(1));
        _client.Run("""
            PTTL k
            -> :-2
            HGET h f
            -> $-1
            DBSIZE
            -> :0
            """);
    }

    [Fact]
    public void What_is_given_the_present_millisecond_as_its_deadline_is_gone_at_once()
    {
        var now = _server.Time.GetUtcNow().ToUnixTimeMilliseconds();
        _client.Run($"""
            MSET a 1 b 1
            -> +OK
            PEXPIREAT a {now}
            -> :1
            EXISTS a
            -> :0
            HSET h f 1
            -> :1
            HPEXPIREAT h {now} FIELDS 1 f
            -> *1 :2
            EXISTS h
            -> :0
            """);
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
