namespace MiniRedis.Server.Tests.Commands.Caching;

public sealed class CacheCommandsPurgeTests : SweptServerTests
{
    [Fact]
    public void Nobody_sees_a_purged_key_any_more() => _client.Run("""
        CACHE.SET a 1 TAGS 2 x y
        -> :1767225600000000
        CACHE.SET b 2 TAGS 1 y
        -> :1767225600000000
        CACHE.SET c 3 TAGS 1 z
        -> :1767225600000000
        SET d 4
        -> +OK
        CACHE.PURGE TAG y nosuch
        -> :1767225600000001
        KEYS [ab]
        -> *0
        SCAN 0 MATCH [ab]
        -> *2 $1 0 *0
        MGET a b c d
        -> *4 $-1 $-1 $1 3 $1 4
        EXISTS a b c d
        -> :2
        CACHE.PURGE ALL
        -> :1767225600000002
        KEYS *
        -> *1 $1 d
        """);

    [Theory]
    [MemberData(nameof(PurgedKey.Replies), MemberType = typeof(PurgedKey))]
    [InlineData("CACHE.GET a", "*5 $-1 $4 MISS $-1 :0 :1767225600000001")]
    public void Every_command_finds_it_gone(string command, string reply)
    {
        PurgedKey.Prepare(_client, command);
        _client.Call("CACHE.SET a 7 EX 100 TAGS 1 x");
        _client.Call("CACHE.PURGE TAG x");
        Assert.Equal(reply, _client.Call(command).TrimEnd());
    }

    [Fact]
    public void What_is_written_after_it_is_alive() => _client.Run("""
        CACHE.SET a 1 TAGS 1 x
        -> :1767225600000000
        CACHE.PURGE TAG x
        -> :1767225600000001
        CACHE.SET a 2 TAGS 1 x
        -> :1767225600000001
        GET a
        -> $1 2
        CACHE.PURGE TAG x
        -> :1767225600000002
        GET a
        -> $-1
        """);

    [Fact]
    public void A_soft_purge_makes_stale_what_may_be_served_stale()
    {
        _client.Run("""
            CACHE.SET a v EX 60 STALE 30 TAGS 1 x
            -> :1767225600000000
            CACHE.SET b v EX 60 TAGS 1 x
            -> :1767225600000000
            CACHE.SET c v STALE 30 TAGS 1 x
            -> :1767225600000000
            CACHE.SET d v EX 60 TAGS 1 y
            -> :1767225600000000
            """);
        _server.Advance(TimeSpan.FromSeconds(10));
        _client.Run("""
            CACHE.PURGE SOFT TAG x
            -> :1767225610000000
            CACHE.GET a
            -> *5 $1 v $5 STALE $-1 :30000 :1767225600000000
            TTL a
            -> :30
            EXISTS b
            -> :0
            CACHE.GET c
            -> *5 $1 v $5 STALE $-1 :30000 :1767225600000000
            CACHE.GET d
            -> *5 $1 v $5 FRESH $-1 :50000 :1767225600000000
            """);
        _server.Advance(TimeSpan.FromSeconds(20));
        // A second one does not let it be served for longer.
        _client.Call("CACHE.PURGE SOFT TAG x");
        Assert.Equal("*5 $1 v $5 STALE $-1 :10000 :1767225600000000", _client.Call("CACHE.GET a"));
        _server.Advance(TimeSpan.FromMilliseconds(10_001));
        Assert.Equal("*2 $-1 $-1", "*2 " + _client.Call("GET a") + " " + _client.Call("GET c"));
    }

    [Fact]
    public void Several_soft_purges_count_each_for_what_was_written_before_it()
    {
        // Nobody looks at the keys in between.
        _client.Call("CACHE.SET a v STALE 100 TAGS 1 x");
        _server.Advance(TimeSpan.FromSeconds(1));
        _client.Call("CACHE.PURGE SOFT TAG x");
        _client.Call("CACHE.SET b v STALE 100 TAGS 1 x");
        _server.Advance(TimeSpan.FromSeconds(1));
        _client.Call("CACHE.PURGE SOFT ALL");
        _client.Call("CACHE.SET c v STALE 100 TAGS 1 x");
        _server.Advance(TimeSpan.FromSeconds(1));
        _client.Call("CACHE.PURGE SOFT TAG x");
        Assert.Equal(":98000", _client.Call("PTTL a"));
        Assert.Equal(":99000", _client.Call("PTTL b"));
        Assert.Equal(":100000", _client.Call("PTTL c"));
    }

    [Fact]
    public void A_deadline_given_after_a_soft_purge_stands() => _client.Run("""
        CACHE.SET k v STALE 100 TAGS 1 x
        -> :1767225600000000
        CACHE.PURGE SOFT TAG x
        -> :1767225600000001
        PERSIST k
        -> :1
        TTL k
        -> :-1
        EXPIRE k 1000
        -> :1
        CACHE.GET k
        -> *5 $1 v $5 FRESH $-1 :900000 :1767225600000000
        """);

    [Fact]
    public void It_holds_for_the_selected_database_and_goes_along_with_its_keys() => _client.Run("""
        CACHE.SET a 1 TAGS 1 x
        -> :1767225600000000
        SELECT 1
        -> +OK
        CACHE.SET a 2 TAGS 1 x
        -> :1767225600000000
        CACHE.PURGE TAG x
        -> :1767225600000001
        SWAPDB 0 1
        -> +OK
        GET a
        -> $1 1
        SELECT 0
        -> +OK
        GET a
        -> $-1
        MOVE a 1
        -> :0
        """);

