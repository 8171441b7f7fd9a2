namespace MiniRedis.Server.Tests.Commands.Hashes;

/// <summary>
/// Fields that have expired and that active expiry has not deleted yet: each test at a small hash and at a large one. Redis 7.4's
/// answers.
/// </summary>
public sealed class HashCommandsLazyExpiryTests : ServerTests
{
    /// <summary>Makes a hash of which <paramref name="expired"/> have expired and the rest of a to d have not.</summary>
    void Make(bool large, params string[] expired)
    {
        if (large) _client.Call("CONFIG SET hash-max-listpack-entries 0");
        _client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        _client.Call("HSET h a 1 b 22 c 333 d 4444");
        _client.CallWords(["HPEXPIRE", "h", "1", "FIELDS", $"{expired.Length}", .. expired]);
        _server.Advance(TimeSpan.FromMilliseconds(2));
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
    }

    void AssertExpired(params string[] fields)
    {
        Assert.Equal(fields.Select(f => $"HDEL h {f}"), _server.Effects.Commands.Where(c => c.StartsWith("HDEL", StringComparison.Ordinal)));
        Assert.Contains($"expired_subkeys:{fields.Length}\r\n", _client.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "HGET h a", "$-1")]
    [InlineData(true, "HGET h a", "$-1")]
    [InlineData(false, "HEXISTS h a", ":0")]
    [InlineData(true, "HEXISTS h a", ":0")]
    [InlineData(false, "HSTRLEN h a", ":0")]
    [InlineData(true, "HSTRLEN h a", ":0")]
    [InlineData(false, "HMGET h d a c", "*3 $4 4444 $-1 $3 333")]
    [InlineData(true, "HMGET h d a c", "*3 $4 4444 $-1 $3 333")]
    [InlineData(false, "HGETDEL h FIELDS 1 a", "*1 $-1")]
    [InlineData(true, "HGETDEL h FIELDS 1 a", "*1 $-1")]
    [InlineData(false, "HGETEX h PERSIST FIELDS 1 a", "*1 $-1")]
    [InlineData(true, "HGETEX h PERSIST FIELDS 1 a", "*1 $-1")]
    [InlineData(false, "HSETEX h FXX FIELDS 1 a x", ":0")]
    [InlineData(true, "HSETEX h FXX FIELDS 1 a x", ":0")]
    public void A_command_that_asks_for_a_field_deletes_it_and_no_other(bool large, string command, string reply)
    {
        Make(large, "a", "b");
        Assert.Equal(":4", _client.Call("HLEN h"));
        Assert.Equal(reply, _client.Call(command));
        AssertExpired("a");
        Assert.Equal(["hexpired@0 h"], _server.Effects.Events);
        Assert.Equal(":3", _client.Call("HLEN h"));
    }

    [Theory]
    [InlineData(false, "HSETNX h a x", ":1")]
    [InlineData(true, "HSETNX h a x", ":1")]
    [InlineData(false, "HINCRBY h a 5", ":5")]
    [InlineData(true, "HINCRBY h a 5", ":5")]
    [InlineData(false, "HINCRBYFLOAT h a 0.5", "$3 0.5")]
    [InlineData(true, "HINCRBYFLOAT h a 0.5", "$3 0.5")]
    [InlineData(false, "HSETEX h KEEPTTL FIELDS 1 a x", ":1")]
    [InlineData(true, "HSETEX h KEEPTTL FIELDS 1 a x", ":1")]
    public void A_command_that_sets_by_what_is_there_begins_anew(bool large, string command, string reply)
    {
        Make(large, "a", "b");
        Assert.Equal(reply, _client.Call(command));
        AssertExpired("a");
        Assert.Equal("HDEL h a", _server.Effects.Commands[0]);
        Assert.Equal("*2 :-1 :-2", _client.Call("HTTL h FIELDS 2 a b"));
        Assert.Equal(":4", _client.Call("HLEN h"));
    }

