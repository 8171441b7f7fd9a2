namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Sets and hashes. What is drawn by lot is asked for only where there is no choice, or the two servers would part.</summary>
sealed partial class CommandStream
{
    string SetKey() => _w.KeyOf("t1", "t2", "t3", "t4");

    string HashKey() => _w.KeyOf("m1", "m2", "m3");

    /// <summary>Mostly integers, so that intsets come about; few enough to meet again.</summary>
    string Member() => _w.Random.Next(4) switch
    {
        0 => _w.Value(),
        1 => _w.Integer(),
        _ => $"{_w.Random.Next(40)}",
    };

    string[] Members() => [.. Enumerable.Range(0, 1 + _w.Random.Next(_w.Random.Next(40) == 0 ? 700 : 5)).Select(_ => Member())];

    string[] Pairs() => [.. Members().SelectMany(field => new[] { field, _w.Value() })];

    string[] SomeKeys() => [.. Enumerable.Range(0, 1 + _w.Random.Next(6)).Select(_ => SetKey())];

    IEnumerable<Func<string[]>> Sets() =>
    [
        () => ["SADD", SetKey(), .. Members()],
        () => ["SADD", SetKey(), .. Members()],
        () => ["SREM", SetKey(), .. Members()],
        () => ["SMOVE", SetKey(), SetKey(), Member()],
        () => ["SMEMBERS", SetKey()],
        () => ["SISMEMBER", SetKey(), Member()],
        () => ["SMISMEMBER", SetKey(), .. Members()],
        () => ["SCARD", SetKey()],
        () => ["SSCAN", SetKey(), "0", "COUNT", "10000", .. _w.Maybe(3, "MATCH", _w.Pick("*", "1*", "[a-c]*", "??"))],
        () => ["SPOP", SetKey(), _w.Pick("100000", "0", "-1", "x")],
        () => ["SRANDMEMBER", SetKey(), _w.Pick("100000", "0", "x", "-9223372036854775808")],
        () => ["SINTER", .. SomeKeys()],
        () => ["SUNION", .. SomeKeys()],
        () => ["SDIFF", .. SomeKeys()],
        () => [_w.Pick("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), SetKey(), .. SomeKeys()],
        () => ["SINTERCARD", _w.Pick("1", "2", "0", "x", "3"), SetKey(), SetKey(), .. _w.Maybe(3, "LIMIT", _w.Pick("0", "1", "5", "-1", "x"))],
    ];

    IEnumerable<Func<string[]>> Hashes() =>
    [
        () => ["HSET", HashKey(), .. Pairs()],
        () => ["HMSET", HashKey(), .. Pairs()],
        () => ["HSETNX", HashKey(), Member(), _w.Value()],
        () => ["HDEL", HashKey(), .. Members()],
        () => ["HGET", HashKey(), Member()],
        () => ["HMGET", HashKey(), .. Members()],
        () => ["HGETALL", HashKey()],
        () => [_w.Pick("HKEYS", "HVALS", "HLEN"), HashKey()],
        () => [_w.Pick("HEXISTS", "HSTRLEN"), HashKey(), Member()],
        () => ["HINCRBY", HashKey(), Member(), _w.Integer()],
        () => ["HINCRBYFLOAT", HashKey(), Member(), _w.Float()],
        () => ["HSCAN", HashKey(), "0", "COUNT", "10000", .. _w.Maybe(3, "MATCH", _w.Pick("*", "1*", "[a-c]*", "??"))],
        () => ["HRANDFIELD", HashKey(), _w.Pick("100000", "0", "x", "-9223372036854775808"), .. _w.Maybe(2, "WITHVALUES")],
    ];
}
