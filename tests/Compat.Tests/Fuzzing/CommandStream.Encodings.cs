namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// What a value is kept in changes as its limits do: both encodings, and the way from one to the other, are met. The limits of
/// today, of yesterday and of a packed form that 7.0 does not know are drawn alike.
/// </summary>
sealed partial class CommandStream
{
    IEnumerable<Func<string[]>> Encodings() =>
    [
        () => ["CONFIG", "SET", _w.Pick("hash-max-listpack-entries", "zset-max-listpack-entries", "set-max-intset-entries",
            "set-max-listpack-entries"), _w.Pick("0", "2", "5", "16", "128", "512")],
        () => ["CONFIG", "SET", _w.Pick("hash-max-listpack-value", "zset-max-listpack-value", "set-max-listpack-value"),
            _w.Pick("1", "8", "64", "200", "6000")],
        () => ["CONFIG", "SET", "list-max-listpack-size", _w.Pick("-2", "-1", "-5", "1", "2", "3", "8", "128")],
        () => _w.Random.Next(2) == 0 ? ["CONFIG", "SET", "list-compress-depth", _w.Pick("0", "1", "2")]
            : ["CONFIG", "SET", "stream-node-max-entries", _w.Pick("1", "3", "100")],
        () => ["OBJECT", "ENCODING", _w.Pick(ListKey(), SetKey(), SortedSetKey(), HashKey(), GeoKey(), _w.AnyKey())],
        () => ["OBJECT", "ENCODING", _w.Pick(ListKey(), SetKey(), SortedSetKey(), HashKey(), GeoKey(), _w.AnyKey())],
    ];
}
