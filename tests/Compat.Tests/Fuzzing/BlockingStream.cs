
namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Commands that wait, and commands that end waits: few keys, and each now and then of a type that nobody waits for.</summary>
sealed class BlockingStream(int seed)
{
    readonly Words _w = new(new Random(seed));
    int _lastId;


    string List() => _w.Pick("l1", "l1", "l2", "l3");

    string SortedSet() => _w.Pick("z1", "z1", "z2");

    string Stream() => _w.Pick("s1", "s1", "s2");

    string Any() => _w.Pick("l1", "l2", "l3", "z1", "z2", "s1", "s2", "o");

    string Side() => _w.Pick("LEFT", "RIGHT");

    string[] Some(Func<string> word) => [.. Enumerable.Range(0, 1 + _w.Random.Next(3)).Select(_ => word())];

    string[] Items() => Some(() => _w.Pick("a", "b", "c", "1", "2", "3"));

    /// <summary>Waits for ever, if there is nothing.</summary>
    public string[] Waiting() => _w.Random.Next(11) switch
    {
        0 or 1 => [_w.Pick("BLPOP", "BRPOP"), .. Some(List), .. _w.Maybe(8, Any()), "0"],
        2 or 3 => ["BLMOVE", List(), List(), Side(), Side(), "0"],
        4 => ["BRPOPLPUSH", List(), List(), "0"],
        5 => ["BLMPOP", "0", "2", List(), List(), Side(), .. _w.Maybe(2, "COUNT", _w.Pick("1", "2", "10"))],
        6 => [_w.Pick("BZPOPMIN", "BZPOPMAX"), .. Some(SortedSet), .. _w.Maybe(8, Any()), "0"],
        7 => ["BZMPOP", "0", "2", SortedSet(), SortedSet(), _w.Pick("MIN", "MAX"), .. _w.Maybe(2, "COUNT", _w.Pick("1", "2", "10"))],
        8 => ["XREAD", .. _w.Maybe(2, "COUNT", "1"), "BLOCK", "0", "STREAMS", "s1", "s2", "$", _w.Pick("$", $"{_lastId}-0")],
        9 => ["XREAD", "BLOCK", "0", "STREAMS", Stream(), "$"],
        _ => ["XREADGROUP", "GROUP", "g", _w.Pick("alice", "bob"), "BLOCK", "0", .. _w.Maybe(3, "NOACK"), "STREAMS", Stream(), ">"],
    };

    /// <summary>What one client does while the others wait; several commands where the first goes elsewhere.</summary>
    public string[][] Acting() => _w.Random.Next(26) switch
    {
        < 4 => [[_w.Pick("LPUSH", "RPUSH"), List(), .. Items()]],
        < 7 => [["ZADD", SortedSet(), .. Items().SelectMany(m => new[] { $"{_w.Random.Next(4)}", m })]],
        < 9 => [["XADD", Stream(), $"{++_lastId}-0", "f", "v"]],
        9 => [["XGROUP", "CREATE", Stream(), "g", _w.Pick("0", "$"), "MKSTREAM"]],
        10 => [["RENAME", Any(), Any()]],
        11 => [["COPY", Any(), Any(), "REPLACE"]],
        12 => [["DEL", Any(), Any()]],
        13 => [["RPUSH", "o", .. Items()], ["SORT", "o", "ALPHA", "STORE", List()]],
        14 => [["LMOVE", List(), List(), Side(), Side()]],
        15 => [["SELECT", "1"], [_w.Pick("RPUSH", "LPUSH"), List(), .. Items()], ["SELECT", "0"], .. Swap()],
        16 => [["SELECT", "1"], ["ZADD", SortedSet(), "1", "a", "2", "b"], ["SELECT", "0"], .. Swap()],
        17 => [["SELECT", "1"], ["RPUSH", List(), .. Items()], ["MOVE", List(), "0"], ["SELECT", "0"]],
        18 => [["SADD", "o", .. Items()], ["ZUNIONSTORE", SortedSet(), "2", "o", SortedSet()]],
        19 => [["ZRANGESTORE", SortedSet(), SortedSet(), "0", "-1"]],
        20 => [["GEOADD", SortedSet(), "15", "37", "Catania"], ["GEOSEARCHSTORE", SortedSet(), SortedSet(), "FROMLONLAT", "15", "37", "BYRADIUS", "1", "km"]],
        21 => [["SET", List(), "not a list"], ["DEL", List()]],
        22 => [["LPOP", List(), "10"], ["ZPOPMIN", SortedSet(), "10"], ["LINSERT", List(), "BEFORE", "a", "b"], ["LPUSHX", List(), "x"]],
        23 => [["XDEL", Stream(), $"{_lastId}-0"], ["XTRIM", Stream(), "MAXLEN", "2"]],
        24 => [["EXPIREAT", Any(), _w.Pick("1", "4000000000")]],
        _ => _w.Random.Next(4) == 0 ? [["FLUSHALL"]] : [["DUMP-AND-RESTORE", Any(), Any()]],
    };

    string[][] Swap() => _w.Random.Next(2) == 0 ? [["SWAPDB", "0", "1"]] : [];

    /// <summary>Which of so many.</summary>
    public int Draw(int count) => _w.Random.Next(count);

}
