namespace MiniRedis.Server.Tests.Commands.Streams;

public sealed class StreamCommandsAddTests : IDisposable
{
    readonly TestServer _server = new("stream-node-max-entries 3");
    readonly RawClient _client;

    public StreamCommandsAddTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Entries_get_increasing_ids() => _client.Run("""
        XADD s 1-1 f v
        -> $3 1-1
        XADD s 1-* f v
        -> $3 1-2
        XADD s 2-* f v
        -> $3 2-0
        XADD s 3 f v g w
        -> $3 3-0
        XADD s 3-0 f v
        -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD s 1-* f v
        -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD new 0-0 f v
        -> -ERR The ID specified in XADD must be greater than 0-0
        XADD new 0-* f v
        -> $3 0-1
        XLEN s
        -> :4
        XLEN missing
        -> :0
        TYPE s
        -> +stream
        OBJECT ENCODING s
        -> $6 stream
        XADD s 18446744073709551615-18446744073709551615 f v
        -> $41 18446744073709551615-18446744073709551615
        XADD s * f v
        -> -ERR The stream has exhausted the last possible ID, unable to add more items
        """);

    [Fact]
    public void A_star_takes_the_time_and_never_goes_back()
    {
        var now = _server.Server.Clock.Now;
        Assert.Equal($"${$"{now}-0".Length} {now}-0", _client.Call("XADD s * f v"));
        Assert.Equal($"${$"{now}-1".Length} {now}-1", _client.Call("XADD s * f v"));
        _server.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal($"${$"{now + 5}-0".Length} {now + 5}-0", _client.Call("XADD s * f v"));
        _client.Run("""
            XADD s 99999999999999-7 f v
            -> $16 99999999999999-7
            XADD s * f v
            -> $16 99999999999999-8
            """);
    }

    [Fact]
    public void Arguments_are_judged_in_redis_order() => _client.Run("""
        XADD s * f
        -> -ERR wrong number of arguments for 'xadd' command
        XADD s * f v g
        -> -ERR wrong number of arguments for 'xadd' command
        XADD s x f v
        -> -ERR Invalid stream ID specified as stream command argument
        XADD s + f v
        -> -ERR Invalid stream ID specified as stream command argument
        XADD s MAXLEN x * f v
        -> -ERR value is not an integer or out of range
        XADD s MAXLEN -1 * f v
        -> -ERR The MAXLEN argument must be >= 0.
        XADD s MAXLEN 1 MINID 1 * f v
        -> -ERR syntax error, MAXLEN and MINID options at the same time are not compatible
        XADD s LIMIT 5 * f v
        -> -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        XADD s MAXLEN 5 LIMIT 5 * f v
        -> -ERR syntax error, LIMIT cannot be used without the special ~ option
        XADD s MAXLEN ~ 5 LIMIT -5 * f v
        -> -ERR The LIMIT argument must be >= 0.
        XADD s MINID x * f v
        -> -ERR Invalid stream ID specified as stream command argument
        XTRIM s LIMIT 5
        -> -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        XTRIM s LIMIT 0 x
        -> -ERR syntax error
        XTRIM s LIMIT 0 LIMIT 0
        -> -ERR syntax error, XTRIM must be called with a trimming strategy
        EXISTS s
        -> :0
        XADD s NOMKSTREAM * f v
        -> $-1
        SET s v
        -> +OK
        XADD s * f v
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        XADD s NOMKSTREAM * f v
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        XTRIM s MAXLEN 1
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        XLEN s
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    void Fill(string key, int entries)
    {
        for (var i = 1; i <= entries; i++) _client.Call($"XADD {key} {i}-0 f {i}");
    }

    [Fact]
    public void Trimming_is_exact_or_by_whole_nodes()
    {
        Fill("s", 10);
        _client.Run("""
            XTRIM s MAXLEN = 9
            -> :1
            XRANGE s - + COUNT 1
            -> *1 *2 $3 2-0 *2 $1 f $1 2
            XTRIM s MAXLEN ~ 8
            -> :0
            XTRIM s MAXLEN ~ 6
            -> :2
            XLEN s
            -> :7
            XTRIM s MINID 5
            -> :1
            XTRIM s MINID ~ 7-0 LIMIT 1
            -> :0
            XTRIM s MINID ~ 7-0 LIMIT 2
            -> :2
            XADD s MAXLEN ~ 1 11-0 f v
            -> $4 11-0
            XLEN s
            -> :2
            XTRIM s MAXLEN 0
            -> :2
            EXISTS s
            -> :1
            XTRIM s MAXLEN 0
            -> :0
            XTRIM missing MAXLEN 0
            -> :0
            XADD s 5-0 f v
            -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
            """);
    }

    [Fact]
    public void References_of_trimmed_entries_are_kept_dropped_or_respected()
    {
        Fill("s", 6);
        _client.Run("""
            XGROUP CREATE s g 0
            -> +OK
            XREADGROUP GROUP g c COUNT 4 STREAMS s >
            -> *1 *2 $1 s *4 *2 $3 1-0 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2 *2 $3 3-0 *2 $1 f $1 3 *2 $3 4-0 *2 $1 f $1 4
            XACK s g 2-0
            -> :1
            XTRIM s MAXLEN 0 ACKED
            -> :1
            XTRIM s MINID 2 KEEPREF
            -> :1
            XPENDING s g - + 10 c
            -> *3 *4 $3 1-0 $1 c :0 :1 *4 $3 3-0 $1 c :0 :1 *4 $3 4-0 $1 c :0 :1
            XTRIM s MINID 4 DELREF
            -> :1
            XPENDING s g - + 10 c
            -> *2 *4 $3 1-0 $1 c :0 :1 *4 $3 4-0 $1 c :0 :1
            XADD s DELREF MAXLEN 1 7 f v
            -> $3 7-0
            XPENDING s g - + 10 c
            -> *1 *4 $3 1-0 $1 c :0 :1
            XLEN s
            -> :1
            """);
    }

    [Fact]
    public void What_is_propagated_is_what_it_came_to()
    {
        Fill("s", 10);
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
        _client.Run("""
            XADD s MAXLEN ~ 7 LIMIT 100 11-* f v
            -> $4 11-0
            XADD s MINID ~ 5 12-1 f v
            -> $4 12-1
            XTRIM s MAXLEN ~ 5
            -> :3
            XTRIM s MINID = 8
            -> :1
            XTRIM s MINID = 8
            -> :0
            XADD t * f v
            -> $15 1767225600000-0
            """.Replace("$15 1767225600000-0", $"$15 {_server.Server.Clock.Now}-0", StringComparison.Ordinal));
        Assert.Equal(
            [
                "XADD s MAXLEN = 8 11-0 f v", "XADD s MINID = 4-0 12-1 f v", "XTRIM s MAXLEN = 6", "XTRIM s MINID = 8",
                $"XADD t {_server.Server.Clock.Now}-0 f v",
            ],
            _server.Effects.Commands);
        Assert.Equal(
            ["xadd@0 s", "xtrim@0 s", "xadd@0 s", "xtrim@0 s", "xtrim@0 s", "new@0 t", "xadd@0 t"],
            _server.Effects.Events);
    }
}
