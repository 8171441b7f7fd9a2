namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Commands that wait, and commands that end waits. Keys keep their types: since Redis 7.2 a client is woken by running its command
/// again, which complains about any key of another type, while 7.0 looks only at the key that came.
/// </summary>
sealed class BlockingStream(int seed)
{
    readonly Words _w = new(new Random(seed));
    int _lastId;


    string List() => _w.Pick("l1", "l1", "l2", "l3", "l4");

    /// <summary>
    /// Where elements are moved to. Nobody waits for one of these and for another: served after somebody who moves, it would
    /// since 7.2 find what was moved, and before that the rest of what came.
    /// </summary>
    string Destination() => _w.Pick("l3", "l4");

    string[] Lists() => _w.Random.Next(3) switch { 0 => ["l1", "l2"], 1 => ["l2", "l1"], _ => [List()] };

    string SortedSet() => _w.Pick("z1", "z1", "z2");

    string Stream() => _w.Pick("s1", "s1", "s2");

    /// <summary>Two keys of one type.</summary>
    string[] Two() => _w.Random.Next(3) switch
    {
        0 => [List(), List()],
        1 => [SortedSet(), SortedSet()],
        _ => [Stream(), Stream()],
    };

    string Any() => Two()[0];

    string Side() => _w.Pick("LEFT", "RIGHT");

    string[] Some(Func<string> word) => [.. Enumerable.Range(0, 1 + _w.Random.Next(3)).Select(_ => word())];

    string[] Items() => Some(() => _w.Pick("a", "b", "c", "1", "2", "3"));

    /// <summary>Waits for ever, if there is nothing.</summary>
    public string[] Waiting() => _w.Random.Next(11) switch
    {
        0 or 1 => [_w.Pick("BLPOP", "BRPOP"), .. Lists(), "0"],
        2 or 3 => ["BLMOVE", List(), Destination(), Side(), Side(), "0"],
        4 => ["BRPOPLPUSH", List(), Destination(), "0"],
        5 => ["BLMPOP", "0", "2",
            .. _w.Random.Next(2) == 0 ? (string[])["l1", "l2"] : ["l2", "l1"], Side(), .. _w.Maybe(2, "COUNT", _w.Pick("1", "2", "10"))],
        6 => [_w.Pick("BZPOPMIN", "BZPOPMAX"), .. Some(SortedSet), "0"],
        7 => ["BZMPOP", "0", "2", SortedSet(), SortedSet(), _w.Pick("MIN", "MAX"), .. _w.Maybe(2, "COUNT", _w.Pick("1", "2", "10"))],
        8 => ["XREAD", .. _w.Maybe(2, "COUNT", "1"), "BLOCK", "0", "STREAMS", "s1", "s2", "$", _w.Pick("$", $"{_lastId}-0")],
        9 => ["XREAD", "BLOCK", "0", "STREAMS", Stream(), "$"],
        _ => ["XREADGROUP", "GROUP", "g", _w.Pick("alice", "bob"), "BLOCK", "0", .. _w.Maybe(3, "NOACK"), "STREAMS", Stream(), ">"],
    };

    /// <summary>What one client does while the others wait; several commands where one prepares another.</summary>
    public string[][] Acting() => _w.Random.Next(26) switch
    {
        < 4 => [[_w.Pick("LPUSH", "RPUSH"), List(), .. Items()]],
        < 7 => [["ZADD", SortedSet(), .. Items().SelectMany(m => new[] { $"{_w.Random.Next(4)}", m })]],
        < 9 => [["XADD", Stream(), $"{++_lastId}-0", "f", "v"]],
        9 => [["XGROUP", "CREATE", Stream(), "g", _w.Pick("0", "$"), "MKSTREAM"]],
        10 => [["RENAME", .. Two()]],
        11 => [["COPY", .. Two(), "REPLACE"]],
        12 => [["DEL", Any(), Any()]],
        13 => [["DEL", "o"], ["RPUSH", "o", .. Items()], ["SORT", "o", "ALPHA", "STORE", List()]],
        14 => [["LMOVE", List(), List(), Side(), Side()]],
        // One key, as 7.0 serves those of several in the order of its hash table.
        15 => [["SELECT", "1"], ["FLUSHDB"], ["SELECT", "0"], ["SWAPDB", "0", "1"]],
        16 => [["SELECT", "1"], ["FLUSHDB"], _w.Random.Next(2) == 0 ? ["RPUSH", List(), .. Items()] : ["ZADD", SortedSet(), "1", "a", "2", "b"],
            ["SELECT", "0"], ["SWAPDB", "0", "1"]],
        17 => [["SELECT", "1"], ["RPUSH", List(), .. Items()], ["MOVE", List(), "0"], ["SELECT", "0"]],
        18 => [["DEL", "o"], ["SADD", "o", .. Items()], ["ZUNIONSTORE", SortedSet(), "2", "o", SortedSet()]],
        19 => [["ZRANGESTORE", SortedSet(), SortedSet(), "0", "-1"]],
        20 => [["GEOADD", SortedSet(), "15", "37", "Catania"],
            ["GEOSEARCHSTORE", SortedSet(), SortedSet(), "FROMLONLAT", "15", "37", "BYRADIUS", "1", "km"]],
        21 => [["SET", "l3", "not a list"], ["DEL", "l3"]],
        22 => [["LPOP", List(), "10"], ["ZPOPMIN", SortedSet(), "10"], ["LINSERT", List(), "BEFORE", "a", "b"], ["LPUSHX", List(), "x"]],
        // None are deleted from the end: a stream that comes from elsewhere, has an id to come after and nothing to show for it
        // is an empty answer in 7.0.
        23 => [["XTRIM", Stream(), "MAXLEN", "2"]],
        24 => [["EXPIREAT", Any(), _w.Pick("1", "4000000000")]],
        _ => _w.Random.Next(4) == 0 ? [["FLUSHALL"]] : [["DUMP-AND-RESTORE", .. Two()]],
    };

    /// <summary>Which of so many.</summary>
    public int Draw(int count) => _w.Random.Next(count);

}
