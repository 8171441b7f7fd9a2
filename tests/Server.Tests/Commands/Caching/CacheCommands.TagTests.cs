namespace MiniRedis.Server.Tests.Commands.Caching;

public sealed class CacheCommandsTagTests : ServerTests
{
    [Fact]
    public void Keys_of_any_type_get_tags() => _client.Run("""
        RPUSH list a b c
        -> :3
        CACHE.TAG list x y
        -> :2
        CACHE.TAG list y z z
        -> :1
        CACHE.TAG list y
        -> :0
        CACHE.TAG missing x
        -> $-1
        CACHE.INFO list
        -> *24 $4 type $4 list $7 version :1767225600000000 $6 age-ms :0 $5 state $5 FRESH $8 fresh-ms :-1 $6 ttl-ms :-1 $12 stale-window :0 $5 slide :0 $7 cost-ms :0 $8 negative :0 $8 lease-ms :0 $4 tags *3 $1 x $1 y $1 z
        RPUSH list d
        -> :4
        CACHE.PURGE TAG z
        -> :1767225600000001
        LLEN list
        -> :0
        """);

    [Fact]
    public void The_version_stays_that_of_the_value()
    {
        _client.Call("CACHE.SET k v EX 100 STALE 10 COST 5");
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(":1", _client.Call("CACHE.TAG k a"));
        Assert.Equal("*5 $1 v $5 FRESH $-1 :99000 :1767225600000000", _client.Call("CACHE.GET k"));
        Assert.Contains("$12 stale-window :10000 $5 slide :0 $7 cost-ms :5", _client.Call("CACHE.INFO k"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tag_that_was_purged_after_the_value_was_made_kills_it() => _client.Run("""
        CACHE.SET k v
        -> :1767225600000000
        CACHE.PURGE TAG a
        -> :1767225600000001
        CACHE.TAG k a
        -> :1
        EXISTS k
        -> :0
        """);

    /// <summary>A replica that has begun since, or a server that has loaded a file, knows nothing of a purge that left no key behind.</summary>
    [Fact]
    public void What_becomes_of_a_key_by_a_purge_before_it_had_the_tag_is_told()
    {
        _client.Call("CACHE.SET late v EX 100 STALE 10");
        _client.Call("CACHE.SET dead v");
        _client.Call("CACHE.PURGE TAG b");
        _client.Call("CACHE.PURGE SOFT TAG c");
        _server.Effects.Commands.Clear();
        _client.Call("CACHE.TAG dead b");
        Assert.Equal(["DEL dead"], _server.Effects.Commands);
        _server.Effects.Commands.Clear();
        _client.Call("CACHE.TAG late c");
        Assert.Equal(2, _server.Effects.Commands.Count);
        Assert.Equal("PEXPIREAT late 1767225610000", _server.Effects.Commands[0]);
        Assert.StartsWith("PING ", _server.Effects.Commands[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Tags_travel_without_a_command_of_a_value()
    {
        _client.Call("SET k v");
        _server.Effects.Commands.Clear();
        _client.Call("CACHE.TAG k a");
        Assert.Single(_server.Effects.Commands);
        Assert.StartsWith("PING ", _server.Effects.Commands[0], StringComparison.Ordinal);
        _client.Call("CACHE.TAG k a");
        Assert.Single(_server.Effects.Commands);
    }

    [Fact]
    public void A_key_has_at_most_so_many()
    {
        _client.Call("SET k v");
        Assert.Equal(":1000", _client.Call($"CACHE.TAG k {string.Join(' ', Enumerable.Range(0, 1000))}"));
        Assert.Equal("-ERR a key has at most 1024 tags", _client.Call($"CACHE.TAG k {string.Join(' ', Enumerable.Range(1000, 25))}"));
        Assert.Equal(1000, _server.Server.Keyspace[0].Tags.Count);
        Assert.Equal(":24", _client.Call($"CACHE.TAG k {string.Join(' ', Enumerable.Range(900, 124))} 1000"));
        Assert.Equal("-ERR a key has at most 1024 tags", _client.Call("CACHE.TAG k x"));
        Assert.Equal("-ERR a key has at most 1024 tags", _client.Call($"CACHE.TAG other {string.Join(' ', Enumerable.Range(0, 1025))}"));
    }

    [Theory]
    [InlineData("k", "wrong number of arguments for 'cache.tag' command")]
    [InlineData("k a \"\"", "a tag has 1 to 1024 bytes")]
    public void Bad_arguments_change_nothing(string arguments, string error)
    {
        _client.Call("SET k v");
        Assert.Equal($"-ERR {error}", _client.Call($"CACHE.TAG {arguments}"));
        Assert.Equal("$-1", _client.Call("CACHE.INFO k"));
    }
}