    [Theory]
    [InlineData(false, "HGETALL h", "*4 $1 c $3 333 $1 d $4 4444")]
    [InlineData(false, "HKEYS h", "*2 $1 c $1 d")]
    [InlineData(false, "HVALS h", "*2 $3 333 $4 4444")]
    [InlineData(false, "HSCAN h 0", "*2 $1 0 *4 $1 c $3 333 $1 d $4 4444")]
    [InlineData(false, "HTTL h FIELDS 2 a c", "*2 :-2 :-1")]
    [InlineData(true, "HTTL h FIELDS 2 a c", "*2 :-2 :-1")]
    [InlineData(false, "HPERSIST h FIELDS 1 a", "*1 :-2")]
    [InlineData(true, "HPERSIST h FIELDS 1 a", "*1 :-2")]
    [InlineData(false, "HEXPIRE h 10 FIELDS 1 a", "*1 :-2")]
    [InlineData(true, "HEXPIRE h 10 FIELDS 1 a", "*1 :-2")]
    public void Other_commands_pass_over_what_has_expired(bool large, string command, string reply)
    {
        Make(large, "a", "b");
        Assert.Equal(reply, _client.Call(command));
        AssertExpired();
        Assert.Equal(":4", _client.Call("HLEN h"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void HDEL_counts_a_field_that_is_still_there(bool large)
    {
        Make(large, "a", "b");
        Assert.Equal(":2", _client.Call("HDEL h a c"));
        Assert.Equal(["HDEL h a c"], _server.Effects.Commands);
        Assert.Equal(["hdel@0 h"], _server.Effects.Events);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_last_field_takes_the_key_with_it(bool large)
    {
        Make(large, "a", "b", "c", "d");
        Assert.Equal(":1", _client.Call("EXISTS h"));
        Assert.Equal("*2 $-1 $-1", _client.Call("HMGET h a b"));
        Assert.Equal(["hexpired@0 h"], _server.Effects.Events);
        Assert.Equal("*3 $-1 $-1 $-1", _client.Call("HMGET h a d c"));
        AssertExpired("a", "b", "d", "c");
        Assert.Equal(["hexpired@0 h", "hexpired@0 h", "del@0 h"], _server.Effects.Events);
        Assert.Equal(":0", _client.Call("EXISTS h"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void HRANDFIELD_first_deletes_all_that_have_expired(bool large)
    {
        Make(large, "a", "b", "d");
        Assert.Equal("$1 c", _client.Call("HRANDFIELD h"));
        Assert.Contains("expired_subkeys:3\r\n", _client.Call("INFO stats"), StringComparison.Ordinal);
        Assert.Equal(["hexpired@0 h"], _server.Effects.Events);
        _client.Call("HPEXPIRE h 1 FIELDS 1 c");
        _server.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal("*0", _client.Call("HRANDFIELD h 5"));
        Assert.Equal(":0", _client.Call("EXISTS h"));
    }

    [Fact]
    public void HSCAN_counts_what_it_passed_over()
    {
        _client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        string[] fields = [.. Enumerable.Range(0, 1_000).Select(i => $"f{i}")];
        _client.CallWords(["HSET", "h", .. fields.SelectMany(f => new[] { f, "v" })]);
        _client.CallWords(["HPEXPIRE", "h", "1", "FIELDS", "999", .. fields[1..]]);
        _server.Advance(TimeSpan.FromMilliseconds(2));
        var empty = 0;
        var found = 0;
        var cursor = "0";
        do
        {
            var words = _client.Call($"HSCAN h {cursor} COUNT 10").Split(' ');
            cursor = words[2];
            if (words[3] == "*0") empty++;
            else found++;
        }
        while (cursor != "0");
        Assert.Equal(1, found);
        Assert.InRange(empty, 50, 100);
    }

    [Fact]
    public void Active_expiry_deletes_each_field_by_itself_and_a_command_all_of_its_own_together()
    {
        Make(large: false, "a", "b");
        _server.Effects.Units.Clear();
        _client.Call("HMGET h a b");
        Assert.Equal([2], _server.Effects.Units);
        _client.Call("HPEXPIRE h 1 FIELDS 2 c d");
        _client.Call("DEBUG SET-ACTIVE-EXPIRE 1");
        _server.Effects.Units.Clear();
        _server.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal([1, 1], _server.Effects.Units);
    }

    [Fact]
    public void Deadlines_are_propagated_with_their_condition_and_deletions_a_field_each()
    {
        _client.Call("HSET h a 1 b 2 c 3");
        var now = _server.Time.GetUtcNow().ToUnixTimeMilliseconds();
        _client.Call("HPEXPIRE h 5000 NX FIELDS 3 a x b");
        _client.Call("HPEXPIRE h 1000 lt FIELDS 1 a");
        _client.Call("HEXPIREAT h 1 FIELDS 3 b x c");
        Assert.Equal(
            [$"HPEXPIREAT h {now + 5000} NX FIELDS 2 a b", $"HPEXPIREAT h {now + 1000} lt FIELDS 1 a", "HDEL h b", "HDEL h c"],
            _server.Effects.Commands[1..]);
    }
}
