namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Lists, and SORT of whatever can be sorted.</summary>
sealed partial class CommandStream
{
    string ListKey() => _w.KeyOf("l1", "l2", "l3", "l4");

    /// <summary>Few, so that LREM, LPOS and LINSERT find them; a long one now and then, to be a node of its own.</summary>
    string Element() => _w.Random.Next(5) switch
    {
        0 => _w.Value(),
        1 => _w.Integer(),
        _ => _w.Pick("a", "b", "c", "1", "2", "3", "10", "200", "70000"),
    };

    string[] Elements() => [.. Enumerable.Range(0, 1 + _w.Random.Next(_w.Random.Next(30) == 0 ? 300 : 5)).Select(_ => Element())];

    string Side() => _w.Pick("LEFT", "RIGHT", "left", "Right", _w.Random.Next(20) == 0 ? "UP" : "LEFT");

    string Index() => _w.Random.Next(6) == 0 ? _w.Integer() : $"{_w.Random.Next(-12, 12)}";

    string PopCount() => _w.Pick("0", "1", "2", "3", "5", "100", "-1", "x");

    string Numkeys() => _w.Pick("1", "2", "2", "3", "0", "-1", "x");

    /// <summary>Where there is nothing it answers null soon: whoever asks is alone.</summary>
    string Timeout() => _w.Random.Next(8) == 0 ? _w.Pick("-1", "x", "nan", "1e300", "") : _w.Pick("0.001", "0.002", "1e-3");

    IEnumerable<Func<string[]>> Lists() =>
    [
        () => [_w.Pick("LPUSH", "RPUSH"), ListKey(), .. Elements()],
        () => [_w.Pick("LPUSH", "RPUSH"), ListKey(), .. Elements()],
        () => [_w.Pick("LPUSHX", "RPUSHX"), ListKey(), .. Elements()],
        () => [_w.Pick("LPOP", "RPOP"), ListKey(), .. _w.Maybe(2, PopCount())],
        () => ["LLEN", ListKey()],
        () => ["LRANGE", ListKey(), Index(), Index()],
        () => ["LRANGE", ListKey(), "0", "-1"],
        () => ["LINDEX", ListKey(), Index()],
        () => ["LSET", ListKey(), Index(), Element()],
        () => ["LINSERT", ListKey(), _w.Pick("BEFORE", "AFTER", "before", "BESIDE"), Element(), Element()],
        () => ["LREM", ListKey(), _w.Pick("0", "1", "-1", "2", "-2", "x"), Element()],
        () => ["LTRIM", ListKey(), Index(), _w.Pick("-1", Index(), "20")],
        () => ["LPOS", ListKey(), Element(), .. _w.Maybe(2, "RANK", _w.Pick("1", "-1", "2", "-2", "0", "-9223372036854775808", "x")),
            .. _w.Maybe(2, "COUNT", _w.Pick("0", "1", "2", "-1")), .. _w.Maybe(3, "MAXLEN", _w.Pick("0", "3", "10", "-1"))],
        () => ["RPOPLPUSH", ListKey(), ListKey()],
        () => ["LMOVE", ListKey(), ListKey(), Side(), Side()],
        () => ["LMPOP", Numkeys(), ListKey(), ListKey(), Side(), .. _w.Maybe(2, "COUNT", PopCount())],
        () => [_w.Pick("BLPOP", "BRPOP"), ListKey(), ListKey(), Timeout()],
        () => ["BRPOPLPUSH", ListKey(), ListKey(), Timeout()],
        () => ["BLMOVE", ListKey(), ListKey(), Side(), Side(), Timeout()],
        () => ["BLMPOP", Timeout(), Numkeys(), ListKey(), ListKey(), Side(), .. _w.Maybe(2, "COUNT", PopCount())],
    ];

    /// <summary>
    /// Sorted sets come by the key of restored values: redis-server makes a skip list of each that it sorts, and then keeps the
    /// sign of a zero, which a listpack forgets.
    /// </summary>
    string Sortable() => _w.Pick(ListKey(), SetKey(), Words.RestoredKey);

    string[] Limit() => ["LIMIT", $"{_w.Random.Next(-2, 5)}", $"{_w.Random.Next(-2, 12)}"];

    /// <summary>A pattern that leads to strings, or to fields of hashes, of the names that elements have; or nowhere.</summary>
    string Weights() => _w.Pick("w*", "w*", "m1->*", "m2->w*", "nosuch*", "w*->", "*");

    string Got() => _w.Pick("#", "#", "w*", "m1->*", "*", "constant");

    /// <summary>By numbers, ties go by the elements themselves: all is told.</summary>
    string[] SortByNumber() =>
    [
        .. _w.Maybe(2, "BY", Weights()), .. _w.Maybe(2, Limit()), .. _w.Maybe(3, "GET", Got()), .. _w.Maybe(4, "GET", Got()),
        .. _w.Maybe(3, _w.Pick("DESC", "ASC", "desc")),
    ];

    IEnumerable<Func<string[]>> Sorting() =>
    [
        () => ["SORT", Sortable(), .. SortByNumber(), .. _w.Maybe(30, "NONSENSE")],
        () => ["SORT_RO", Sortable(), .. SortByNumber(), .. _w.Maybe(10, "STORE", ListKey())],
        () => ["SORT", Sortable(), .. SortByNumber(), "STORE", ListKey()],
        () => ["SORT", Sortable(), "ALPHA", .. _w.Maybe(2, Limit()), .. _w.Maybe(2, "DESC"), .. _w.Maybe(2, "STORE", ListKey())],
        () => ["SORT", Sortable(), "ALPHA", "BY", Weights(), .. _w.Maybe(3, "GET", "#", "GET", Got())],
        () => ["SORT", _w.Pick(ListKey(), Words.RestoredKey), "BY", "nosort", .. _w.Maybe(2, Limit()), .. _w.Maybe(2, "DESC"),
            .. _w.Maybe(2, "GET", Got()), .. _w.Maybe(3, "STORE", ListKey())],
        () => ["SET", "w" + _w.Pick("a", "b", "c", "1", "2", "3", "10", "200", "70000"), _w.Pick("1", "2", "3", "-5", "0.5", _w.Value())],
        () => ["HSET", _w.Pick("m1", "m2"), _w.Pick("a", "b", "1", "2", "wa", "w1", "w2"), _w.Pick("1", "2", "3", "-5", "0.5", _w.Value())],
        () => [_w.Pick("RPUSH", "LPUSH"), ListKey(),
            .. Enumerable.Range(0, 1 + _w.Random.Next(8)).Select(_ => _w.Pick("1", "2", "3", "10", "200", "70000", "-4", "0.5"))],
        () => ["DEL", ListKey(), .. _w.Maybe(3, SortedSetKey())],
    ];
}
