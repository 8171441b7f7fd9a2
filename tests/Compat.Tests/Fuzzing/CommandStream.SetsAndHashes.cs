namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Sets and hashes. What is drawn by lot is asked for only where there is no choice, or the two servers would part.</summary>
sealed partial class CommandStream
{
    /// <summary>Mostly integers, so that intsets come about; few enough to meet again.</summary>
    string Member() => _w.Random.Next(4) switch
    {
        0 => _w.Value(),
        1 => _w.Integer(),
        _ => $"{_w.Random.Next(40)}",
    };

    string[] Members() => [.. Enumerable.Range(0, 1 + _w.Random.Next(_w.Random.Next(40) == 0 ? 700 : 5)).Select(_ => Member())];

    string[] Pairs() => [.. Members().SelectMany(field => new[] { field, _w.Value() })];

    string[] SomeKeys() => [.. Enumerable.Range(0, 1 + _w.Random.Next(6)).Select(_ => _w.Key())];

    IEnumerable<Func<string[]>> Sets() =>
    [
        () => ["SADD", _w.Key(), .. Members()],
        () => ["SADD", _w.Key(), .. Members()],
        () => ["SREM", _w.Key(), .. Members()],
        () => ["SMOVE", _w.Key(), _w.Key(), Member()],
        () => ["SMEMBERS", _w.Key()],
        () => ["SISMEMBER", _w.Key(), Member()],
        () => ["SMISMEMBER", _w.Key(), .. Members()],
        () => ["SCARD", _w.Key()],
        () => ["SSCAN", _w.Key(), "0", "COUNT", "10000", .. _w.Maybe(3, "MATCH", _w.Pick("*", "1*", "[a-c]*", "??"))],
        () => ["SPOP", _w.Key(), _w.Pick("100000", "0", "-1", "x")],
        () => ["SRANDMEMBER", _w.Key(), _w.Pick("100000", "0", "x", "-9223372036854775808")],
        () => ["SINTER", .. SomeKeys()],
        () => ["SUNION", .. SomeKeys()],
        () => ["SDIFF", .. SomeKeys()],
        () => [_w.Pick("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), _w.Key(), .. SomeKeys()],
        () => ["SINTERCARD", _w.Pick("1", "2", "0", "x", "3"), _w.Key(), _w.Key(), .. _w.Maybe(3, "LIMIT", _w.Pick("0", "1", "5", "-1", "x"))],
    ];

    IEnumerable<Func<string[]>> Hashes() =>
    [
        () => ["HSET", _w.Key(), .. Pairs()],
        () => ["HMSET", _w.Key(), .. Pairs()],
        () => ["HSETNX", _w.Key(), Member(), _w.Value()],
        () => ["HDEL", _w.Key(), .. Members()],
        () => ["HGET", _w.Key(), Member()],
        () => ["HMGET", _w.Key(), .. Members()],
        () => ["HGETALL", _w.Key()],
        () => [_w.Pick("HKEYS", "HVALS", "HLEN"), _w.Key()],
        () => [_w.Pick("HEXISTS", "HSTRLEN"), _w.Key(), Member()],
        () => ["HINCRBY", _w.Key(), Member(), _w.Integer()],
        () => ["HINCRBYFLOAT", _w.Key(), Member(), _w.Float()],
        () => ["HSCAN", _w.Key(), "0", "COUNT", "10000", .. _w.Maybe(3, "MATCH", _w.Pick("*", "1*", "[a-c]*", "??"))],
        () => ["HRANDFIELD", _w.Key(), _w.Pick("100000", "0", "x", "-9223372036854775808"), .. _w.Maybe(2, "WITHVALUES")],
    ];
}
