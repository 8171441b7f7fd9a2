namespace MiniRedis.Server.Tests.Commands.Hashes;

public sealed class HashCommandsSetTests : IDisposable
{
    readonly TestServer _server = new("hash-max-listpack-entries 4\nhash-max-listpack-value 10");
    readonly RawClient _client;

    public HashCommandsSetTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Fields_are_set_and_removed()
    {
        _client.Run("""
            HSET h a 1 b 2 a 3
            -> :2
            HSET h b 2 c x
            -> :1
            HMSET h d 4
            -> +OK
            HSETNX h d 5
            -> :0
            HSETNX h2 d 5
            -> :1
            HMGET h a b c d e
            -> *5 $1 3 $1 2 $1 x $1 4 $-1
            HDEL h a x b
            -> :2
            HDEL h c d e
            -> :2
            HDEL h c
            -> :0
            HSET h a
            -> -ERR wrong number of arguments for 'hset' command
            HSET h a 1 b
            -> -ERR wrong number of arguments for 'hset' command
            HMSET h a 1 b
            -> -ERR wrong number of arguments for 'hmset' command
            SET s x
            -> +OK
            HSET s a 1
            -> -WRONGTYPE Operation against a key holding the wrong kind of value
            HSETNX s a 1
            -> -WRONGTYPE Operation against a key holding the wrong kind of value
            HDEL s a
            -> -WRONGTYPE Operation against a key holding the wrong kind of value
            """);
        Assert.Equal(["new@0 h", "hset@0 h", "hset@0 h", "hset@0 h", "new@0 h2", "hset@0 h2", "hdel@0 h", "hdel@0 h", "del@0 h"],
            _server.Effects.Events.Take(9));
        Assert.Equal(["HSET h a 1 b 2 a 3", "HSET h b 2 c x", "HMSET h d 4", "HSETNX h2 d 5", "HDEL h a x b", "HDEL h c d e"],
            _server.Effects.Commands.Take(6));
    }

    [Fact]
    public void The_form_follows_the_limits() => _client.Run("""
        HSET h a 1 b 2 c 3 d 4
        -> :4
        OBJECT ENCODING h
        -> $8 listpack
        HSET h d 5
        -> :0
        OBJECT ENCODING h
        -> $8 listpack
        HSET h e 5
        -> :1
        OBJECT ENCODING h
        -> $9 hashtable
        HSET l a 0123456789
        -> :1
        OBJECT ENCODING l
        -> $8 listpack
        HSET l a 0123456789x
        -> :0
        OBJECT ENCODING l
        -> $9 hashtable
        HSET m a 1 a 2 a 3 a 4 a 5
        -> :1
        OBJECT ENCODING m
        -> $9 hashtable
        HSET n 0123456789x 1
        -> :1
        OBJECT ENCODING n
        -> $9 hashtable
        HSET f a 1234567890
        -> :1
        HINCRBYFLOAT f a 0.5
        -> $12 1234567890.5
        OBJECT ENCODING f
        -> $9 hashtable
        """);

    [Fact]
    public void Numbers_in_fields_are_added_to()
    {
        _client.Run("""
            HINCRBY h a 5
            -> :5
            HINCRBY h a -7
            -> :-2
            HSET h max 9223372036854775807 text x float 1.5
            -> :3
            HINCRBY h max 1
            -> -ERR increment or decrement would overflow
            HINCRBY h max -9223372036854775808
            -> :-1
            HINCRBY h text 1
            -> -ERR hash value is not an integer
            HINCRBY h float 1
            -> -ERR hash value is not an integer
            HINCRBY h a x
            -> -ERR value is not an integer or out of range
            HINCRBYFLOAT h float 1.25
            -> $4 2.75
            HINCRBYFLOAT h a 0.5
            -> $4 -1.5
            HINCRBYFLOAT h new 3.0
            -> $1 3
            HINCRBYFLOAT h text 1
            -> -ERR hash value is not a float
            HINCRBYFLOAT h a x
            -> -ERR value is not a valid float
            HINCRBYFLOAT h a inf
            -> -ERR value is NaN or Infinity
            SET s x
            -> +OK
            HINCRBY s a 1
            -> -WRONGTYPE Operation against a key holding the wrong kind of value
            """);
        Assert.Contains("HSET h float 2.75", _server.Effects.Commands);
        Assert.Contains("HINCRBY h a -7", _server.Effects.Commands);
        Assert.Contains("hincrbyfloat@0 h", _server.Effects.Events);
    }

    [Fact]
    public void Many_fields_go_through_a_table()
    {
        string[] pairs = [.. Enumerable.Range(0, 100).SelectMany(i => new[] { $"field:{i}", $"value:{i}" })];
        Assert.Equal(":100", _client.CallWords(["HSET", "h", .. pairs]));
        Assert.Equal(":0", _client.CallWords(["HSET", "h", .. pairs]));
        Assert.Equal("*3 $8 value:99 $-1 $7 value:0", _client.Call("HMGET h field:99 x field:0"));
        string[] fields = [.. Enumerable.Range(0, 100).Select(i => $"field:{i}")];
        Assert.Equal("*100 " + string.Join(' ', Enumerable.Range(0, 100).Select(i => $"${$"value:{i}".Length} value:{i}")),
            _client.CallWords(["HMGET", "h", .. fields]));
        Assert.Equal(":100", _client.CallWords(["HDEL", "h", .. fields, "x"]));
        Assert.Equal(":0", _client.Call("EXISTS h"));
    }

    [Fact]
    public void A_large_value_comes_and_goes_in_place()
    {
        for (var length = 1; length < 200_000; length = length * 3 + 1)
        {
            var value = new string('v', length);
            _client.CallWords("HSET", "h", "f", value, "g", "1");
            Assert.Equal($":{length}", _client.Call("HSTRLEN h f"));
            Assert.Equal($"${length} {value}", _client.Call("HGET h f"));
        }
        _client.Run("""
            HSET h f x
            -> :0
            HGETALL h
            -> *4 $1 f $1 x $1 g $1 1
            """);
    }
}
