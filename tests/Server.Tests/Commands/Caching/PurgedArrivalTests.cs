namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>
/// Keys that come to where a tag of theirs was purged, and purges that nobody else knows of any more: a replica that has begun since, or a
/// server that has loaded a file. What becomes of the keys is told.
/// </summary>
public sealed class PurgedArrivalTests : SweptServerTests
{
    public PurgedArrivalTests()
    {
        _client.Call("CACHE.SET dead v TAGS 1 a");
        _client.Call("CACHE.SET page v EX 100 STALE 10 TAGS 1 b");
        _client.Call("CACHE.SET alive v STALE 10 TAGS 1 c");
        _client.Call("SELECT 1");
        _client.Call("CACHE.PURGE TAG a");
        _client.Call("CACHE.PURGE SOFT TAG b");
        _client.Call("SELECT 0");
        Forget();
    }

    void Forget()
    {
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
        _server.Effects.Units.Clear();
    }

    [Theory]
    [InlineData("COPY dead copy DB 1", "copy", "copy_to@1 copy")]
    [InlineData("MOVE dead 1", "dead", "move_to@1 dead")]
    public void A_tag_that_was_purged_there_kills_a_key_that_comes_and_the_deletion_follows_the_command(string command, string name, string arrives)
    {
        Assert.Equal(":1", _client.Call(command));
        Assert.Equal([command, $"DEL {name}"], _server.Effects.Commands);
        Assert.Equal([2], _server.Effects.Units);
        var events = _server.Effects.Events.Where(e => e.Contains("@1", StringComparison.Ordinal) && !e.StartsWith("new", StringComparison.Ordinal));
        Assert.Equal([arrives, $"purged@1 {name}"], events);
        _client.Call("SELECT 1");
        Assert.Equal(":0", _client.Call("DBSIZE"));
    }

    [Theory]
    [InlineData("COPY page copy DB 1", "copy")]
    [InlineData("MOVE page 1", "page")]
    public void A_soft_purge_there_makes_it_stale_and_that_is_told_with_its_metadata(string command, string name)
    {
        Assert.Equal(":1", _client.Call(command));
        Assert.Equal(command, _server.Effects.Commands[0]);
        Assert.Equal($"PEXPIREAT {name} 1767225610000", _server.Effects.Commands[1]);
        Assert.StartsWith("PING mrc1k", _server.Effects.Commands[2], StringComparison.Ordinal);
        Assert.Equal([3], _server.Effects.Units);
        Assert.Contains($"stale@1 {name}", _server.Effects.Events);
        _client.Call("SELECT 1");
        Assert.Equal("*5 $1 v $5 STALE $-1 :10000 :1767225600000000", _client.Call($"CACHE.GET {name}"));
    }

    [Theory]
    [InlineData("COPY alive copy DB 1")]
    [InlineData("MOVE alive 1")]
    [InlineData("COPY dead copy")]
    [InlineData("RENAME page other")]
    [InlineData("COPY page copy")]
    public void Of_what_no_purge_concerns_nothing_more_is_told(string command)
    {
        Assert.Matches(@"^(\+OK|:1)$", _client.Call(command));
        Assert.Equal([command], _server.Effects.Commands);
    }

    [Fact]
    public void In_a_transaction_and_in_a_script_it_stands_behind_the_command_too()
    {
        _client.Run("""
            MULTI
            -> +OK
            COPY dead one DB 1
            -> +QUEUED
            SET after 1
            -> +QUEUED
            EXEC
            -> *2 :1 +OK
            EVAL "redis.call('copy', 'dead', 'two', 'db', '1'); return redis.call('set', 'after', '2')" 0
            -> +OK
            """);
        Assert.Equal(
            ["COPY dead one DB 1", "DEL one", "SET after 1", "copy dead two db 1", "DEL two", "SET after 2"], _server.Effects.Commands);
        Assert.Equal([3, 3], _server.Effects.Units);
    }

    [Fact]
    public void A_policy_bounds_the_deadline_first()
    {
        _client.Call("CACHE.POLICY SET p: MAXTTL 20");
        Forget();
        Assert.Equal(":1", _client.Call("COPY page p:age DB 1"));
        Assert.Equal(["COPY page p:age DB 1", "PEXPIREAT p:age 1767225620000", "PEXPIREAT p:age 1767225610000"], _server.Effects.Commands[..3]);
    }

    /// <summary>What it is settled for are purges of the database that it comes from.</summary>
    [Theory]
    [InlineData("COPY page page DB 1")]
    [InlineData("MOVE page 1")]
    public void A_key_that_was_settled_for_a_later_purge_is_not_for_an_earlier_one_of_another_database(string command)
    {
        _server.Advance(TimeSpan.FromSeconds(5));
        _client.Call("CACHE.PURGE SOFT ALL");
        Assert.Equal(":10000", _client.Call("PTTL page"));
        Assert.Equal(":1", _client.Call(command));
        _client.Call("SELECT 1");
        // As long as its window after the first purge that concerns it there.
        Assert.Equal(":5000", _client.Call("PTTL page"));
    }

    [Fact]
    public void A_key_that_another_node_hands_over_is_dead_where_its_tag_was_purged()
    {
        _client.Call("SET plain v");
        var dump = _client.Call("DUMP plain");
        dump = dump[(dump.IndexOf(' ') + 1)..];
        _client.Call("CACHE.PURGE TAG xy");
        Forget();
        // Its version is 7.
        Assert.Equal("+OK", _client.CallWords("CACHE.RESTORE", "k", "0", dump, "mrc1k\u0001k\0\u0007\u0004\u0002\0xy"));
        Assert.StartsWith("RESTORE k 0 ", _server.Effects.Commands[0], StringComparison.Ordinal);
        Assert.Equal("DEL k", _server.Effects.Commands[1]);
        Assert.Equal(2, _server.Effects.Commands.Count);
        Assert.Equal(":0", _client.Call("EXISTS k"));
    }
}
