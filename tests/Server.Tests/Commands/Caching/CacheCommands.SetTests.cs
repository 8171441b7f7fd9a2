namespace MiniRedis.Server.Tests.Commands.Caching;

public sealed class CacheCommandsSetTests : ServerTests
{
    // The clock of a test stands still, and so does that of versions; a purge moves it by one.
    const long Start = 1_767_225_600_000_000;

    [Fact]
    public void A_value_is_stored_and_its_version_answered() => _client.Run("""
        CACHE.SET page hello
        -> :1767225600000000
        GET page
        -> $5 hello
        TTL page
        -> :-1
        CACHE.SET page 17 EX 100
        -> :1767225600000000
        TTL page
        -> :100
        INCR page
        -> :18
        CACHE.INFO page
        -> *24 $4 type $6 string $7 version :1767225600000000 $6 age-ms :0 $5 state $5 FRESH $8 fresh-ms :100000 $6 ttl-ms :100000 $12 stale-window :0 $5 slide :0 $7 cost-ms :0 $8 negative :0 $8 lease-ms :0 $4 tags *0
        """);

    [Fact]
    public void The_stale_window_comes_behind_the_fresh_time() => _client.Run("""
        CACHE.SET a v EX 60 STALE 300
        -> :1767225600000000
        PTTL a
        -> :360000
        CACHE.SET b v PX 1500 PSTALE 500
        -> :1767225600000000
        PTTL b
        -> :2000
        CACHE.SET c v EXAT 1767225700 STALE 1
        -> :1767225600000000
        EXPIRETIME c
        -> :1767225701
        CACHE.SET d v STALE 10
        -> :1767225600000000
        TTL d
        -> :-1
        """);

    [Fact]
    public void Conditions_are_judged_on_existence() => _client.Run("""
        CACHE.SET k one XX
        -> $-1
        EXISTS k
        -> :0
        CACHE.SET k one NX TAGS 1 a
        -> :1767225600000000
        CACHE.SET k two NX
        -> $-1
        CACHE.SET k three XX
        -> :1767225600000000
        GET k
        -> $5 three
        RPUSH list x
        -> :1
        CACHE.SET list v
        -> :1767225600000000
        TYPE list
        -> +string
        """);

    [Fact]
    public void A_deadline_that_has_passed_deletes() => _client.Run("""
        CACHE.SET k v EXAT 1
        -> :1767225600000000
        CACHE.SET k v
        -> :1767225600000000
        CACHE.SET k w EXAT 1 STALE 5
        -> :1767225600000000
        EXISTS k
        -> :0
        """);

    [Fact]
    public void A_value_that_is_replaced_loses_its_metadata() => _client.Run("""
        CACHE.SET k v EX 10 STALE 10 TAGS 3 a b c
        -> :1767225600000000
        SET k w KEEPTTL
        -> +OK
        TTL k
        -> :20
        CACHE.INFO k
        -> $-1
        CACHE.PURGE TAG a
        -> :1767225600000001
        GET k
        -> $1 w
        """);

    [Fact]
    public void Changes_in_place_keep_them() => _client.Run("""
        CACHE.SET k 1 TAGS 2 a b
        -> :1767225600000000
        INCRBYFLOAT k 1.5
        -> $3 2.5
        APPEND k 0000000000000000000000000000000000000000000000000000000000000000
        -> :67
        SETRANGE k 0 x
        -> :67
        SETBIT k 7 1
        -> :0
        GETEX k EX 10
        -> $67 y.50000000000000000000000000000000000000000000000000000000000000000
        RENAME k l
        -> +OK
        COPY l m
        -> :1
        EXISTS l m
        -> :2
        CACHE.PURGE TAG b
        -> :1767225600000001
        EXISTS l m
        -> :0
        """);

    [Fact]
    public void A_sliding_key_lives_on_while_it_is_used()
    {
        _client.Run("""
            CACHE.SET k v SLIDE 16 EX 40
            -> :1767225600000000
            TTL k
            -> :16
            """);
        _server.Advance(TimeSpan.FromMilliseconds(999));
        // Less than a sixteenth would be gained.
        Assert.Equal("$1 v", _client.Call("GET k").TrimEnd());
        Assert.Equal(":15001", _client.Call("PTTL k"));
        _server.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("$1 v", _client.Call("GET k").TrimEnd());
        Assert.Equal(":16000", _client.Call("PTTL k"));
        _server.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(":1", _client.Call("STRLEN k"));
        Assert.Equal(":16000", _client.Call("PTTL k"));
        _server.Advance(TimeSpan.FromSeconds(14));
        Assert.Equal("*5 $1 v $5 FRESH $-1 :10000 :1767225600000000", _client.Call("CACHE.GET k"));
        _server.Advance(TimeSpan.FromMilliseconds(10_001));
        Assert.Equal("$-1", _client.Call("GET k"));
    }

