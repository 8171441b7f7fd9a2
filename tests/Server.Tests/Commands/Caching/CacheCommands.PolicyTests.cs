using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Caching;

public sealed partial class CacheCommandsPolicyTests : ServerTests
{
    const long Start = 1_767_225_600_000;

    long Number(string command) => long.Parse(_client.Call(command).AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    [Fact]
    public void Policies_are_set_listed_and_deleted() => _client.Run("""
        CACHE.POLICY LIST
        -> *0
        CACHE.POLICY SET user: TTL 3600 maxttl 86400 NEGTTL 60 STALE 300 JITTER 10
        -> +OK
        CACHE.POLICY SET page: JITTER 5
        -> +OK
        CACHE.POLICY LIST
        -> *2 *4 $6 prefix $5 page: $6 jitter :5 *12 $6 prefix $5 user: $3 ttl :3600 $7 max-ttl :86400 $7 neg-ttl :60 $5 stale :300 $6 jitter :10
        CACHE.POLICY SET user: TTL 5
        -> +OK
        CACHE.POLICY DEL page:
        -> :1
        CACHE.POLICY DEL page:
        -> :0
        CACHE.POLICY LIST
        -> *1 *4 $6 prefix $5 user: $3 ttl :5
        CONFIG GET cache-policy
        -> *2 $12 cache-policy $13 "user:" ttl 5
        """);

    [Fact]
    public void RESP3_lists_maps()
    {
        using var client = _server.Connect(protocol: 3);
        client.Run("""
            CACHE.POLICY SET user: TTL 5
            -> +OK
            CACHE.POLICY LIST
            -> *1 %2 $6 prefix $5 user: $3 ttl :5
            """);
    }

    [Theory]
    [InlineData("CACHE.POLICY SET", "-ERR wrong number of arguments for 'cache.policy|set' command")]
    [InlineData("CACHE.POLICY SET user:", "-ERR a cache policy is a prefix, and names with numbers: ttl, max-ttl, neg-ttl, stale, jitter")]
    [InlineData("CACHE.POLICY SET user: TTL 5 JITTER",
        "-ERR a cache policy is a prefix, and names with numbers: ttl, max-ttl, neg-ttl, stale, jitter")]
    [InlineData("CACHE.POLICY SET user: TTL x", "-ERR ttl must be between 1 and 2147483647 inclusive")]
    [InlineData("CACHE.POLICY SET user: TTL 0", "-ERR ttl must be between 1 and 2147483647 inclusive")]
    [InlineData("CACHE.POLICY SET user: MAXTTL 2147483648", "-ERR max-ttl must be between 1 and 2147483647 inclusive")]
    [InlineData("CACHE.POLICY SET user: JITTER 91", "-ERR jitter must be between 1 and 90 inclusive")]
    [InlineData("CACHE.POLICY SET user: TTL 5 TTL 6", "-ERR a cache policy has one ttl")]
    [InlineData("CACHE.POLICY SET user: LIFE 5", "-ERR a cache policy has no option 'LIFE'")]
    [InlineData("CACHE.POLICY SET user: TTL 100 STALE 1 MAXTTL 100", "-ERR ttl and neg-ttl, each with stale, must not be above max-ttl")]
    [InlineData("CACHE.POLICY SET user: NEGTTL 101 MAXTTL 100", "-ERR ttl and neg-ttl, each with stale, must not be above max-ttl")]
    public void What_is_refused_changes_nothing(string command, string error)
    {
        _client.Call("CACHE.POLICY SET user: TTL 7");
        Assert.Equal(error, _client.Call(command));
        Assert.Equal("*2 $12 cache-policy $13 \"user:\" ttl 7", _client.Call("CONFIG GET cache-policy"));
    }

    [Fact]
    public void A_prefix_is_not_longer_than_a_tag()
    {
        Assert.Equal("+OK", _client.Call($"CACHE.POLICY SET {new string('a', 1024)} TTL 5"));
        Assert.Equal("-ERR a prefix must not be longer than 1024 bytes", _client.Call($"CACHE.POLICY SET {new string('a', 1025)} TTL 5"));
    }

    [Fact]
    public void The_longest_lifetime_bounds_what_is_asked_for_and_what_is_not()
    {
        _client.Call("CACHE.POLICY SET p: MAXTTL 100");
        _client.Run("""
            SET p:a v EX 500
            -> +OK
            TTL p:a
            -> :100
            SET p:b v
            -> +OK
            TTL p:b
            -> :100
            SET p:c v EX 50
            -> +OK
            TTL p:c
            -> :50
            SET p:d v PXAT 1967225600000
            -> +OK
            TTL p:d
            -> :100
            PSETEX p:e 500000 v
            -> +OK
            TTL p:e
            -> :100
            EXPIRE p:c 500
            -> :1
            TTL p:c
            -> :100
            EXPIRE p:c 500 GT
            -> :0
            EXPIREAT p:c 1967225600
            -> :1
            TTL p:c
            -> :100
            EXPIRE p:c 10
            -> :1
            GETEX p:c EX 1000
            -> $1 v
            TTL p:c
            -> :100
            INCREX p:n EX 500
            -> *2 :1 :1
            TTL p:n
            -> :100
            CL.THROTTLE p:t 2 3 600
            -> *5 :0 :3 :2 :-1 :200
            TTL p:t
            -> :100
            MSETEX 1 p:m v EX 500
            -> :1
            TTL p:m
            -> :100
            SET other v EX 500
            -> +OK
            RENAME other p:r
            -> +OK
            TTL p:r
            -> :100
            HSET p:h f v
            -> :1
            TTL p:h
            -> :100
            """);
    }

    [Fact]
    public void A_key_with_a_longest_lifetime_does_not_live_for_ever_by_PERSIST()
    {
        _client.Call("CACHE.POLICY SET p: MAXTTL 100");
        _client.Run("""
            SET p:a v EX 5
            -> +OK
            PERSIST p:a
            -> :1
            TTL p:a
            -> :100
            EXPIRE p:a 5
            -> :1
            GETEX p:a PERSIST
            -> $1 v
            TTL p:a
            -> :100
            SET p:n 1 EX 5
            -> +OK
            INCREX p:n PERSIST
            -> *2 :2 :1
            TTL p:n
            -> :100
            """);
        Assert.Equal($"PEXPIREAT p:a {Start + 100_000}", _server.Effects.Commands[1]);
        Assert.DoesNotContain(_server.Effects.Events, line => line.StartsWith("persist", StringComparison.Ordinal));
        // A lifetime without a longest one is a default, which the application may decline.
        _client.Call("CACHE.POLICY SET q: TTL 100");
        _client.Run("""
            SET q:a v
            -> +OK
            PERSIST q:a
            -> :1
            TTL q:a
            -> :-1
            """);
    }

    [Fact]
    public void A_deadline_that_has_passed_still_deletes()
    {
        _client.Call("CACHE.POLICY SET p: TTL 100 MAXTTL 200 JITTER 50");
        _client.Run("""
            SET p:a v
            -> +OK
            EXPIRE p:a -1
            -> :1
            EXISTS p:a
            -> :0
            SET p:a v
            -> +OK
            SET p:a v EXAT 1
            -> +OK
            EXISTS p:a
            -> :0
            """);
    }

    [Fact]
    public void KEEPTTL_keeps_what_the_policy_allows() => _client.Run("""
        SET p:a v EX 500
        -> +OK
        SET p:b v EX 50
        -> +OK
        CACHE.POLICY SET p: TTL 10 MAXTTL 100 JITTER 90
        -> +OK
        SET p:a w KEEPTTL
        -> +OK
        TTL p:a
        -> :100
        SET p:b w KEEPTTL
        -> +OK
        TTL p:b
        -> :50
        """);

    [Fact]
    public void Jitter_shortens_lifetimes_and_no_times_of_the_day()
    {
        _client.Call("CACHE.POLICY SET p: TTL 1000 JITTER 20");
        var drawn = new HashSet<long>();
        string[] forms = ["SET p:k v", "SET p:k v EX 1000", "SETEX p:k 1000 v", "MSET p:k v", "EXPIRE p:k 1000", "GETEX p:k EX 1000", "INCREX p:n EX 1000"];
        for (var i = 0; i < 140; i++)
        {
            _client.Call(forms[i % forms.Length]);
            var left = Number(i % forms.Length == 6 ? "PTTL p:n" : "PTTL p:k");
            Assert.InRange(left, 800_000, 1_000_000);
            drawn.Add(left);
        }
        Assert.True(drawn.Count > 130 && drawn.Min() < 820_000 && drawn.Max() > 980_000);
        _client.Call($"SET p:k v PXAT {Start + 1_000_000}");
        Assert.Equal(1_000_000, Number("PTTL p:k"));
        _client.Call($"EXPIREAT p:k {(Start + 900_000) / 1000}");
        Assert.Equal(900_000, Number("PTTL p:k"));
    }

    [Fact]
    public void What_asks_for_more_than_the_longest_lifetime_is_spread_too()
    {
        _client.Call("CACHE.POLICY SET p: MAXTTL 1000 JITTER 10");
        var drawn = Enumerable.Range(0, 50).Select(_ =>
        {
            _client.Call("SET p:k v EX 5000");
            return Number("PTTL p:k");
        }).ToHashSet();
        Assert.True(drawn.Count > 40 && drawn.Min() >= 900_000);
    }

    [Fact]
    public void The_longest_prefix_decides_alone() => _client.Run("""
        CACHE.POLICY SET "" TTL 10
        -> +OK
        CACHE.POLICY SET user: TTL 100 MAXTTL 200
        -> +OK
        CACHE.POLICY SET user:vip: STALE 5
        -> +OK
        MSET any v user:1 v user:vip:1 v
        -> +OK
        TTL any
        -> :10
        TTL user:1
        -> :100
        TTL user:vip:1
        -> :-1
        """);

    [Fact]
    public void CACHE_SET_gets_what_it_does_not_say()
    {
        _client.Call("CACHE.POLICY SET p: TTL 100 NEGTTL 20 STALE 30 MAXTTL 200");
        _client.Run("""
            CACHE.SET p:a v
            -> :1767225600000000
            PTTL p:a
            -> :130000
            CACHE.GET p:a
            -> *5 $1 v $5 FRESH $-1 :100000 :1767225600000000
            CACHE.SET p:n "" NEGATIVE
            -> :1767225600000000
            PTTL p:n
            -> :50000
            CACHE.SET p:b v EX 60 STALE 5
            -> :1767225600000000
            PTTL p:b
            -> :65000
            CACHE.SET p:c v EX 500
            -> :1767225600000000
            CACHE.GET p:c
            -> *5 $1 v $5 FRESH $-1 :170000 :1767225600000000
            PTTL p:c
            -> :200000
            CACHE.SET p:d v EX 50 STALE 0
            -> :1767225600000000
            PTTL p:d
            -> :50000
            CACHE.SET p:s v SLIDE 50
            -> :1767225600000000
            PTTL p:s
            -> :50000
            CACHE.SET p:e v STALE 900
            -> :1767225600000000
            PTTL p:e
            -> :200000
            CACHE.GET p:e
            -> *5 $1 v $5 STALE $-1 :200000 :1767225600000000
            """);
        // A session that is in use ends after the longest lifetime.
        for (var i = 0; i < 9; i++)
        {
            _server.Advance(TimeSpan.FromSeconds(20));
            Assert.Equal("$1 v", _client.Call("GET p:s"));
        }
        Assert.Equal(20_000, Number("PTTL p:s"));
    }

    [Fact]
    public void CACHE_SET_draws_by_its_own_jitter_or_by_that_of_the_policy()
    {
        _client.Call("CACHE.POLICY SET p: TTL 1000 STALE 500 JITTER 10");
        for (var i = 0; i < 50; i++)
        {
            _client.Call("CACHE.SET p:a v");
            Assert.InRange(Number("PTTL p:a"), 1_400_000, 1_500_000);
            _client.Call("CACHE.SET p:b v EX 1000 STALE 0 JITTER 90");
            Assert.InRange(Number("PTTL p:b"), 100_000, 1_000_000);
        }
    }

    [Fact]
    public void What_comes_from_elsewhere_is_as_it_was_there()
    {
        _client.Call("SET k v");
        var payload = _client.Call("DUMP k")["$10 ".Length..];
        _client.Call("CACHE.POLICY SET p: TTL 100");
        Assert.Equal("+OK", _client.CallWords("RESTORE", "p:k", "0", payload));
        Assert.Equal(-1, Number("TTL p:k"));
    }

    [Fact]
    public void A_transaction_and_a_script_have_it_in_their_unit()
    {
        _client.Call("CACHE.POLICY SET p: TTL 100");
        _client.Run("""
            MULTI
            -> +OK
            HSET p:a f v
            -> +QUEUED
            DEL p:a
            -> +QUEUED
            LPUSH p:b v
            -> +QUEUED
            EXEC
            -> *3 :1 :1 :1
            """);
        Assert.Equal(
            ["HSET p:a f v", $"PEXPIREAT p:a {Start + 100_000}", "DEL p:a", "LPUSH p:b v", $"PEXPIREAT p:b {Start + 100_000}"],
            _server.Effects.Commands);
        Assert.Equal([5], _server.Effects.Units);
    }

    [Fact]
    public void Only_who_may_administer_sets_policies()
    {
        _client.Call("ACL SETUSER app on nopass ~* +@all -@admin");
        using var app = _server.Connect();
        app.Call("AUTH app x");
        Assert.StartsWith("-NOPERM", app.Call("CACHE.POLICY SET p: TTL 5"));
        Assert.StartsWith("-NOPERM", app.Call("CACHE.POLICY LIST"));
        Assert.StartsWith("*", app.Call("CACHE.POLICY HELP"));
    }
}
