using System.Globalization;
using System.Text;

namespace MiniRedis.Scripting.Tests.Fuzzing;

/// <summary>
/// Random programs over cjson, cmsgpack, struct and bit: values there and back, damaged texts, settings, formats that nobody would write.
/// Each call is protected, so that one program asks many questions.
/// </summary>
sealed class LibraryGenerator(Random random)
{
    /// <summary>redis-server keeps the settings of cjson from script to script: every program begins with the defaults.</summary>
    const string Defaults = "cjson.encode_sparse_array(false, 2, 10) cjson.encode_max_depth(1000) cjson.decode_max_depth(1000) "
        + "cjson.encode_number_precision(14) cjson.encode_invalid_numbers(false) cjson.decode_invalid_numbers(true) cjson.encode_keep_buffer(true)";

    static readonly string[] s_numbers =
    [
        "0", "1", "-1", "0.1", "1.5", "-0.5", "127", "128", "-32", "-33", "-128", "-129", "255", "256", "32767", "32768", "-32768",
        "-32769", "65535", "65536", "2^31", "2^31 - 1", "-2^31", "2^32", "2^32 - 1", "2^53", "2^62", "2^63", "-2^63", "2^64", "-2^64", "1e15",
        "1e16", "1e100", "1e300", "1e-7", "1/3", "1/0", "-1/0", "0/0", "123456789012345", "3.14159265358979", "4294967296.5", "-0",
        "16777217", "0.5", "1e-320", "3.4e38", "3.5e38", "-1e-46", "99999999999999", "100000000000000", "12345.678",
    ];

    static readonly string[] s_texts =
    [
        "", "a", "abc", "10", "0x1F", "/", "\\\\", "\\\"", "\\n\\t\\r\\8\\12", "\\0", "a\\0b", "\\1\\31\\127\\128\\255", "é€😀", "</script>",
        "nan", "12.5e3", "key:1", "a string that is longer than thirty-two bytes, as some are",
    ];

    string Pick(params string[] choices) => choices[random.Next(choices.Length)];

    string Number() => random.Next(3) == 0
        ? random.Next(-300, 70000).ToString(CultureInfo.InvariantCulture) : s_numbers[random.Next(s_numbers.Length)];

    string Text() => random.Next(12) == 0
        ? $"string.rep(\"{s_texts[random.Next(s_texts.Length)]}\", {random.Next(300)})" : $"\"{s_texts[random.Next(s_texts.Length)]}\"";

    string Scalar() => random.Next(10) switch
    {
        0 or 1 or 2 => Number(),
        3 or 4 or 5 => Text(),
        6 => Pick("true", "false"),
        7 => "cjson.null",
        8 => Pick("nil", "print2", "(function() end)", "coroutine.create(function() end)", "{}"),
        _ => random.Next(100).ToString(CultureInfo.InvariantCulture),
    };

    string Value(int depth = 0)
    {
        if (depth > 3 || random.Next(3) == 0) return Scalar();
        var text = new StringBuilder("{");
        var isList = random.Next(2) == 0;
        for (var i = random.Next(random.Next(8) == 0 ? 40 : 6); i > 0; i--)
        {
            if (!isList || random.Next(12) == 0)
            {
                text.Append(random.Next(8) switch
                {
                    0 => $"[{Number()}] = ",
                    1 => $"[{Pick("1", "2", "3", "5", "9", "15", "1.5", "true", "-1", "0", "2^40")}] = ",
                    2 => $"[{Text()}] = ",
                    _ => $"k{random.Next(30)} = ",
                });
            }
            text.Append(Value(depth + 1)).Append(", ");
        }
        return text.Append('}').ToString();
    }

    /// <summary>A program that returns a list of answers.</summary>
    public string Program()
    {
        var text = new StringBuilder(Defaults).Append(" local r, print2 = {}, nil\n");
        text.Append("local function ask(f, ...) r[#r + 1] = show({pcall(f, ...)}) end\n");
        for (var i = random.Next(1, 6); i > 0; i--) text.Append(Question()).Append('\n');
        return text.Append("return r").ToString();
    }

    string Question() => random.Next(12) switch
    {
        0 or 1 => JsonSetting() + $"ask({Json()}.encode, {Value()})",
        2 => JsonSetting() + $"ask(cjson.decode, {Quote(Damage(JsonText(0)))})",
        3 => JsonSetting() + $"ask(cjson.decode, {Quote(JsonText(0))})",
        4 => $"ask(function(v) return cjson.encode(cjson.decode(cjson.encode(v))) end, {Value()})",
        5 => $"ask(cmsgpack.pack, {Value()}{Pick("", ", " + Value(), "")})",
        6 => $"ask(function(...) return cmsgpack.unpack(cmsgpack.pack(...)) end, {Value()}{Pick("", ", " + Value())})",
        7 => $"ask(cmsgpack.{Pick("unpack", "unpack", "unpack_one", "unpack_limit")}, {Quote(Bytes())}{Pick("", ", 1", ", 2, 1", ", 0, 2", ", -1", ", 1, 100", ", " + Number())})",
        8 => $"ask(function(v) local s = cmsgpack.pack(v) return cmsgpack.unpack(s:sub(1, {random.Next(12)}) .. {Quote(Bytes())} .. s:sub({random.Next(12)})) end, {Value()})",
        9 => $"ask(struct.{Pick("pack", "pack", "size")}, {Quote(Format())}{Arguments()})",
        10 => $"ask(struct.unpack, {Quote(Format())}, {Pick(Quote(Bytes()), Text(), "string.rep('\\255\\1\\0a', 20)")}{Pick("", "", ", 2", ", 0", ", -1", ", " + Number())})",
        _ => $"ask(bit.{Pick("tobit", "tohex", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "bswap")}{Arguments()})",
    };

