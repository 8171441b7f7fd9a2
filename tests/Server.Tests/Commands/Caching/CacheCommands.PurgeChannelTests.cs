namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>Who is told of purges: subscribers at once, others by CACHE.LOG.</summary>
public sealed class CachePurgeChannelTests : IDisposable
{
    const string Clock = "17672256000000";

    readonly TestServer _server = new("cache-lease-max 10");
    readonly RawClient _client, _subscriber;

    public CachePurgeChannelTests() => (_client, _subscriber) = (_server.Connect(), _server.Connect());

    public void Dispose()
    {
        _subscriber.Dispose();
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Subscribers_get_a_message_for_each_name_whatever_notify_keyspace_events_says()
    {
        _subscriber.Call("SUBSCRIBE __cache@0__:purge __cache@1__:purge");
        _subscriber.Read();
        _client.Run($"""
            CACHE.PURGE TAG user:7 "two words"
            -> :{Clock}00
            CACHE.PURGE SOFT LOCAL TAG posts
            -> :{Clock}01
            CACHE.PURGE LOCAL SOFT ALL
            -> :{Clock}02
            SELECT 1
            -> +OK
            CACHE.PURGE ALL
            -> :{Clock}03
            """);
        Assert.Equal($"*3 $7 message $17 __cache@0__:purge $32 {Clock}00 HARD TAG user:7", _subscriber.Read());
        Assert.Equal($"*3 $7 message $17 __cache@0__:purge $35 {Clock}00 HARD TAG two words", _subscriber.Read());
        Assert.Equal($"*3 $7 message $17 __cache@0__:purge $31 {Clock}01 SOFT TAG posts", _subscriber.Read());
        Assert.Equal($"*3 $7 message $17 __cache@0__:purge $25 {Clock}02 SOFT ALL", _subscriber.Read());
        Assert.Equal($"*3 $7 message $17 __cache@1__:purge $25 {Clock}03 HARD ALL", _subscriber.Read());
    }

    [Theory]
    [InlineData("__cache@0__:purge", false)]
    [InlineData("__cache@15__:purge", false)]
    [InlineData("__cache@__:purge", true)]
    [InlineData("__cache@x__:purge", true)]
    [InlineData("__cache@-1__:purge", true)]
    [InlineData("__cache@0__:purged", true)]
    public void Nobody_but_the_server_sends_there(string channel, bool isAllowed)
    {
        var reply = _client.Call($"PUBLISH {channel} message");
        Assert.Equal(isAllowed ? ":0" : "-ERR only servers send to this channel; use CACHE.PURGE", reply);
    }

    [Fact]
    public void The_log_tells_what_was_purged_since_a_version()
    {
        _client.Call("CACHE.PURGE TAG a b");
        _client.Call("CACHE.PURGE SOFT ALL");
        _client.Call("CACHE.PURGE TAG c");
        const string A = $"*4 :{Clock}00 $4 HARD $3 TAG $1 a", B = $"*4 :{Clock}00 $4 HARD $3 TAG $1 b";
        const string All = $"*4 :{Clock}01 $4 SOFT $3 ALL $0 ", C = $"*4 :{Clock}02 $4 HARD $3 TAG $1 c";
        Assert.Equal($"*2 :{Clock}02 *4 {A} {B} {All} {C}", _client.Call("CACHE.LOG 0"));
        Assert.Equal($"*2 :{Clock}02 *2 {All} {C}", _client.Call($"CACHE.LOG {Clock}00"));
        Assert.Equal($"*2 :{Clock}02 *0", _client.Call($"CACHE.LOG {Clock}02"));
        // Names of one purge are not torn apart.
        Assert.Equal($"*2 :{Clock}02 *2 {A} {B}", _client.Call("CACHE.LOG 0 COUNT 1"));
        Assert.Equal($"*2 :{Clock}02 *1 {All} ".TrimEnd(), _client.Call($"CACHE.LOG {Clock}00 COUNT 1").TrimEnd());
        _client.Call("SELECT 1");
        Assert.Equal($"*2 :{Clock}02 *0", _client.Call("CACHE.LOG 0"));
    }

    [Fact]
    public void What_the_log_has_forgotten_is_answered_by_null()
    {
        _client.Call("CACHE.PURGE TAG a");
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Keyspace[0].Purges.Forget(_server.Server.Keyspace.CacheClock.Value);
        Assert.Equal($"*2 :{Clock}00 *-1", _client.Call("CACHE.LOG 0"));
        Assert.Equal($"*2 :{Clock}00 *0", _client.Call($"CACHE.LOG {Clock}00"));
    }

    [Fact]
    public void The_log_has_room_for_as_many_purges_as_the_directive_says()
    {
        Assert.Equal("*2 $13 cache-log-max $5 16384", _client.Call("CONFIG GET cache-log-max"));
        Assert.Equal("+OK", _client.Call("CONFIG SET cache-log-max 2"));
        for (var i = 0; i < 4; i++) _client.Call($"CACHE.PURGE TAG {i}");
        Assert.Equal($"*2 :{Clock}03 *-1", _client.Call("CACHE.LOG 0"));
        Assert.Equal($"*2 :{Clock}03 *2 *4 :{Clock}02 $4 HARD $3 TAG $1 2 *4 :{Clock}03 $4 HARD $3 TAG $1 3", _client.Call($"CACHE.LOG {Clock}01"));
        // What is forgotten counts as purged.
        Assert.Equal("$-1", _client.Call($"CACHE.SET k v ASOF {Clock}00"));
        Assert.Equal("+OK", _client.Call("CONFIG SET cache-log-max 0"));
        Assert.Equal($"*2 :{Clock}03 *-1", _client.Call($"CACHE.LOG {Clock}02"));
        Assert.Equal($":{Clock}04", _client.Call("CACHE.PURGE TAG x"));
        Assert.Equal($"*2 :{Clock}04 *0", _client.Call($"CACHE.LOG {Clock}04"));
        Assert.Equal("$-1", _client.Call($"CACHE.SET k v ASOF {Clock}03"));
        Assert.Equal($":{Clock}04", _client.Call($"CACHE.SET k v ASOF {Clock}04 TAGS 1 x"));
        Assert.StartsWith("-ERR", _client.Call("CONFIG SET cache-log-max -1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CACHE.LOG x", "-ERR value is not an integer or out of range")]
    [InlineData("CACHE.LOG -1", "-ERR version is out of range, must not be negative")]
    [InlineData("CACHE.LOG 99999999999999999", "-ERR version is above the cache clock")]
    [InlineData("CACHE.LOG 0 COUNT", "-ERR syntax error")]
    [InlineData("CACHE.LOG 0 OTHER 1", "-ERR syntax error")]
    [InlineData("CACHE.LOG 0 COUNT 0", "-ERR COUNT must be > 0")]
    [InlineData("CACHE.LOG 0 COUNT x", "-ERR value is not an integer or out of range")]
    public void What_is_wrong_is_refused(string command, string error) => Assert.Equal(error, _client.Call(command));

    [Fact]
    public void Who_may_not_subscribe_to_the_channel_does_not()
    {
        _client.Call("ACL SETUSER some on nopass ~* +@all &news");
        _subscriber.Call("AUTH some x");
        Assert.StartsWith("-NOPERM", _subscriber.Call("SUBSCRIBE __cache@0__:purge"), StringComparison.Ordinal);
    }
}
