namespace MiniRedis.Server.Tests.Commands.SortedSets;

/// <summary>What the sorted set and geo commands tell of what they did.</summary>
public sealed class SortedSetCommandsEffectTests : IDisposable
{
    readonly TestServer _server = new();
    readonly RawClient _client;
    readonly RecordedEffects _effects = new();

    public SortedSetCommandsEffectTests()
    {
        _client = _server.Connect();
        _server.Server.Effects.AddSink(_effects);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Theory]
    [InlineData("ZADD z 1 a 2 b", "ZADD z 1 a 2 b", "new@0 z, zadd@0 z")]
    [InlineData("ZINCRBY z 1 a", "ZINCRBY z 1 a", "new@0 z, zincr@0 z")]
    [InlineData("ZADD full NX 9 a", "", "")]
    [InlineData("ZADD full 1 a", "", "")]
    [InlineData("ZREM full a nobody", "ZREM full a nobody", "zrem@0 full")]
    [InlineData("ZREM full a b c", "ZREM full a b c", "zrem@0 full, del@0 full")]
    [InlineData("ZREMRANGEBYRANK full 0 -1", "ZREMRANGEBYRANK full 0 -1", "zremrangebyrank@0 full, del@0 full")]
    [InlineData("ZREMRANGEBYSCORE full 1 2", "ZREMRANGEBYSCORE full 1 2", "zremrangebyscore@0 full")]
    [InlineData("ZREMRANGEBYLEX full - (b", "ZREMRANGEBYLEX full - (b", "zremrangebylex@0 full")]
    [InlineData("ZPOPMIN full 2", "ZPOPMIN full 2", "zpopmin@0 full")]
    [InlineData("ZPOPMAX full 9", "ZPOPMAX full 9", "zpopmax@0 full, del@0 full")]
    [InlineData("ZMPOP 2 none full MAX COUNT 2", "ZPOPMAX full 2", "zpopmax@0 full")]
    [InlineData("BZMPOP 0 1 full MIN COUNT 9", "ZPOPMIN full 3", "zpopmin@0 full, del@0 full")]
    [InlineData("BZPOPMIN none full 0", "ZPOPMIN full", "zpopmin@0 full")]
    [InlineData("ZUNIONSTORE z 1 full", "ZUNIONSTORE z 1 full", "new@0 z, zunionstore@0 z")]
    [InlineData("ZINTERSTORE full 2 full none", "ZINTERSTORE full 2 full none", "keymiss@0 none, del@0 full")]
    [InlineData("ZDIFFSTORE full 1 full", "ZDIFFSTORE full 1 full", "zdiffstore@0 full")]
    [InlineData("ZRANGESTORE z full 0 1", "ZRANGESTORE z full 0 1", "new@0 z, zrangestore@0 z")]
    [InlineData("GEOADD z 13.361389 38.115556 p", "ZADD z 3479099956230698 p", "new@0 z, zadd@0 z")]
    [InlineData("GEOADD z NX CH 13.361389 38.115556 p", "ZADD z NX CH 3479099956230698 p", "new@0 z, zadd@0 z")]
    [InlineData("GEORADIUS none 1 2 3 km STORE full", "GEORADIUS none 1 2 3 km STORE full", "keymiss@0 none, del@0 full")]
    public void A_command_tells_what_repeats_it(string command, string repeated, string events)
    {
        _client.Call("ZADD full 1 a 2 b 3 c");
        _effects.Commands.Clear();
        _effects.Events.Clear();

        Assert.NotEqual('-', _client.Call(command)[0]);

        Assert.Equal(repeated, string.Join(", ", _effects.Commands));
        Assert.Equal(events, string.Join(", ", _effects.Events));
    }

    [Fact]
    public void A_waiting_client_is_served_by_whatever_makes_the_key()
    {
        using var waiting = _server.Connect();
        foreach (var (make, served) in new[]
        {
            ("ZADD z 1 a", "*3 $1 z $1 a $1 1"), ("GEOADD z 0 0 g", "*3 $1 z $1 g $16 3377699720527872"),
            ("ZUNIONSTORE z 1 full", "*3 $1 z $1 a $1 1"), ("RENAME other z", "*3 $1 z $1 o $1 5"), ("COPY full z", "*3 $1 z $1 a $1 1"),
        })
        {
            _client.Call("FLUSHALL");
            _client.Call("ZADD full 1 a");
            _client.Call("ZADD other 5 o");
            waiting.Send("BZPOPMIN none z 0");
            Await.Until(() => !_client.Call("INFO clients").Contains("blocked_clients:0", StringComparison.Ordinal));
            _client.Call(make);
            Assert.Equal(served, waiting.Read());
        }
    }
}