    [Fact]
    public void Expire_and_persist_end_the_sliding()
    {
        _client.Run("""
            CACHE.SET a v SLIDE 16
            -> :1767225600000000
            CACHE.SET b v PSLIDE 16000
            -> :1767225600000000
            EXPIRE a 100
            -> :1
            PERSIST b
            -> :1
            """);
        _server.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal("$1 v", _client.Call("GET a").TrimEnd());
        Assert.Equal("$1 v", _client.Call("GET b").TrimEnd());
        Assert.Equal(":50", _client.Call("TTL a"));
        Assert.Equal(":-1", _client.Call("TTL b"));
    }

    [Fact]
    public void A_move_of_the_deadline_travels_with_the_metadata()
    {
        _client.Call("CACHE.SET k v SLIDE 16");
        _server.Advance(TimeSpan.FromSeconds(8));
        _server.Effects.Commands.Clear();
        _client.Call("GET k");
        Assert.Equal("PEXPIREAT k 1767225624000", _server.Effects.Commands[0]);
        Assert.StartsWith("PING ", _server.Effects.Commands[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Jitter_only_shortens()
    {
        var shortest = long.MaxValue;
        for (var i = 0; i < 100; i++)
        {
            _client.Call("CACHE.SET k v EX 100 STALE 7 JITTER 20");
            var left = long.Parse(_client.Call("PTTL k")[1..], System.Globalization.CultureInfo.InvariantCulture);
            Assert.InRange(left, 87_000, 107_000);
            shortest = Math.Min(shortest, left);
        }
        Assert.True(shortest < 95_000);
    }

    [Fact]
    public void A_fill_as_of_a_version_is_refused_if_a_purge_has_come_since() => _client.Run("""
        CACHE.GET k
        -> *5 $-1 $4 MISS $-1 :0 :1767225600000000
        CACHE.PURGE TAG b
        -> :1767225600000001
        CACHE.SET k v ASOF 1767225600000000 TAGS 2 a b
        -> $-1
        CACHE.SET k v ASOF 1767225600000000 TAGS 1 a
        -> :1767225600000000
        CACHE.GET k
        -> *5 $1 v $5 FRESH $-1 :-1 :1767225600000000
        CACHE.SET k v ASOF 1767225600000001 TAGS 2 a b
        -> :1767225600000001
        CACHE.PURGE SOFT TAG a
        -> :1767225600000002
        CACHE.SET k v ASOF 1767225600000001 TAGS 1 a
        -> $-1
        CACHE.PURGE ALL
        -> :1767225600000003
        CACHE.SET k v ASOF 1767225600000002
        -> $-1
        CACHE.SET k v ASOF 1767225600000003
        -> :1767225600000003
        """);

    [Fact]
    public void What_is_stored_travels_as_set_with_the_metadata_behind_it()
    {
        _client.Call("CACHE.SET k v EX 10 STALE 5 TAGS 1 a");
        Assert.Equal("SET k v PXAT 1767225615000", _server.Effects.Commands[0]);
        Assert.StartsWith("PING ", _server.Effects.Commands[1], StringComparison.Ordinal);
        Assert.Equal([2], _server.Effects.Units);
        Assert.Equal(["set@0 k", "new@0 k", "expire@0 k"], _server.Effects.Events.Order(StringComparer.Ordinal).Reverse());
        _server.Effects.Commands.Clear();
        _client.Call("CACHE.SET k v NX");
        Assert.Empty(_server.Effects.Commands);
    }

    [Fact]
    public void A_version_that_a_reader_was_given_before_a_restart_is_good() => _client.Run("""
        CACHE.SET k v ASOF 1767225600000000
        -> :1767225600000000
        CACHE.SET k v ASOF 1767225600000001
        -> -ERR version is above the cache clock
        """);

    [Theory]
    [InlineData("k", "wrong number of arguments for 'cache.set' command")]
    [InlineData("k v NX XX", "syntax error")]
    [InlineData("k v NX NX", "syntax error")]
    [InlineData("k v EX 1 PX 1", "syntax error")]
    [InlineData("k v EX", "syntax error")]
    [InlineData("k v KEEPTTL", "syntax error")]
    [InlineData("k v STALE 1 SLIDE 1", "syntax error")]
    [InlineData("k v STALE 1 PSTALE 1", "syntax error")]
    [InlineData("k v JITTER 10", "syntax error")]
    [InlineData("k v EXAT 9999999999 JITTER 10", "syntax error")]
    [InlineData("k v TAGS", "syntax error")]
    [InlineData("k v TAGS 1 a TAGS 1 b", "syntax error")]
    [InlineData("k v COST 1 COST 2", "syntax error")]
    [InlineData("k v ASOF", "syntax error")]
    [InlineData("k v EX x", "value is not an integer or out of range")]
    [InlineData("k v EX 0", "invalid expire time in 'cache.set' command")]
    [InlineData("k v EX -1", "invalid expire time in 'cache.set' command")]
    [InlineData("k v EX 9223372036854775807", "invalid expire time in 'cache.set' command")]
    [InlineData("k v PX 9223372036854775807", "invalid expire time in 'cache.set' command")]
    [InlineData("k v PXAT 9223372036854775807 PSTALE 1", "invalid expire time in 'cache.set' command")]
    [InlineData("k v STALE -1", "invalid expire time in 'cache.set' command")]
    [InlineData("k v STALE 9223372036854775807", "invalid expire time in 'cache.set' command")]
    [InlineData("k v PSTALE x", "value is not an integer or out of range")]
    [InlineData("k v SLIDE 0", "invalid expire time in 'cache.set' command")]
    [InlineData("k v PSLIDE 9223372036854775807", "invalid expire time in 'cache.set' command")]
    [InlineData("k v EX 9 JITTER 0", "value is out of range, value must between 1 and 90")]
    [InlineData("k v EX 9 JITTER 91", "value is out of range, value must between 1 and 90")]
    [InlineData("k v EX 9 JITTER x", "value is not an integer or out of range")]
    [InlineData("k v COST -1", "value is out of range, value must between 0 and 4294967295")]
    [InlineData("k v COST 4294967296", "value is out of range, value must between 0 and 4294967295")]
    [InlineData("k v COST x", "value is not an integer or out of range")]
    [InlineData("k v ASOF -1", "version is out of range, must not be negative")]
    [InlineData("k v ASOF x", "value is not an integer or out of range")]
    [InlineData("k v ASOF 9007199254740993", "version is above the cache clock")]
    [InlineData("k v NEGATIVE", "the value of a negative entry has to be empty")]
    [InlineData("k v TAGS x a", "value is not an integer or out of range")]
    [InlineData("k v TAGS 0", "numtags should be greater than 0")]
    [InlineData("k v TAGS -1 a", "numtags should be greater than 0")]
    [InlineData("k v TAGS 2 a", "Number of tags can't be greater than number of args")]
    [InlineData("k v TAGS 1 \"\"", "a tag has 1 to 1024 bytes")]
    public void Bad_arguments_change_nothing(string arguments, string error)
    {
        Assert.Equal($"-ERR {error}", _client.Call($"CACHE.SET {arguments}"));
        Assert.Equal(":0", _client.Call("DBSIZE"));
        Assert.Equal(0, _server.Server.Keyspace[0].Tags.Count);
    }

    [Fact]
    public void Tags_have_a_longest_name_and_a_largest_number()
    {
        var longest = new string('t', 1024);
        Assert.Equal($":{Start}", _client.Call($"CACHE.SET k v TAGS 1 {longest}"));
        Assert.Equal("-ERR a tag has 1 to 1024 bytes", _client.Call($"CACHE.SET k v TAGS 1 {longest}t"));
        var most = string.Join(' ', Enumerable.Range(0, 1024));
        Assert.Equal($":{Start}", _client.Call($"CACHE.SET k v TAGS 1024 {most}"));
        Assert.Equal(1024, _server.Server.Keyspace[0].Tags.Count);
        Assert.Equal("-ERR a key has at most 1024 tags", _client.Call($"CACHE.SET k v TAGS 1025 {most} x"));
        Assert.Equal($":{Start}", _client.Call("CACHE.SET k v TAGS 4 a b a b"));
        Assert.Equal(2, _server.Server.Keyspace[0].Tags.Count);
    }

    [Fact]
    public void Out_of_memory_refuses_it()
    {
        _client.Call("CONFIG SET maxmemory 1");
        Assert.Equal("-OOM command not allowed when used memory > 'maxmemory'.", _client.Call("CACHE.SET k v"));
        Assert.Equal(":0", _client.Call("DBSIZE"));
    }
}
