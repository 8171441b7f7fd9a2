using System.Globalization;
using System.Text;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Random Lua of scripts and libraries. It throws no table without a text in "err", which ends redis-server 7.0.15, and has no
/// command that waits: since 7.2 a script may call those.
/// </summary>
sealed class ScriptSource(int seed)
{
    readonly Random _random = new(seed);
    int _variables, _depth;

    /// <summary>
    /// What a script calls. K is a key, mostly one of the type that the lower letter before it names; N a number as Lua has
    /// it, T a text, D a double that is written alike everywhere, I a small integer, E seconds that no run lasts.
    /// </summary>
    static readonly string[] s_commands =
    [
        "get s:K", "get K", "set s:K T", "set s:K N", "set s:K T nx", "set s:K T xx get", "set s:K T ex E", "getset s:K N",
        "getdel s:K", "append s:K N",
        "strlen K", "incr n:K", "incrby n:K N", "decrby n:K N", "incrbyfloat n:K N", "getrange s:K N N", "setrange s:K I T",
        "mget K K K",
        "mset K N K T", "msetnx K N", "del K", "unlink K K", "exists K K", "type K", "rename K K", "copy K K", "expire K 1000",
        "persist K",
        "expire K E", "setbit s:K I 1", "bitcount s:K", "bitfield s:K get u8 0 overflow fail incrby u2 1 N",
        "getex s:K persist", "lcs s:K n:K idx",
        "lpush l:K N T", "rpush l:K N N", "lpop l:K", "lpop l:K I", "rpop l:K 0", "lrange l:K 0 -1", "lrange l:K N N", "llen K",
        "lindex l:K N", "lset l:K 0 N",
        "lpos l:K 3 count 0", "lmpop 2 l:K K left", "lmove l:K l:K left right", "linsert l:K before 3 N",
        "sadd i:K I I", "srem i:K I", "smembers i:K", "sismember i:K I", "smismember i:K I I", "scard K", "sunion i:K i:K",
        "sinterstore i:K i:K i:K",
        "hset h:K a N b T", "hget h:K a", "hget h:K z", "hgetall h:K", "hmget h:K a z", "hdel h:K a", "hincrby h:K c N",
        "hincrbyfloat h:K d 1.5", "hkeys h:K",
        "hvals h:K", "hlen h:K", "hexists h:K a", "hscan h:K 0", "zadd z:K D a D b", "zadd z:K incr D a",
        "zadd z:K nx incr D a", "zadd z:K D a D a", "zscore z:K a",
        "zscore z:K none", "zmscore z:K a none", "zincrby z:K D b", "zrange z:K 0 -1", "zrange z:K 0 -1 withscores",
        "zrank z:K b", "zcount z:K N N",
        "zpopmin z:K", "zpopmax z:K I", "zmpop 1 z:K min", "zrangebyscore z:K D D withscores", "zrandmember none", "zcard K",
        "xadd x:K 7-* a T", "xadd x:K 7-I a N", "xlen K", "xrange x:K - +", "xread count 1 streams x:K 0",
        "xgroup create x:K g $", "xreadgroup group g c streams x:K >",
        "xpending x:K g", "geoadd z:K 13 38 a 15 37 b", "geodist z:K a b", "pfadd s:K T", "sort l:K", "sort l:K alpha",
        "object encoding none", "object refcount none",
        "ping", "ping T", "echo N", "echo T", "dbsize", "select I", "select N", "publish ch T", "config get maxmemory",
        "debug sleep 0",
        "command getkeys get a", "command count x", "get", "get a b", "nosuch", "nosuch a b", "object nosuch a", "object",
        "client getname", "client nosuch",
        "eval x 0", "multi", "exec", "watch K", "subscribe ch", "hello 3", "auth x", "script load x", "function list",
        "fcall f1 0", "reset", "quit", "monitor",
        "flushdb", "swapdb 0 1", "T T", "N", "restore s:K 0 bad", "dump none", "memory usage none", "latency reset",
        "sintercard 2 i:K i:K limit I",
    ];

