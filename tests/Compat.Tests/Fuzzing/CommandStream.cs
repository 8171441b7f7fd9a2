namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>A seeded stream of random commands, valid and invalid, of the families that a redis-server 7.0 knows too.</summary>
sealed partial class CommandStream
{
    readonly Words _w;
    readonly Func<string[]>[] _forms;

    public CommandStream(int seed)
    {
        _w = new Words(new Random(seed));
        _forms =
        [
            .. Strings(), .. Keys(), .. Bitmaps(), .. HyperLogLogs(), .. Lists(), .. Sorting(), .. Sets(), .. Hashes(), .. SortedSets(),
            .. Geo(), .. Streams(), .. Encodings(), .. Others(),
        ];
    }

    /// <summary>Any key, of any type.</summary>
    public string Key() => _w.AnyKey();

    public string[] Next()
    {
        var words = _forms[_w.Random.Next(_forms.Length)]();
        // One in fifty is damaged: a word too many, one too few, a wrong option.
        return _w.Random.Next(50) switch
        {
            // A word more would be the timeout, and zero waits for ever.
            0 when words[0] is not ("BLPOP" or "BRPOP" or "BZPOPMIN" or "BZPOPMAX") => [.. words, _w.Value()],
            // Without their count these draw by lot.
            1 when words.Length > 1 && words[0] is not ("SPOP" or "SRANDMEMBER" or "HRANDFIELD" or "ZRANDMEMBER") => words[..^1],
            _ => words,
        };
    }

    string[] Expiry() => _w.Random.Next(5) switch
    {
        0 => ["EXAT", _w.Seconds()],
        1 => ["pxat", _w.Milliseconds()],
        2 => ["KEEPTTL"],
        3 => ["EX", _w.Pick("0", "-1", "x", "9223372036854775807")],
        _ => [],
    };

    IEnumerable<Func<string[]>> Strings() =>
    [
        () => ["SET", _w.Key(), _w.Value()],
        () => ["set", _w.Key(), _w.Value(), .. Expiry(), .. _w.Maybe(3, _w.Pick("NX", "XX", "GET")), .. _w.Maybe(6, "GET")],
        () => ["GET", _w.Key()],
        () => ["GETSET", _w.Key(), _w.Value()],
        () => ["GETDEL", _w.Key()],
        () => ["GETEX", _w.Key(), .. _w.Pick("PERSIST", "EXAT", "PXAT", "") switch
        {
            "PERSIST" => ["PERSIST"],
            "EXAT" => ["EXAT", _w.Seconds()],
            "PXAT" => (string[])["PXAT", _w.Milliseconds()],
            _ => [],
        }],
        () => ["SETNX", _w.Key(), _w.Value()],
        // A time that is granted is another one by each server's clock; what is refused is not.
        () => [_w.Pick("SETEX", "PSETEX"), _w.Key(), _w.Pick("0", "-1", "x", "9223372036854775807", ""), _w.Value()],
        () => ["MGET", _w.Key(), _w.Key(), _w.Key()],
        () => ["MSET", _w.Key(), _w.Value(), _w.Key(), _w.Value()],
        () => ["MSETNX", _w.Key(), _w.Value(), _w.Key(), _w.Value()],
        () => ["APPEND", _w.Key(), _w.Value()],
        () => ["STRLEN", _w.Key()],
        () => ["SETRANGE", _w.Key(), _w.Offset(), _w.Value()],
        () => ["GETRANGE", _w.Key(), _w.Integer(), _w.Integer()],
        () => ["SUBSTR", _w.Key(), _w.Offset(), _w.Offset()],
        () => ["INCR", _w.Key()],
        () => ["DECR", _w.Key()],
        () => ["INCRBY", _w.Key(), _w.Integer()],
        () => ["DECRBY", _w.Key(), _w.Integer()],
        () => ["INCRBYFLOAT", _w.Key(), _w.Float()],
        () => ["LCS", _w.Key(), _w.Key(), .. _w.Maybe(3, "IDX"), .. _w.Maybe(4, "LEN"), .. _w.Maybe(4, "MINMATCHLEN", _w.Offset()), .. _w.Maybe(4, "WITHMATCHLEN")],
    ];

