using System.Globalization;
using System.Text;
using MiniRedis.Server.Scripts;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Random requests that run scripts and functions, and a few that make what these meet. Each answer is one only: no order of a
/// hash table, no time, no double that 7.0 writes in 17 digits and later servers in fewer.
/// </summary>
sealed class ScriptStream(int seed)
{
    readonly Random _random = new(seed);
    readonly List<string> _loaded = [];
    readonly ScriptSource _source = new(seed + 1);

    static readonly string[] s_keys = ["s", "n", "l", "h", "z", "i", "x", "m"];

    static readonly string[] s_commands =
    [
        "SET s text", "SET n 10", "SET n 2.5", "RPUSH l a b 3 2.50", "HSET h a 1 b two", "ZADD z 1 a 1.5 b", "SADD i 3 1 2",
        "XADD x 5-* a b",
        "DEL s", "DEL l h", "DEL z i x", "APPEND s \0\r\n", "SELECT 0", "SELECT 1", "SCRIPT FLUSH", "FUNCTION STATS",
        "FUNCTION DELETE lib1", "FUNCTION DELETE lib2", "FUNCTION DELETE none", "FUNCTION LIST LIBRARYNAME lib2 WITHCODE",
        "FUNCTION LIST LIBRARYNAME lib2", "FUNCTION LIST LIBRARYNAME none", "EVAL", "EVAL x", "EVALSHA x 0", "FCALL f1",
        "FCALL none 0", "FCALL f1 x", "FCALL_RO f2 -1",
        "SCRIPT FLUSH ASYNC", "FUNCTION FLUSH", "SCRIPT KILL", "FUNCTION KILL", "FUNCTION RESTORE bad", "UNWATCH",
        "GET s", "INCR n",
        "SCRIPT EXISTS x", "SCRIPT NONE", "FUNCTION NONE", "FUNCTION LOAD",
    ];

    /// <summary>The next request of a client.</summary>
    /// <param name="queues">Whether it is in a transaction.</param>
    public string[] Next(bool queues) => _random.Next(100) switch
    {
        < 3 => queues ? ["EXEC"] : ["MULTI"],
        < 10 when queues => ["EXEC"],
        3 => ["HELLO", Pick("2", "3")],
        4 or 5 => ["WATCH", Pick(s_keys), Pick(s_keys)],
        10 when queues => ["DISCARD"],
        < 18 => Pick(s_commands).Split(' '),
        < 24 => Load(),
        < 34 => [Pick("FCALL", "FCALL", "FCALL_RO"), Pick("f1", "f2", "f1", "f2", "f2", "f1", "F1", "none"), .. Arguments()],
        < 38 => ["SCRIPT", "LOAD", Remembered(_source.Script())],
        < 46 when _loaded.Count > 0 => [Pick("EVALSHA", "EVALSHA", "EVALSHA_RO"), Digest(Pick([.. _loaded])), .. Arguments()],
        < 50 when _loaded.Count > 0 => ["EVAL", Pick([.. _loaded]), .. Arguments()],
        < 56 => ["EVAL_RO", Remembered(_source.Script()), .. Arguments()],
        _ => ["EVAL", Remembered(_source.Script()), .. Arguments()],
    };

    string[] Load()
    {
        var library = _source.Library();
        return _random.Next(4) == 0 ? ["FUNCTION", "LOAD", library] : ["FUNCTION", "LOAD", "REPLACE", library];
    }

    string Remembered(string script)
    {
        if (_loaded.Count == 32) _loaded.RemoveAt(_random.Next(32));
        _loaded.Add(script);
        return script;
    }

    string Digest(string script)
    {
        Span<byte> text = stackalloc byte[ScriptDigest.TextBytes];
        ScriptDigest.Of(Encoding.Latin1.GetBytes(script)).Format(text);
        var digest = Encoding.Latin1.GetString(text);
        return _random.Next(20) switch { 0 => digest.ToUpperInvariant(), 1 => digest[..39], 2 => new string('a', 40),
            _ => digest };
    }

    string[] Arguments()
    {
        var keys = _random.Next(4);
        var said = _random.Next(60) switch { 0 => "-1", 1 => "9", 2 => "x", 3 => "1.0",
            _ => keys.ToString(CultureInfo.InvariantCulture) };
        var rest = Enumerable.Range(0, _random.Next(4)).Select(_ => Pick("1", "-7", "3.5", "text", "", "a\0b", "1e3", "0x10"));
        return [said, .. Enumerable.Range(0, keys).Select(_ => Pick(s_keys)), .. rest];
    }

    string Pick(params ReadOnlySpan<string> from) => from[_random.Next(from.Length)];
}