    // Of these all servers pass a command the same text; since Redis 7.2 it has no more digits than a number needs.
    static readonly string[] s_numbers =
    [
        "0", "1", "-1", "3", "10/2", "2^3", "7.5", "-3.75", "0.125", "1e15", "1e16", "2^53", "2^53+1", "1e100", "-2^1000", "1/0", "-1/0",
        "0/0", "0.0625", "100000000000000", "0x10", "tonumber('5')", "#ARGV", "tonumber(ARGV[1]) or 4",
        "math.floor(3.7)", "#tostring(math.pi)",
        "1e14+0.5", "4294967296", "-2147483649",
    ];

    static readonly string[] s_texts =
    [
        "''", "'text'", "'3'", "'2.50'", "'a\\r\\nb'", "'\\0'", "'a\\0b'", "'OK'", "'ERR x'", "'-ERR x'", "'- x'", "'-'",
        "'CODE more words'", "' blank'", "'1e3'", "'\\255\\128'",
        "ARGV[1]", "KEYS[1]", "tostring(1e15)", "1 .. 2", "('x'):rep(60)", "'WRONGTYPE a'", "'a\\nb'", "'txt'",
    ];

    static readonly string[] s_doubles =
        ["'1'", "1", "1.5", "'-2.25'", "'inf'", "'-inf'", "3", "'(1'", "'x'", "'nan'", "0.5", "1e3"];

    static readonly string[] s_errors =
        ["'MY words'", "'one'", "''", "'-'", "'-A b'", "' x'", "'a  b'", "'A b\\r\\n'", "'\\n'", "5", "{}", "", "'a', 'b'"];

    static readonly string[] s_fields =
    [
        "REPL_ALL", "LOG_WARNING", "nosuch", "REPL_NONE", "setresp(3)", "replicate_commands()", "breakpoint()", "debug()",
        "set_repl(1)",
    ];

    public string Script()
    {
        _variables = 0;
        var text = new StringBuilder(Pick(
            "", "", "", "", "", "", "", "", "", "", "#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=allow-oom,allow-stale\n",
            "#!lua flags=no-cluster\n",
            "#!lua name=x\n", "#!lua flags=bad\n", "#!lua flags=\n", "#!lua  flags=no-writes,allow-oom x\n", "#!python\n",
            "#!lua", "#!\n"));
        Body(text);
        return Damaged(text.ToString());
    }

    public string Library()
    {
        var name = Pick("lib1", "lib2");
        var text = new StringBuilder(Pick(
            $"#!lua name={name}\n", $"#!lua name={name}\n", $"#!lua name={name}\n", $"#!LUA name={name}\n", "#!lua\n", "",
                "#!lua name=a-b\n", $"#!lua name={name} x=1\n",
            $"#!lua flags=no-writes name={name}\n", "#!python name=x\n"));
        var header = text.ToString();
        text.Clear().Append("local state = 0\n");
        // The first has one function or two, the second one: which of two stands in the way, or first, is the order of a table.
        var first = name == "lib1" ? 1 : _random.Next(1, 3);
        for (var i = first; i <= first + (name == "lib1" ? _random.Next(2) : 0); i++)
        {
            _variables = 0;
            var body = new StringBuilder("(KEYS, ARGV)\n");
            if (_random.Next(4) == 0) body.Append("state = state + 1 if #ARGV > 2 then return state end\n");
            Body(body);
            body.Append("\nend");
            var flags = Pick("'no-writes'", "", "'allow-oom','allow-stale'", "'bad'", "1");
            text.Append(_random.Next(6) switch
            {
                0 or 1 => $"redis.register_function{{function_name='f{i}', callback=function{body}, flags={{{flags}}}}}\n",
                2 when _random.Next(4) == 0 => Pick(
                    "redis.register_function()\n", "redis.register_function('f1')\n",
                    "redis.register_function('a b', function() end)\n", "redis.register_function{}\n",
                    "redis.register_function{function_name='f1'}\n", "redis.register_function(1, 2)\n",
                    "redis.register_function('f1', 'x')\n", "redis.call('ping')\n",
                    "redis.register_function{function_name='f1', callback=1}\n",
                    "redis.register_function{function_name='f1', callback=print, x=1}\n",
                    "redis.register_function{1}\n", "x = 1\n", "local x = y\n", "error('no')\n", "return 5\n",
                    "redis.register_function('f1', function() end, 3)\n",
                    "redis.register_function{function_name='f1', callback=function() end, flags=5}\n",
                    "error({err='MY text'})\n", "redis.setresp(3)\n"),
                _ => $"redis.register_function('f{i}', function{body})\n",
            });
        }
        return header + Damaged(text.ToString());
    }

