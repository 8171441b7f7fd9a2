namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Sorted sets; a plain set is a source now and then, each of its members worth one.</summary>
sealed partial class CommandStream
{
    string SortedSetKey() => _w.KeyOf("z1", "z2", "z3", "z4");

    /// <summary>
    /// Of members that have one score all, and of no other use: to ask for a range of names elsewhere has, by its documentation,
    /// no defined answer, and redis-server's depends on the levels that its skip list drew.
    /// </summary>
    string LexKey() => _w.Pick(Words.LexKeys);

    string SourceKey() => _w.Random.Next(4) == 0 ? SetKey() : _w.Random.Next(8) == 0 ? LexKey() : SortedSetKey();

    /// <summary>Coarse, so that ties come about; the odd ones are refused, or make sums that are not numbers.</summary>
    string Score() => _w.Random.Next(10) switch
    {
        0 => _w.Pick("inf", "-inf", "+inf", "Infinity", "1e400", "0"),
        1 => _w.Pick("nan", "abc", "", " 1", "1 ", "0x10", "1e", "+5", "1.7976931348623157e308", "5e-324", "1_0"),
        2 => _w.Pick("0.1", "0.2", "0.30000000000000004", "1e17", "123456789012345678", "-1.5", "3.0e-10", "9007199254740993"),
        _ => $"{_w.Random.Next(-3, 12)}",
    };

    string Named() => _w.Random.Next(5) switch
    {
        0 => _w.Value(),
        1 => $"{_w.Random.Next(40)}",
        _ => _w.Pick("a", "b", "c", "d", "e", "f", "g", "aa", "ab", "b\0", "B"),
    };

    string[] Scored() =>
        [.. Enumerable.Range(0, 1 + _w.Random.Next(_w.Random.Next(40) == 0 ? 200 : 5)).SelectMany(_ => new[] { GoodScore(), Named() })];

    string GoodScore() => _w.Random.Next(12) == 0 ? Score() : $"{_w.Random.Next(-3, 12)}";

    string ScoreBound() => _w.Pick("-inf", "+inf", "inf", Score(), Score(), "(" + Score(), "(" + Score(), "(");

    string LexBound() => _w.Pick("-", "+", "[" + Named(), "(" + Named(), "[" + Named(), "(" + Named(), "[", "(", "x", "");

    string[] RankLimit() => ["LIMIT", $"{_w.Random.Next(-2, 5)}", $"{_w.Random.Next(-2, 10)}"];

    string[] Conditions() => [.. _w.Maybe(4, _w.Pick("NX", "XX", "nx")), .. _w.Maybe(4, _w.Pick("GT", "LT", "gt")), .. _w.Maybe(4, "CH")];

    /// <summary>
    /// What is stored is not multiplied into a negative zero: a listpack forgets that sign, and the two servers do not always take
    /// to a skip list at the same time, see <see cref="KnownDifferences"/>.
    /// </summary>
    string Weight(bool isStored) => _w.Random.Next(12) == 0 ? _w.Pick("inf", "-inf", "x", "nan")
        : isStored ? _w.Pick("1", "2", "0.5", "3") : _w.Pick("1", "2", "0.5", "-1", "0", Score());

    string[] Sources(int count, bool areStored) =>
    [
        $"{count}", .. Enumerable.Range(0, count).Select(_ => SourceKey()),
        .. _w.Maybe(2, ["WEIGHTS", .. Enumerable.Range(0, count).Select(_ => Weight(areStored))]),
        .. _w.Maybe(2, "AGGREGATE", _w.Pick("SUM", "MIN", "MAX", "max", _w.Random.Next(10) == 0 ? "AVG" : "SUM")),
    ];

    /// <summary>A key and what is asked for of it.</summary>
    string[] Range() => _w.Random.Next(4) switch
    {
        0 => [SortedSetKey(), ScoreBound(), ScoreBound(), "BYSCORE", .. _w.Maybe(3, "REV"), .. _w.Maybe(2, RankLimit())],
        1 => [LexKey(), LexBound(), LexBound(), "BYLEX", .. _w.Maybe(3, "REV"), .. _w.Maybe(2, RankLimit())],
        2 => [SortedSetKey(), Index(), Index(), .. _w.Maybe(3, "REV"), .. _w.Maybe(8, RankLimit())],
        _ => [SortedSetKey(), "0", "-1"],
    };

