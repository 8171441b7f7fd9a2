namespace MiniRedis.Server.Tests.Commands.Hashes;

/// <summary>Deadlines of fields: each test at a small hash and at a large one.</summary>
public sealed class HashCommandsExpireTests : ServerTests
{
    long Now => _server.Time.GetUtcNow().ToUnixTimeMilliseconds();

    void MakeLarge(bool large)
    {
        if (large) _client.Call("CONFIG SET hash-max-listpack-entries 0");
    }

    void AssertForm(string key, bool large)
    {
        var form = large ? "hashtable" : "listpackex";
        Assert.Equal($"${form.Length} {form}", _client.Call($"OBJECT ENCODING {key}"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fields_get_deadlines_and_tell_them(bool large)
    {
        MakeLarge(large);
        _client.Run("""
            HSET h a 1 b 2 c 3
            -> :3
            HEXPIRE h 100 FIELDS 2 a x
            -> *2 :1 :-2
            HPEXPIRE h 1500 FIELDS 1 b
            -> *1 :1
            HTTL h FIELDS 4 a b c x
            -> *4 :100 :2 :-1 :-2
            HPTTL h FIELDS 3 a b c
            -> *3 :100000 :1500 :-1
            HPERSIST h FIELDS 4 a b c x
            -> *4 :1 :1 :-1 :-2
            HTTL h FIELDS 2 a b
            -> *2 :-1 :-1
            HEXPIREAT h 4102444800 FIELDS 1 a
            -> *1 :1
            HEXPIRETIME h FIELDS 2 a b
            -> *2 :4102444800 :-1
            HPEXPIREAT h 4102444800001 FIELDS 1 a
            -> *1 :1
            HPEXPIRETIME h FIELDS 1 a
            -> *1 :4102444800001
            HEXPIRETIME h FIELDS 1 a
            -> *1 :4102444801
            """);
        AssertForm("h", large);
        _client.Run("""
            HEXPIRE nokey 10 FIELDS 2 a b
            -> *2 :-2 :-2
            HTTL nokey FIELDS 1 a
            -> *1 :-2
            HPERSIST nokey FIELDS 1 a
            -> *1 :-2
            """);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Conditions_are_judged_field_by_field(bool large)
    {
        MakeLarge(large);
        _client.Run("""
            HSET h a 1 b 2
            -> :2
            HEXPIRE h 100 FIELDS 1 a
            -> *1 :1
            HEXPIRE h 50 NX FIELDS 2 a b
            -> *2 :0 :1
            HPERSIST h FIELDS 1 b
            -> *1 :1
            HEXPIRE h 50 XX FIELDS 2 a b
            -> *2 :1 :0
            HEXPIRE h 50 gt FIELDS 2 a b
            -> *2 :0 :0
            HEXPIRE h 60 GT FIELDS 2 a b
            -> *2 :1 :0
            HEXPIRE h 60 LT FIELDS 1 a
            -> *1 :0
            HEXPIRE h 40 LT FIELDS 2 a b
            -> *2 :1 :1
            HTTL h FIELDS 2 a b
            -> *2 :40 :40
            """);
    }

    [Fact]
    public void Errors_are_worded_as_redis_words_them() => _client.Run("""
        HSET h a 1
        -> :1
        HEXPIRE h 10 a 1 b
        -> -ERR Mandatory argument FIELDS is missing or not at the right position
        HEXPIRE h 10 NX XX FIELDS 1 a
        -> -ERR Mandatory argument FIELDS is missing or not at the right position
        HEXPIRE h 10 FIELDS 0 a
        -> -ERR Parameter `numFields` should be greater than 0
        HEXPIRE h 10 FIELDS x a
        -> -ERR Parameter `numFields` should be greater than 0
        HEXPIRE h 10 FIELDS 2 a
        -> -ERR The `numfields` parameter must match the number of arguments
        HEXPIRE h 10 FIELDS 1 a b
        -> -ERR The `numfields` parameter must match the number of arguments
        HEXPIRE h 10 FIELDS 9223372036854775807 a b
        -> -ERR The `numfields` parameter must match the number of arguments
        HEXPIRE h x FIELDS 1 a
        -> -ERR value is not an integer or out of range
        HEXPIRE h -1 FIELDS 1 a
        -> -ERR invalid expire time, must be >= 0
        HEXPIRE h 9223372036854775807 FIELDS 1 a
        -> -ERR invalid expire time in 'hexpire' command
        HPEXPIRE h 281474976710655 FIELDS 1 a
        -> -ERR invalid expire time in 'hpexpire' command
        HPEXPIRE h 70368744177663 FIELDS 1 a
        -> -ERR invalid expire time in 'hpexpire' command
        HPEXPIREAT h 70368744177664 FIELDS 1 a
        -> -ERR invalid expire time in 'hpexpireat' command
        HPEXPIREAT h 70368744177663 FIELDS 1 a
        -> *1 :1
        HEXPIREAT h 70368744178 FIELDS 1 a
        -> -ERR invalid expire time in 'hexpireat' command
        HEXPIREAT h 70368744177 FIELDS 1 a
        -> *1 :1
        HEXPIRE h 10 FIELDS 1
        -> -ERR wrong number of arguments for 'hexpire' command
        HTTL h 1 a b
        -> -ERR Mandatory argument FIELDS is missing or not at the right position
        HTTL h FIELDS 0 a
        -> -ERR Number of fields must be a positive integer
        HPERSIST h FIELDS x a
        -> -ERR Number of fields must be a positive integer
        HTTL h FIELDS 3 a
        -> -ERR The `numfields` parameter must match the number of arguments
        HPERSIST h FIELDS 3 a
        -> -ERR The `numfields` parameter must match the number of arguments
        SET s x
        -> +OK
        HEXPIRE s 10 FIELDS 1 a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        HTTL s FIELDS 1 a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_has_expired_is_not_there(bool large)
    {
        MakeLarge(large);
        _client.Run("""
            HSET h a 1 b 2 c 3
            -> :3
            HPEXPIRE h 999 FIELDS 2 a b
            -> *2 :1 :1
            """);
        // The clock alone moves: nobody but the commands looks at the fields.
        _server.Time.Advance(TimeSpan.FromMilliseconds(1_000));
        _client.Run("""
            HGET h a
            -> $-1
            HMGET h a b c
            -> *3 $-1 $-1 $1 3
            HGETALL h
            -> *2 $1 c $1 3
            HKEYS h
            -> *1 $1 c
            HVALS h
            -> *1 $1 3
            HEXISTS h a
            -> :0
            HSTRLEN h b
            -> :0
            HRANDFIELD h -2
            -> *2 $1 c $1 c
            HRANDFIELD h 3
            -> *1 $1 c
            HSCAN h 0
            -> *2 $1 0 *2 $1 c $1 3
            HTTL h FIELDS 1 a
            -> *1 :-2
            HDEL h a
            -> :0
            HSETNX h a new
            -> :1
            HTTL h FIELDS 1 a
            -> *1 :-1
            HINCRBY h b 5
            -> :5
            HTTL h FIELDS 1 b
            -> *1 :-1
            """);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Writing_a_field_forgets_its_deadline_and_counting_does_not(bool large)
    {
        MakeLarge(large);
        _client.Run("""
            HSET h a 1 b 2 c 3
            -> :3
            HEXPIRE h 100 FIELDS 3 a b c
            -> *3 :1 :1 :1
            HSET h a x
            -> :0
            HINCRBY h b 1
            -> :3
            HINCRBYFLOAT h c 0.5
            -> $3 3.5
            HTTL h FIELDS 3 a b c
            -> *3 :-1 :100 :100
            HSET h b 1 c 1
            -> :0
            HTTL h FIELDS 3 a b c
            -> *3 :-1 :-1 :-1
            """);
        Assert.Contains($"HPEXPIREAT h {Now + 100_000} FIELDS 1 c", _server.Effects.Commands);
        Assert.Contains("subexpiry=0", _client.Call("INFO keyspace"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fields_are_deleted_on_time_and_the_hash_with_the_last(bool large)
    {
        MakeLarge(large);
        _client.Run("""
            HSET h a 1 b 2
            -> :2
            HPEXPIRE h 1000 FIELDS 1 a
            -> *1 :1
            HPEXPIRE h 3000 FIELDS 1 b
            -> *1 :1
            HSET other a 1
            -> :1
            """);
        Assert.Contains("subexpiry=1", _client.Call("INFO keyspace"), StringComparison.Ordinal);
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
        _server.Advance(TimeSpan.FromMilliseconds(900));
        Assert.Empty(_server.Effects.Commands);
        _server.Advance(TimeSpan.FromMilliseconds(150));
        Assert.Equal(["HDEL h a"], _server.Effects.Commands);
        Assert.Equal(["hexpired@0 h"], _server.Effects.Events);
        _server.Advance(TimeSpan.FromMilliseconds(2_000));
        Assert.Equal(["HDEL h a", "HDEL h b"], _server.Effects.Commands);
        Assert.Equal(["hexpired@0 h", "hexpired@0 h", "del@0 h"], _server.Effects.Events);
        Assert.Equal(":0", _client.Call("EXISTS h"));
        Assert.Equal(":1", _client.Call("EXISTS other"));
        Assert.Contains("expired_subkeys:2", _client.Call("INFO stats"), StringComparison.Ordinal);
        Assert.Contains("subexpiry=0", _client.Call("INFO keyspace"), StringComparison.Ordinal);
    }

    [Fact]
    public void Thousands_of_fields_are_deleted_on_time()
    {
        string[] fields = [.. Enumerable.Range(0, 5_000).Select(i => $"f{i}")];
        _client.CallWords(["HSET", "h", .. fields.SelectMany(f => new[] { f, "v" })]);
        for (var i = 0; i < 5; i++)
            _client.CallWords(["HPEXPIRE", "h", $"{1_000 * (i + 1)}", "FIELDS", "1000", .. fields.Where((_, at) => at % 5 == i)]);
        for (var i = 4; i >= 1; i--)
        {
            _server.Advance(TimeSpan.FromMilliseconds(1_020));
            Assert.Equal($":{i * 1_000}", _client.Call("HLEN h"));
        }
        _server.Advance(TimeSpan.FromMilliseconds(1_020));
        Assert.Equal(":0", _client.Call("EXISTS h"));
        Assert.Equal("del@0 h", _server.Effects.Events.Last(e => !e.StartsWith("keymiss", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_deadline_in_the_past_deletes(bool large)
    {
        MakeLarge(large);
        _client.Run("""
            HSET h a 1 b 2 c 3
            -> :3
            HEXPIRE h 0 FIELDS 2 a x
            -> *2 :2 :-2
            HEXPIREAT h 1 FIELDS 1 b
            -> *1 :2
            HGETALL h
            -> *2 $1 c $1 3
            HPEXPIREAT h 1 FIELDS 2 c c
            -> *2 :2 :-2
            """);
        Assert.Equal(["HDEL h a", "HDEL h b", "HDEL h c"], _server.Effects.Commands[1..]);
        Assert.Equal(["hdel@0 h", "hdel@0 h", "hdel@0 h", "del@0 h"], _server.Effects.Events[2..]);
        Assert.Equal(":0", _client.Call("EXISTS h"));
    }

    [Fact]
    public void Effects_are_absolute_and_name_what_changed()
    {
        _client.Run("""
            HSET h a 1 b 2
            -> :2
            HEXPIRE h 100 FIELDS 3 a x b
            -> *3 :1 :-2 :1
            HPERSIST h FIELDS 2 b x
            -> *2 :1 :-2
            HPERSIST h FIELDS 1 b
            -> *1 :-1
            """);
        Assert.Equal([$"HPEXPIREAT h {Now + 100_000} FIELDS 2 a b", "HPERSIST h FIELDS 1 b"], _server.Effects.Commands[1..]);
        Assert.Equal(["hexpire@0 h", "hpersist@0 h"], _server.Effects.Events[2..]);
    }

    [Fact]
    public void Deadlines_go_with_the_key()
    {
        _client.Run("""
            HSET h a 1 b 2
            -> :2
            HEXPIRE h 10 FIELDS 1 a
            -> *1 :1
            COPY h h2
            -> :1
            RENAME h h3
            -> +OK
            COPY h3 h DB 2
            -> :1
            MOVE h2 1
            -> :1
            """);
        _server.Advance(TimeSpan.FromSeconds(10.1));
        Assert.Equal("*2 $1 b $1 2", _client.Call("HGETALL h3"));
        _client.Call("SELECT 1");
        Assert.Equal("*2 $1 b $1 2", _client.Call("HGETALL h2"));
        Assert.Equal(3, _server.Effects.Events.Count(e => e.StartsWith("hexpired", StringComparison.Ordinal)));
    }
}