    /// <summary>Without one of its characters, now and then; not within a number, which may be a time.</summary>
    string Damaged(string text)
    {
        if (_random.Next(50) > 0 || text.Length == 0) return text;
        var at = _random.Next(text.Length);
        return text[at] is >= '*' and <= '9' ? text : text.Remove(at, 1);
    }

    void Body(StringBuilder text)
    {
        if (_random.Next(4) == 0) text.Append("redis.setresp(3) ");
        for (var statements = _random.Next(4); statements > 0; statements--)
        {
            Statement(text);
            text.Append(Pick(" ", "\n"));
        }
        if (_random.Next(15) > 0) text.Append("return ").Append(Result());
    }

    void Statement(StringBuilder text)
    {
        switch (_random.Next(12))
        {
            case 0:
                text.Append(CultureInfo.InvariantCulture,
                    $"redis.setresp({Pick("2", "3", "3", "4", "'3'", "2.5", "", "nil", "2,3")})");
                break;
            case 1:
                text.Append(CultureInfo.InvariantCulture, $"for i=1,{_random.Next(4)} do {Call()} end");
                break;
            case 2:
                text.Append(CultureInfo.InvariantCulture, $"if {Value()} then {Call()} end");
                break;
            case 3 when _random.Next(3) == 0:
                text.Append(CultureInfo.InvariantCulture, $"if #ARGV == {_random.Next(4)} then {Throw()} end");
                break;
            case 4 when _random.Next(3) == 0:
                text.Append(Pick(
                    "x = 1", "local a = y", "redis.log(redis.LOG_DEBUG, 'a', 1)", "redis.log('a')",
                    "redis.set_repl(redis.REPL_ALL)", "redis.set_repl(9)", "redis.nosuch()",
                    "KEYS.x.y = 1", "redis.x = 1", "string.x = 1", "KEYS[1] = 'z'",
                    "ARGV = nil", "setmetatable(_G, {})",
                    "redis.call = nil", "math.randomseed(3)", "local t = redis.call('get', 's') .. 'x'", "redis.breakpoint()",
                    "redis.debug(1)", "print(nil + 1)"));
                break;
            case 5:
                _variables++;
                text.Append(CultureInfo.InvariantCulture, $"local v{_variables} = {Value()}");
                break;
            case 6:
                text.Append(Call());
                break;
            default:
                text.Append(CultureInfo.InvariantCulture, $"local v{_variables + 1} = {Call()}");
                _variables++;
                break;
        }
    }

    string Throw() => Pick(
        $"error({Text()})", $"error({Text()}, 0)", $"error({Text()}, 2)",
            $"error(redis.error_reply({Pick("'MY words'", "'x'", "'-X y'", "''")}))", "error({err='CODE text'})",
        "error({err='text', x=1})", "error(5)", "error(true)", "error()", "local x = nil; x.y = 1", "local x = KEYS + 1",
        "nosuch()", "assert(false)", "assert(nil, 'why')",
        "string.rep()", "redis.call()", "redis.call('get', {})", "redis.call('get', nil)", "redis.pcall('set', 's', true)",
        "redis.call(function() end)", "error({err=5})");

    string Call()
    {
        var words = Pick(s_commands).Split(' ');
        var text = new StringBuilder(_random.Next(5) < 3 ? "redis.pcall(" : "redis.call(");
        for (var i = 0; i < words.Length; i++)
        {
            if (i > 0) text.Append(", ");
            text.Append(words[i] switch
            {
                "K" => Key("snlhzixm"),
                "N" => Pick(s_numbers),
                "T" => Text(),
                "D" => Pick(s_doubles),
                "E" => Pick("1000", "1e4", "1000.5", "-1", "-2^63", "1e15", "2^63", "'x'"),
                // A string, since Lua takes the constants 0 and -0 of one script for one.
                "I" => Pick("'0'", "1", "2", "'3'", "10/2"),
                [_, ':', 'K'] => Key(_random.Next(7) == 0 ? "snlhzixm" : words[i][..1]),
                var word => $"'{(i == 0 && _random.Next(6) == 0 ? word.ToUpperInvariant() : word)}'",
            });
        }
        // These take an argument more since 7.2, or have other words for it; and a set of words has any order.
        if (_random.Next(40) == 0 && words[0] is not ("zrank" or "bitcount" or "xread" or "xreadgroup" or "sadd"))
            text.Append(Pick(", {}", ", nil", ", true", ", 'extra'", ", 1"));
        return text.Append(')').ToString();
    }