    IEnumerable<Func<string[]>> SortedSets() =>
    [
        () => ["ZADD", SortedSetKey(), .. Scored()],
        () => ["ZADD", SortedSetKey(), .. Scored()],
        () => ["ZADD", LexKey(), .. Enumerable.Range(0, 1 + _w.Random.Next(10)).Select(_ => Named()).Distinct().SelectMany(n => new[] { "0", n })],
        () => ["ZREM", LexKey(), Named(), Named()],
        () => [_w.Pick("ZUNIONSTORE", "ZINTERSTORE"), LexKey(), "2", LexKey(), LexKey()],
        () => _w.Random.Next(2) == 0 ? ["ZDIFFSTORE", LexKey(), "2", LexKey(), LexKey()] : ["ZRANGESTORE", LexKey(), LexKey(), Index(), "-1"],
        () => ["ZADD", SortedSetKey(), .. Conditions(), .. Scored()],
        () => ["ZADD", SortedSetKey(), .. Conditions(), "INCR", Score(), Named()],
        () => ["ZINCRBY", SortedSetKey(), Score(), Named()],
        () => ["ZREM", SortedSetKey(), Named(), Named(), .. _w.Maybe(2, Named())],
        () => ["ZCARD", SortedSetKey()],
        () => ["ZSCORE", SortedSetKey(), Named()],
        () => ["ZMSCORE", SortedSetKey(), Named(), Named(), Named()],
        () => [_w.Pick("ZRANK", "ZREVRANK"), SortedSetKey(), Named()],
        () => ["ZCOUNT", SortedSetKey(), ScoreBound(), ScoreBound()],
        () => ["ZLEXCOUNT", LexKey(), LexBound(), LexBound()],
        () => ["ZRANGE", .. Range(), .. _w.Maybe(2, "WITHSCORES")],
        () => ["ZRANGE", .. Range(), .. _w.Maybe(2, "WITHSCORES")],
        () => ["ZRANGESTORE", SortedSetKey(), .. Range(), .. _w.Maybe(20, "WITHSCORES")],
        () => ["ZREVRANGE", SortedSetKey(), Index(), Index(), .. _w.Maybe(2, "withscores")],
        () => [_w.Pick("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), SortedSetKey(), ScoreBound(), ScoreBound(),
            .. _w.Maybe(2, "WITHSCORES"), .. _w.Maybe(2, RankLimit())],
        () => [_w.Pick("ZRANGEBYLEX", "ZREVRANGEBYLEX"), LexKey(), LexBound(), LexBound(), .. _w.Maybe(2, RankLimit())],
        () => ["ZREMRANGEBYRANK", SortedSetKey(), Index(), Index()],
        () => ["ZREMRANGEBYSCORE", SortedSetKey(), ScoreBound(), ScoreBound()],
        () => ["ZREMRANGEBYLEX", LexKey(), LexBound(), LexBound()],
        () => [_w.Pick("ZPOPMIN", "ZPOPMAX"), SortedSetKey(), .. _w.Maybe(2, PopCount())],
        () => ["ZMPOP", Numkeys(), SortedSetKey(), SortedSetKey(), _w.Pick("MIN", "MAX", "max", "MID"), .. _w.Maybe(2, "COUNT", PopCount())],
        () => [_w.Pick("BZPOPMIN", "BZPOPMAX"), SortedSetKey(), SortedSetKey(), Timeout()],
        () => ["BZMPOP", Timeout(), Numkeys(), SortedSetKey(), SortedSetKey(), _w.Pick("MIN", "MAX"), .. _w.Maybe(2, "COUNT", PopCount())],
        () => [_w.Pick("ZUNION", "ZINTER"), .. Sources(_w.Random.Next(1, 4), areStored: false), .. _w.Maybe(2, "WITHSCORES")],
        () => [_w.Pick("ZUNIONSTORE", "ZINTERSTORE"), SortedSetKey(), .. Sources(_w.Random.Next(1, 4), areStored: true)],
        () => ["ZDIFF", _w.Pick("1", "2", "3", "0"), SourceKey(), SourceKey(), .. _w.Maybe(2, SourceKey()), .. _w.Maybe(2, "WITHSCORES")],
        () => ["ZDIFFSTORE", SortedSetKey(), "2", SourceKey(), SourceKey()],
        () => ["ZINTERCARD", "2", SourceKey(), SourceKey(), .. _w.Maybe(2, "LIMIT", _w.Pick("0", "1", "3", "-1", "x"))],
        () => ["ZINTERCARD", Numkeys(), SourceKey(), SourceKey()],
        () => ["ZSCAN", SortedSetKey(), "0", "COUNT", "10000", .. _w.Maybe(3, "MATCH", _w.Pick("*", "1*", "[a-c]*", "??"))],
        () => ["ZRANDMEMBER", SortedSetKey(), _w.Pick("100000", "0", "x", "-9223372036854775808"), .. _w.Maybe(2, "WITHSCORES")],
    ];
}
