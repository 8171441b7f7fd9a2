namespace MiniRedis.Server.Tests.Commands;

/// <summary>
/// Which write commands count as a change when they leave everything as it is: for WATCH, for the number of changes since the last save, for
/// the AOF and for notifications. As redis-server 7.0.15 and Valkey 8.0.7 do, which agree but for LTRIM, and for the commands that they lack
/// as their relatives do. What stores a value again is a change; what finds nothing to do is none.
/// </summary>
public sealed class NoChangeTests : IDisposable
{
    const string Keys = "s n l h t z x p geo e m m2";

    readonly TestServer _server = new("notify-keyspace-events KEA");
    readonly RawClient _client, _watcher;

    public NoChangeTests()
    {
        (_client, _watcher) = (_server.Connect(), _server.Connect());
        foreach (var command in (string[])
            ["SET s v", "SET n 5", "RPUSH l a b c", "HSET h f v g w", "SADD t a b c", "ZADD z 1 a 2 b", "XADD x 1-0 f v", "XADD x 2-0 f v",
                "XGROUP CREATE x g 0", "XREADGROUP GROUP g c STREAMS x >", "PFADD p a b", "GEOADD geo 13.361389 38.115556 Palermo",
                "SET e v EX 1000"])
        {
            Assert.False(_client.Call(command).StartsWith('-'), command);
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _watcher.Dispose();
        _server.Dispose();
    }

    /// <summary>Runs a command, and tells who noticed: "dirty", "commands", "events", "watch".</summary>
    string Noticed(string command)
    {
        _watcher.Call("WATCH " + Keys);
        long Dirty()
        {
            lock (_server.Server.Executor.ExecutorLock) return _server.Server.Effects.Dirty;
        }

        var before = Dirty();
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
        _client.Call(command);
        _watcher.Call("MULTI");
        _watcher.Call("PING");
        var noticed = new List<string>();
        if (Dirty() != before) noticed.Add("dirty");
        if (_server.Effects.Commands.Count > 0) noticed.Add("commands");
        if (_server.Effects.Events.Exists(e => !e.StartsWith("keymiss", StringComparison.Ordinal))) noticed.Add("events");
        if (_watcher.Call("EXEC") == "*-1") noticed.Add("watch");
        return string.Join(' ', noticed);
    }

    [Theory]
    // Strings and bitmaps.
    [InlineData("SETNX s w")]
    [InlineData("SET s w NX")]
    [InlineData("SET m w XX")]
    [InlineData("SET s w IFEQ x")]
    [InlineData("MSETNX s 1 m2 2")]
    [InlineData("MSETEX 1 s w NX")]
    [InlineData("SETRANGE s 0 \"\"")]
    [InlineData("SETRANGE m 0 \"\"")]
    [InlineData("GETEX s")]
    [InlineData("GETEX s PERSIST")]
    [InlineData("GETDEL m")]
    [InlineData("DELEX s IFEQ x")]
    [InlineData("DELIFEQ s x")]
    [InlineData("SETBIT s 0 0")]
    [InlineData("BITFIELD s SET u8 0 118")]
    [InlineData("BITFIELD s INCRBY u8 0 0")]
    [InlineData("BITFIELD m GET u8 0")]
    [InlineData("BITOP AND m m m")]
    // Lists.
    [InlineData("LTRIM l 0 -1")]
    [InlineData("LTRIM l 0 100")]
    [InlineData("LTRIM l -3 2")]
    [InlineData("LTRIM m 0 -1")]
    [InlineData("LPUSHX m a")]
    [InlineData("LREM l 0 q")]
    [InlineData("LINSERT l BEFORE q z")]
    [InlineData("LPOP m")]
    [InlineData("LPOP l 0")]
    [InlineData("LMPOP 1 m LEFT")]
    [InlineData("LMOVE m l LEFT LEFT")]
    [InlineData("RPOPLPUSH m l")]
    // Hashes.
    [InlineData("HSETNX h f w")]
    [InlineData("HDEL h q")]
    [InlineData("HGETDEL h FIELDS 1 q")]
    [InlineData("HGETEX h FIELDS 1 f")]
    [InlineData("HGETEX h PERSIST FIELDS 1 f")]
    [InlineData("HSETEX h FNX FIELDS 1 f w")]
    [InlineData("HSETEX h FXX FIELDS 1 q w")]
    [InlineData("HEXPIRE h 10 FIELDS 1 q")]
    [InlineData("HEXPIRE h 10 XX FIELDS 1 f")]
    [InlineData("HPERSIST h FIELDS 1 f")]
    // Sets.
    [InlineData("SADD t a")]
    [InlineData("SREM t q")]
    [InlineData("SMOVE t m q")]
    [InlineData("SMOVE t t a")]
    [InlineData("SPOP t 0")]
    [InlineData("SPOP m")]
    [InlineData("SINTERSTORE m m t")]
    // Sorted sets and geo.
    [InlineData("ZADD z 1 a")]
    [InlineData("ZADD z NX 5 a")]
    [InlineData("ZADD z XX 5 q")]
    [InlineData("ZADD z GT 0 a")]
    [InlineData("ZADD z INCR 0 a")]
    [InlineData("ZINCRBY z 0 a")]
    [InlineData("ZREM z q")]
    [InlineData("ZREMRANGEBYRANK z 5 9")]
    [InlineData("ZREMRANGEBYSCORE z 5 9")]
    [InlineData("ZREMRANGEBYLEX z [x [z")]
    [InlineData("ZPOPMIN z 0")]
    [InlineData("ZMPOP 1 m MIN")]
    [InlineData("ZUNIONSTORE m 1 m")]
    [InlineData("ZRANGESTORE m z 5 9")]
    [InlineData("GEOADD geo 13.361389 38.115556 Palermo")]
    [InlineData("GEOSEARCHSTORE m geo FROMLONLAT 1 1 BYRADIUS 1 m")]
    // Streams.
    [InlineData("XADD m NOMKSTREAM * f v")]
    [InlineData("XDEL x 9-9")]
    [InlineData("XDELEX x IDS 1 9-9")]
    [InlineData("XTRIM x MAXLEN 10")]
    [InlineData("XTRIM x MINID 0")]
    [InlineData("XGROUP CREATE x g 0")]
    [InlineData("XGROUP DESTROY x q")]
    [InlineData("XGROUP CREATECONSUMER x g c")]
    [InlineData("XGROUP DELCONSUMER x g q")]
    [InlineData("XACK x g 9-9")]
    [InlineData("XACKDEL x g IDS 1 9-9")]
    [InlineData("XREADGROUP GROUP g c STREAMS x 0")]
    [InlineData("XREADGROUP GROUP g c STREAMS x >")]
    [InlineData("XCLAIM x g c 999999 1-0")]
    [InlineData("XAUTOCLAIM x g c 999999 0")]
    // HyperLogLogs, sorting, keys.
    [InlineData("PFADD p a")]
    [InlineData("PFADD p")]
    [InlineData("SORT m STORE m")]
    [InlineData("DEL m")]
    [InlineData("UNLINK m")]
    [InlineData("EXPIRE m 10")]
    [InlineData("EXPIRE e 10 NX")]
    [InlineData("EXPIRE s 10 XX")]
    [InlineData("EXPIRE e 10 GT")]
    [InlineData("PERSIST s")]
    [InlineData("RENAME s s")]
    [InlineData("RENAMENX s n")]
    [InlineData("MOVE m 1")]
    [InlineData("COPY s n")]
    [InlineData("TOUCH s")]
    public void What_finds_nothing_to_do_is_no_change(string command) => Assert.Equal((command, ""), (command, Noticed(command)));

    [Theory]
    [InlineData("SET s v")]
    [InlineData("GETSET s v")]
    [InlineData("APPEND s \"\"")]
    [InlineData("SETRANGE s 0 v")]
    [InlineData("INCRBY n 0")]
    [InlineData("INCRBYFLOAT n 0")]
    [InlineData("GETEX e PERSIST")]
    [InlineData("SETBIT m 0 0")]
    [InlineData("BITOP OR s s s")]
    [InlineData("LSET l 0 a")]
    [InlineData("LMOVE l l LEFT LEFT")]
    [InlineData("LTRIM l 0 1")]
    [InlineData("LTRIM l 5 1")]
    [InlineData("HSET h f v")]
    [InlineData("HINCRBY h q 0")]
    [InlineData("SUNIONSTORE t t")]
    [InlineData("SUNIONSTORE t m")]
    [InlineData("ZUNIONSTORE z 1 z")]
    [InlineData("SORT l ALPHA STORE l")]
    [InlineData("PFADD m")]
    [InlineData("PFMERGE p")]
    [InlineData("EXPIRE e 1000")]
    public void What_stores_something_again_is_a_change(string command) =>
        Assert.Equal((command, "dirty commands events watch"), (command, Noticed(command)));

    /// <summary>Groups are none of the stream's entries: who watches the key is not told.</summary>
    [Theory]
    [InlineData("XSETID x 2-0", "dirty commands events")]
    [InlineData("XGROUP SETID x g 1-0", "dirty commands events")]
    [InlineData("XGROUP CREATECONSUMER x g d", "dirty commands events")]
    [InlineData("XGROUP DELCONSUMER x g c", "dirty commands events")]
    [InlineData("XCLAIM x g c 0 1-0", "dirty commands")]
    public void What_changes_a_group_is_not_told_to_who_watches_the_stream(string command, string noticed) =>
        Assert.Equal((command, noticed), (command, Noticed(command)));
}