    string Json() => Pick("cjson", "cjson", "cjson", "cjson.new()");

    string JsonSetting() => random.Next(6) switch
    {
        0 => $"ask(cjson.encode_sparse_array, {Pick("true", "false", "'on'", "'maybe'", "nil")}, {Pick("0", "1", "2", "-1", "'x'", "nil", "2147483647")}, {Pick("0", "3", "nil", "1e10")}) ",
        1 => $"ask(cjson.{Pick("encode", "decode")}_max_depth, {Pick("1", "2", "3", "0", "'5'", "1000", "{}", "")}) ".Replace(", )", ")", StringComparison.Ordinal),
        2 => $"ask(cjson.encode_number_precision, {Pick("1", "3", "14", "15", "0", "7")}) ",
        3 => $"ask(cjson.{Pick("encode", "decode")}_invalid_numbers, {Pick("true", "false", "'null'", "'on'", "'off'", "1")}) ",
        4 => $"ask(cjson.{Pick("encode_keep_buffer", "encode_max_depth", "encode_invalid_numbers", "encode", "decode", "encode_sparse_array")}{Pick("", ", nil", ", false", ", 1, 2", ", 1, 2, 3, 4")}) ",
        _ => "",
    };

    string Arguments()
    {
        var text = new StringBuilder();
        for (var i = random.Next(5); i > 0; i--) text.Append(", ").Append(Pick(Number(), Number(), Number(), Text(), Scalar()));
        return text.ToString();
    }

    string Format()
    {
        var text = new StringBuilder();
        for (var i = random.Next(1, 7); i > 0; i--)
        {
            text.Append(Pick("b", "B", "h", "H", "l", "L", "T", "f", "d", "s", "x", "c", "c0", "c3", "i", "I", "i1", "I2", "i3", "I4", "i5", "I8", "i9",
                "I16", "i32", "i12", ">", "<", "!", "!2", "!4", "!16", " ", "I33", "!3", "z", "c99999999999", "?", "i0", "\0", "5", "Bc0", "Hc0", "ic0"));
        }
        return text.ToString();
    }

    /// <summary>Bytes that look like MessagePack.</summary>
    string Bytes()
    {
        var text = new StringBuilder();
        for (var i = random.Next(1, 12); i > 0; i--)
        {
            var head = random.Next(4) switch
            {
                0 => random.Next(256),
                1 => random.Next(0x80, 0xA5),
                2 => random.Next(0xC0, 0xE0),
                _ => random.Next(4),
            };
            text.Append((char)head);
            if (random.Next(3) == 0) text.Append('\0', random.Next(8)).Append((char)random.Next(5));
        }
        return text.ToString();
    }

    string JsonText(int depth)
    {
        var space = random.Next(6) == 0 ? Pick(" ", "\n", "\t ", "\r") : "";
        if (depth > 4 || random.Next(3) == 0) return space + JsonScalar() + space;
        var (open, close) = random.Next(2) == 0 ? ('[', ']') : ('{', '}');
        var parts = new List<string>();
        for (var i = random.Next(6); i > 0; i--)
        {
            var key = open == '{' ? $"\"{Pick("a", "b", "k" + random.Next(40).ToString(CultureInfo.InvariantCulture), "", "\\u0041", "1")}\":" : "";
            parts.Add(key + JsonText(depth + 1));
        }
        return open + string.Join(",", parts) + close + space;
    }

    string JsonScalar() => Pick("1", "-1", "0", "0.5", "1e5", "1E-3", "-0", "12345678901234567890", "1.7976931348623157e309", "0.1e1", "00012", "1.",
        "-.5", "0x1F", "0x1.8p1", "-0x10", "1e", "1e+", "0x", "0xg", "inf", "-inf", "Infinity", "nan", "-nan", "nan(12)", "NaN", "+1", "-", "--1", "nil",
        "123456789.123456789", "4.9e-324", "true", "false", "null", "tru", "nul", "\"\"", "\"abc\"", "\"\\n\\t\\/\\\\\\\"\\b\\f\\r\"", "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"", "\"\\u12\"", "\"\\x\"", "\"a\0b\"", "\"\\u0000\"", "\"open", "'a'", "1 2",
        random.Next(-1000, 100000).ToString(CultureInfo.InvariantCulture),
        (random.NextDouble() * Math.Pow(10, random.Next(-20, 20))).ToString("R", CultureInfo.InvariantCulture));

    string Damage(string text)
    {
        var damaged = new StringBuilder(text);
        for (var i = random.Next(1, 4); i > 0 && damaged.Length > 0; i--)
        {
            var at = random.Next(damaged.Length);
            switch (random.Next(4))
            {
                case 0: damaged.Remove(at, 1); break;
                case 1: damaged.Insert(at, Pick("[", "]", "{", "}", ",", ":", "\"", "\\", "e", ".", "-", "0", "n", "\0", "\x7F", "x")); break;
                case 2: damaged[at] = (char)random.Next(1, 256); break;
                default: damaged.Length = at; break;
            }
        }
        return damaged.ToString();
    }

    /// <summary>A text as a literal of Lua, every byte that could mean something by its number.</summary>
    internal static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\' or < ' ' or > '~') quoted.Append(CultureInfo.InvariantCulture, $"\\{(int)c & 255:d3}");
            else quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }
}