    string Key(string of) => _random.Next(8) == 0 ? Pick("KEYS[1]", "KEYS[2]") : $"'{of[_random.Next(of.Length)]}'";

    string Text() => Pick(s_texts);

    string Result() => _random.Next(12) switch
    {
        < 4 => Call(),
        4 when _variables > 0 => Enumerable.Range(1, _variables).Aggregate("{", (all, v) => $"{all}v{v}, ") + "}",
        5 when _variables > 0 => $"cjson.encode(v{_variables})",
        6 => $"{{pcall(function() {(_random.Next(2) == 0 ? Throw() : "return " + Value())} end)}}",
        7 => $"pcall(redis.call, 'get', {Pick("'l'", "'s'", "{}", "'m'", "1, 2")})",
        8 => $"select(2, pcall(function() {Throw()} end))",
        _ => Value(),
    };

    string Value()
    {
        if (_depth > 2) return Text();
        _depth++;
        var value = _random.Next(34) switch
        {
            0 or 1 => Pick(s_numbers),
            2 or 3 => Text(),
            4 => Pick("nil", "false", "true", "print", "function() end", "KEYS", "ARGV", "#KEYS", "{}", "{nil}", "{nil, 1}"),
            5 or 6 => $"{{{Value()}, {Value()}, {Value()}}}",
            7 => $"{{{Value()}, x={Value()}, [{Pick("0", "2", "3", "1.5", "'y'", "true")}]={Value()}}}",
            8 => $"{{err={Value()}}}",
            9 => $"{{ok={Value()}}}",
            10 => $"{{double={Pick("1", "1.5", "-0.25", "1/0", "-1/0", "'1.5'", "'x'", "nil", "1e3", "-0")}}}",
            11 => $"{{map={{{Value()}, a={Value()}, [{Pick("true", "1.5", "'b'", "10/2")}]={Value()}}}}}",
            12 => $"{{set={{a=true, [{Pick("1", "'b'", "2.5")}]={Value()}, {Value()}}}}}",
            13 => $"{{big_number={Pick("'123'", "'-99999999999999999999'", "5", "'x\\r\\ny'", "''", "{}", Text())}}}",
            14 => $"{{verbatim_string={{format={Pick("'txt'", "'mkd'", "5", "nil")}, string={Text()}}}}}",
            15 => $"{{verbatim_string={Pick("'x'", "{}", "5")}}}",
            16 => $"{{{Pick("map", "set")}={Pick("{}", "5", "'x'", "{1, 2}")}}}",
            17 or 18 => $"redis.error_reply({Pick([.. s_errors, Text()])})",
            19 or 20 => $"redis.status_reply({Pick("'FINE'", "''", "5", "{}", "", "'a\\r\\nb'", "'a', 'b'", Text())})",
            21 => $"redis.sha1hex({Pick("'x'", "", "5", "{}", "nil", "'a', 'b'")})",
            22 => $"setmetatable({Pick("{}", "{1}", "{ok=1}")}, {{__index={Pick("{5, 6}", "{err='X y'}", "{ok='fine'}")}}})",
            23 => $"type({Call()})",
            24 => $"tostring({Pick(s_numbers)})",
            25 => $"redis.acl_check_cmd({Pick("'get', 's'", "'nosuch'", "", "{}", "'set', 1, 2")})",
            26 => $"cjson.encode({Pick("{1, 2.5, 'x'}", "{}", "{a=1}", "1e15", "{[1]=1, [3]=3}", "ARGV")})",
            27 => $"{{redis.{Pick(s_fields)}}}",
            28 => Pick("math.random(100)", "{math.random(), math.random(9)}", "#redis.pcall('get', 's')", "KEYS[1] .. ARGV[1]",
                "(KEYS[1] or 'x') .. 'y'", "unpack(ARGV)", "next"),
            29 => $"{Call()}.{Pick("err", "ok", "map", "set", "double", "ignore_error_stats_update", "x")}",
            _ => Call(),
        };
        _depth--;
        return value;
    }

    string Pick(params ReadOnlySpan<string> from) => from[_random.Next(from.Length)];
}