    IEnumerable<Func<string[]>> Keys() =>
    [
        () => ["DEL", _w.Key(), _w.Key()],
        () => ["UNLINK", _w.Key()],
        () => ["EXISTS", _w.Key(), _w.Key()],
        () => ["TOUCH", _w.Key(), _w.Key()],
        () => ["TYPE", _w.Key()],
        () => ["EXPIREAT", _w.Key(), _w.Seconds(), .. _w.Maybe(2, _w.Pick("NX", "XX", "GT", "LT", "gt")), .. _w.Maybe(8, _w.Pick("XX", "LT", "no"))],
        () => ["PEXPIREAT", _w.Key(), _w.Milliseconds(), .. _w.Maybe(2, _w.Pick("NX", "XX", "GT", "LT"))],
        () => [_w.Pick("EXPIRE", "PEXPIRE"), _w.Key(), _w.Pick("-1", "x", "9223372036854775807", "-9223372036854775808", "")],
        () => ["PERSIST", _w.Key()],
        () => ["EXPIRETIME", _w.Key()],
        () => ["PEXPIRETIME", _w.Key()],
        () => ["RENAME", _w.Key(), _w.Key()],
        () => ["RENAMENX", _w.Key(), _w.Key()],
        () => ["COPY", _w.Key(), _w.Key(), .. _w.Maybe(3, "REPLACE"), .. _w.Maybe(3, "DB", _w.Pick("0", "1", "2", "99", "x"))],
        () => ["MOVE", _w.Key(), _w.Pick("1", "2", "0", "99", "-1", "x")],
        () => ["KEYS", _w.Pick("*", "a*", "[a-c]", "?", "\\", "[^a]", "*\xff", "key*blanks", "")],
        () => ["OBJECT", "ENCODING", _w.Key()],
        () => ["OBJECT", _w.Pick("FREQ", "nosuch", "IDLETIME"), _w.Key(), .. _w.Maybe(10, "more")],
    ];

    IEnumerable<Func<string[]>> Bitmaps() =>
    [
        () => ["SETBIT", _w.Key(), _w.Offset(), _w.Pick("0", "1", "1", "2")],
        () => ["GETBIT", _w.Key(), _w.Offset()],
        () => ["BITCOUNT", _w.Key(), .. _w.Maybe(2, [_w.Offset(), _w.Offset(), .. _w.Maybe(2, _w.Pick("BIT", "BYTE", "bit", "x"))])],
        () => ["BITPOS", _w.Key(), _w.Pick("0", "1", "2"), .. _w.Maybe(2, [_w.Offset(), .. _w.Maybe(2, [_w.Offset(), .. _w.Maybe(2, _w.Pick("BIT", "BYTE"))])])],
        () => ["BITOP", _w.Pick("AND", "OR", "XOR", "NOT", "not", "NAND"), _w.Key(), _w.Key(), .. _w.Maybe(2, _w.Key())],
        () => ["BITFIELD", _w.Key(), .. BitField(), .. _w.Maybe(2, BitField()), .. _w.Maybe(3, BitField())],
        () => ["BITFIELD_RO", _w.Key(), "GET", BitType(), _w.Offset()],
    ];

    string BitType() => _w.Pick("u8", "i8", "u1", "i5", "u63", "i64", "u64", "i0", "x3", "u16", "i16");

    string[] BitField() => _w.Random.Next(4) switch
    {
        0 => ["GET", BitType(), _w.Pick(_w.Offset(), "#1", "#3")],
        1 => ["SET", BitType(), _w.Pick(_w.Offset(), "#2"), _w.Integer()],
        2 => ["INCRBY", BitType(), _w.Offset(), _w.Integer()],
        _ => ["OVERFLOW", _w.Pick("WRAP", "SAT", "FAIL", "sat", "x")],
    };

    IEnumerable<Func<string[]>> HyperLogLogs() =>
    [
        () => ["PFADD", _w.Pick("h1", "h2", _w.Key()), .. _w.Maybe(2, _w.Value(), _w.Value()), _w.RandomBytes(4)],
        () => ["PFADD", _w.Pick("h1", "h2"), .. Enumerable.Range(0, _w.Random.Next(60)).Select(_ => _w.RandomBytes(3))],
        () => ["PFCOUNT", _w.Pick("h1", "h2", "h3", _w.Key()), .. _w.Maybe(3, "h1", "h3")],
        () => ["PFMERGE", _w.Pick("h1", "h3"), _w.Pick("h1", "h2", _w.Key()), .. _w.Maybe(3, "h3")],
        () => ["GET", _w.Pick("h1", "h2", "h3")],
    ];

    IEnumerable<Func<string[]>> Others() =>
    [
        () => ["SELECT", _w.Pick("0", "0", "1", "2", "16", "-1", "x")],
        () => ["ECHO", _w.Value()],
        () => ["PING", .. _w.Maybe(2, _w.Value())],
        () => [_w.Pick("nosuch", "no\r\nsuch", _w.RandomBytes(6)), _w.Value(), _w.Value()],
        () => ["SWAPDB", _w.Pick("0", "1"), _w.Pick("1", "2", "99", "x")],
        () => _w.Random.Next(60) == 0 ? ["FLUSHALL"] : _w.Random.Next(30) == 0 ? ["FLUSHDB"] : ["DEBUG", "STRINGMATCH-LEN", "1", "a"],
    ];
}