    [Fact]
    public void A_watched_key_that_it_overtakes_fails_the_transaction()
    {
        using var other = _server.Connect();
        _client.Call("CACHE.SET a 1 TAGS 1 x");
        _client.Call("WATCH a");
        other.Call("CACHE.PURGE TAG x");
        _client.Call("MULTI");
        _client.Call("PING");
        Assert.Equal("*-1", _client.Call("EXEC"));

        // One that was dead before that does not, even if it is swept meanwhile.
        _client.Call("CACHE.SET a 1 TAGS 1 x");
        other.Call("CACHE.PURGE TAG x");
        _client.Call("WATCH a");
        other.Call("EXISTS a");
        _client.Call("MULTI");
        _client.Call("PING");
        Assert.Equal("*1 +PONG", _client.Call("EXEC"));
    }

    [Fact]
    public void The_deletion_of_a_dead_key_is_told()
    {
        _client.Call("CACHE.SET a 1 TAGS 1 x");
        _client.Call("CACHE.PURGE TAG x");
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
        _client.Call("EXISTS a");
        Assert.Equal(["purged@0 a", "keymiss@0 a"], _server.Effects.Events);
        Assert.Equal(["DEL a"], _server.Effects.Commands);
        Assert.Contains("purged_keys:1", _client.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void It_travels_by_itself()
    {
        _client.Call("CACHE.PURGE TAG x y");
        Assert.Single(_server.Effects.Commands);
        Assert.StartsWith("PING ", _server.Effects.Commands[0], StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_made_again_if_that_is_wanted()
    {
        _client.Call("CACHE.PURGE SOFT AGAIN 5000 TAG x y");
        _client.Call("CACHE.SET a old TAGS 1 x");
        _client.Call("CACHE.SET b old STALE 50 TAGS 1 y");
        _client.Call("CACHE.SET c old TAGS 1 z");
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Cron.IsPaused = false;
        _server.Advance(TimeSpan.FromMilliseconds(4999));
        Assert.Equal(":3", _client.Call("EXISTS a b c"));
        _server.Effects.Commands.Clear();
        _server.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, _server.Effects.Commands.Count(command => command.StartsWith("PING ", StringComparison.Ordinal)));
        Assert.Equal(":0", _client.Call("EXISTS a"));
        Assert.Equal(":50", _client.Call("TTL b"));
        Assert.Equal(":1", _client.Call("EXISTS c"));
        // Once.
        _client.Call("CACHE.SET a new TAGS 1 x");
        _server.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(":1", _client.Call("EXISTS a"));
    }

    [Fact]
    public void So_many_wait_to_be_made_again_and_no_more()
    {
        var names = string.Join(' ', Enumerable.Range(0, 16_384));
        Assert.StartsWith(":", _client.Call($"CACHE.PURGE AGAIN 1000 TAG {names}"), StringComparison.Ordinal);
        Assert.Equal("-ERR too many purges wait to be made again", _client.Call("CACHE.PURGE AGAIN 1000 TAG one"));
        Assert.Equal("-ERR too many purges wait to be made again", _client.Call("CACHE.PURGE AGAIN 1000 ALL"));
        Assert.StartsWith(":", _client.Call("CACHE.PURGE TAG one"), StringComparison.Ordinal);
        _client.Call("CACHE.SET a v TAGS 1 7");
        lock (_server.Server.Executor.ExecutorLock) _server.Server.Cron.IsPaused = false;
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(":0", _client.Call("EXISTS a"));
        Assert.StartsWith(":", _client.Call("CACHE.PURGE AGAIN 1000 TAG one"), StringComparison.Ordinal);
    }

    [Fact]
    public void Dead_keys_are_not_saved()
    {
        _client.Run("""
            CACHE.SET a 1 TAGS 1 x
            -> :1767225600000000
            CACHE.SET b 1 STALE 30 TAGS 1 x
            -> :1767225600000000
            SET c 1
            -> +OK
            CACHE.PURGE SOFT TAG x
            -> :1767225600000001
            SAVE
            -> +OK
            """);
        using var loaded = new TestServer(data: File.ReadAllBytes(_server.Server.Saving.Path));
        using var client = loaded.Connect();
        Assert.Equal(":2", client.Call("DBSIZE"));
        Assert.Equal(":30", client.Call("TTL b"));
        Assert.Equal("$1 1", client.Call("GET c").TrimEnd());
    }

    [Theory]
    [InlineData("", "wrong number of arguments for 'cache.purge' command")]
    [InlineData("TAG", "syntax error")]
    [InlineData("SOFT", "syntax error")]
    [InlineData("SOFT TAG", "syntax error")]
    [InlineData("ALL x", "syntax error")]
    [InlineData("SOFT SOFT ALL", "syntax error")]
    [InlineData("x", "syntax error")]
    [InlineData("TAG a \"\"", "a tag has 1 to 1024 bytes")]
    [InlineData("AGAIN", "syntax error")]
    [InlineData("AGAIN 5", "syntax error")]
    [InlineData("AGAIN 5 AGAIN 5 ALL", "syntax error")]
    [InlineData("AGAIN 0 ALL", "value is out of range, value must between 1 and 60000")]
    [InlineData("AGAIN 60001 ALL", "value is out of range, value must between 1 and 60000")]
    [InlineData("AGAIN x ALL", "value is not an integer or out of range")]
    public void Bad_arguments_purge_nothing(string arguments, string error)
    {
        _client.Call("CACHE.SET k v TAGS 1 a");
        Assert.Equal($"-ERR {error}", _client.Call($"CACHE.PURGE {arguments}"));
        Assert.Equal(":1", _client.Call("EXISTS k"));
        Assert.Equal(0, _server.Server.Keyspace[0].Purges.Count);
    }
}
