namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Streams. Ids are given, and times left out of what is looked at: the clocks of two servers do not agree.</summary>
sealed partial class CommandStream
{
    int _lastStreamId = 1;

    string StreamKey() => _w.Pick("s1", "s1", "s2", "s2", "s3", _w.Random.Next(10) == 0 ? _w.Key() : "s1");

    string GroupName() => _w.Pick("g", "g", "h", "i");

    string ConsumerName() => _w.Pick("alice", "bob", "carol");

    /// <summary>An id that is probably new and larger than the others.</summary>
    string NewId() => _w.Random.Next(10) switch
    {
        0 => _w.Pick("0-0", "x", "5-", "1-1", "-", "0-*", "18446744073709551615-18446744073709551615x"),
        1 => $"{_lastStreamId}-*",
        2 => $"{_lastStreamId}",
        < 5 => $"{_lastStreamId}-{_w.Random.Next(5)}",
        _ => $"{_lastStreamId += _w.Random.Next(1, 4)}-{_w.Random.Next(3)}",
    };

    /// <summary>An id that may well be in a stream.</summary>
    string SomeId() => _w.Random.Next(15) == 0 ? _w.Pick("x", "", "-", "+", "0", "99999999-0", "1-2-3", "+7")
        : $"{Math.Max(0, _lastStreamId - _w.Random.Next(60))}-{_w.Random.Next(3)}";

    string Bound() => _w.Pick("-", "+", SomeId(), SomeId(), "(" + SomeId(), $"{Math.Max(0, _lastStreamId - _w.Random.Next(60))}", "(-", "(");

    string[] TrimBy() => _w.Pick("MAXLEN", "MINID") is "MAXLEN" and var by
        ? [by, .. _w.Maybe(2, _w.Pick("=", "~")), $"{_w.Random.Next(-1, 60)}"]
        : ["minid", .. _w.Maybe(2, _w.Pick("=", "~")), SomeId()];

    string[] Fields() => _w.Random.Next(3) switch
    {
        0 => ["f", _w.Value(), "g", _w.Value()],
        1 => [_w.Value(), _w.Value()],
        _ => ["f", _w.Value()],
    };

    IEnumerable<Func<string[]>> Streams() =>
    [
        () => ["XADD", StreamKey(), NewId(), .. Fields()],
        () => ["XADD", StreamKey(), NewId(), .. Fields()],
        () => ["xadd", StreamKey(), .. _w.Maybe(4, "NOMKSTREAM"), .. _w.Maybe(2, TrimBy()), .. _w.Maybe(6, "LIMIT", _w.Integer()), NewId(), .. Fields()],
        () => ["XLEN", StreamKey()],
        () => ["XRANGE", StreamKey(), Bound(), Bound(), .. _w.Maybe(2, "COUNT", $"{_w.Random.Next(-1, 5)}")],
        () => ["XREVRANGE", StreamKey(), Bound(), Bound(), .. _w.Maybe(2, "count", $"{_w.Random.Next(-1, 5)}")],
        () => ["XRANGE", StreamKey(), "-", "+"],
        () => ["XDEL", StreamKey(), SomeId(), .. _w.Maybe(2, SomeId(), SomeId())],
        () => ["XTRIM", StreamKey(), .. TrimBy(), .. _w.Maybe(6, "LIMIT", _w.Integer())],
        () => ["XREAD", .. _w.Maybe(2, "COUNT", $"{_w.Random.Next(-1, 5)}"), "STREAMS", StreamKey(), SomeId()],
        () => ["XREAD", .. _w.Maybe(3, "COUNT", "2"), "streams", StreamKey(), StreamKey(), SomeId(), _w.Pick("$", "0", SomeId(), ">")],
        () => ["XREADGROUP", "GROUP", GroupName(), ConsumerName(), .. _w.Maybe(2, "COUNT", $"{_w.Random.Next(5)}"), .. _w.Maybe(4, "NOACK"), "STREAMS", StreamKey(), ">"],
        () => ["XREADGROUP", "GROUP", GroupName(), ConsumerName(), .. _w.Maybe(2, "COUNT", $"{_w.Random.Next(5)}"), "STREAMS", StreamKey(), _w.Pick("0", SomeId(), "$")],
        () => ["XGROUP", "CREATE", StreamKey(), GroupName(), _w.Pick("$", "0", SomeId()), .. _w.Maybe(2, "MKSTREAM"), .. _w.Maybe(4, "ENTRIESREAD", _w.Integer())],
        () => ["XGROUP", "SETID", StreamKey(), GroupName(), _w.Pick("$", "0", "-", SomeId()), .. _w.Maybe(4, "ENTRIESREAD", $"{_w.Random.Next(-2, 50)}")],
        () => ["XGROUP", _w.Pick("CREATECONSUMER", "DELCONSUMER"), StreamKey(), GroupName(), ConsumerName()],
        () => _w.Random.Next(4) == 0 ? ["XGROUP", "DESTROY", StreamKey(), GroupName()] : ["XINFO", "GROUPS", StreamKey()],
        () => ["XINFO", "GROUPS", StreamKey()],
        () => ["XINFO", _w.Pick("CONSUMERS", "STREAM", "GROUPS", "NONSENSE"), "nosuch", .. _w.Maybe(2, GroupName())],
        () => ["XACK", StreamKey(), GroupName(), SomeId(), SomeId(), .. _w.Maybe(2, SomeId(), SomeId(), SomeId())],
        () => ["XPENDING", StreamKey(), GroupName()],
        () => ["XCLAIM", StreamKey(), GroupName(), ConsumerName(), _w.Pick("0", "-5", "9999999", "x"), SomeId(), SomeId(), .. _w.Maybe(3, "FORCE"), .. _w.Maybe(3, "JUSTID"), .. _w.Maybe(4, "RETRYCOUNT", _w.Integer()), .. _w.Maybe(4, "TIME", "1000"), .. _w.Maybe(6, "LASTID", SomeId()), .. _w.Maybe(20, "NONSENSE")],
        () => ["XAUTOCLAIM", StreamKey(), GroupName(), ConsumerName(), _w.Pick("0", "0", "9999999"), _w.Pick("-", SomeId(), "(" + SomeId()), .. _w.Maybe(2, "COUNT", $"{_w.Random.Next(4)}"), .. _w.Maybe(2, "JUSTID")],
        // Not below what was deleted, which 7.0 accepts: after that nothing would be the same.
        () => ["XSETID", StreamKey(), _w.Pick("x", "+", $"{_lastStreamId}-{_w.Random.Next(3, 6)}", $"{_lastStreamId}-2"), .. _w.Maybe(4, "ENTRIESADDED", _w.Integer()), .. _w.Maybe(4, "MAXDELETEDID", SomeId())],
    ];
}
