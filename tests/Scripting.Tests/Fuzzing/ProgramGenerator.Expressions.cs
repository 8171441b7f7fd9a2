namespace MiniRedis.Scripting.Tests.Fuzzing;

/// <summary>Expressions and calls of the libraries.</summary>
sealed partial class ProgramGenerator
{
    static readonly string[] s_patterns =
    [
        "a", "l+", "%d+", "(%w+)", "^%s*(.-)%s*$", "[^,]*", "(%a)(%a)", "%b()", "().-()", "[%w_]+=[%w_]+", ".", "%f[%w]%w+", "a*", "a-b",
        "(a*(.)%w(%s*))", "%%", "[a-c]", "[]]", "[^%d]+$", "x?", "(.)%1", "%z", "%u%l*", "[%a-z]", "(", "%", "[a", "a)", "%1", "(()",
        "%bx", "%f", "^a", "$", "a$b", "[%d%.]+", "(%d+)%.(%d*)", "\\0",
    ];

    static readonly string[] s_formats =
    [
        "%d", "%5d", "%-5d|", "%05d", "%+d", "%x", "%X", "%#x", "%o", "%u", "%i", "%c", "%e", "%.3e", "%f", "%.2f", "%10.4f", "%g", "%.3g",
        "%G", "%E", "%a%", "%s", "%10s", "%-10s|", "%.2s", "%q", "%%", "%5.1s", "% d", "%#o", "%.0f", "%.14g", "%.17g", "%5%", "%y", "%",
        "%123d", "%.123d", "%#g", "%+.1f", "%05.1f", "%.10d", "%-+8d|", "%08x", "%.20g", "%.99f", "%20.5e",
    ];

    string PickPattern() => "\"" + s_patterns[random.Next(s_patterns.Length)] + "\"";

    string Simple() => random.Next(8) switch
    {
        0 or 1 => PickNumber(),
        2 or 3 => PickString(),
        4 => Pick("nil", "true", "false"),
        _ => Local(),
    };

    string Expression()
    {
        if (_depth > 4) return Simple();
        _depth++;
        var text = random.Next(13) switch
        {
            0 or 1 => Simple(),
            2 or 3 => $"({Expression()} {Pick("+", "-", "*", "/", "%", "^", "..")} {Expression()})",
            4 => $"{Simple()} {Pick("==", "~=", "<", "<=", ">", ">=", "and", "or", "and", "or")} {Expression()}",
            5 => $"({Pick("-", "not ", "#", "- -")}{Expression()})",
            6 => $"{Local()}{Pick(".x", "[1]", ".a.b", "[" + Simple() + "]", "['name']", ":upper()", ":foo()", "(1, 2)", "()")}",
            7 => BaseCall(),
            8 or 9 or 10 => StringCall(),
            11 => Pick(MathCall(), TableCall()),
            _ => Pick("(function(...) return ... end)(" + Expression() + ")", "(" + Expression() + ")", "#" + TableConstructor()),
        };
        _depth--;
        return text;
    }

    string BaseCall() => Pick(
        $"tostring({Guarded()})",
        $"tonumber({Simple()})",
        $"tonumber({PickString()}, {Pick("2", "8", "16", "36", "10", "1")})",
        $"type({Simple()})",
        $"select({Pick("1", "2", "-1", "'#'", "0", "'x'")}, {Simple()}, {Simple()})",
        $"unpack({TableConstructor()}{Pick("", ", 2", ", 1, 3")})",
        $"rawequal({Simple()}, {Simple()})",
        $"rawget({Local()}, {Simple()})",
        $"next({TableConstructor()})",
        $"show({{pcall(error, {PickString()}, {Pick("0", "1", "2", "3")})}})",
        $"show({{pcall({Pick("string.rep", "string.sub", "table.concat", "ipairs", "setmetatable", "tonumber", "math.floor", "next", "unpack")}, {Simple()})}})",
        $"show({{xpcall(function() return {Expression()} end, function(e) return type(e) .. tostring(e) end)}})",
        $"show({{loadstring({Pick("'return 1'", "'x = = 1'", "'return ' .. " + PickString(), "'for'", "'x = \"'", "'goto a'", "'return ...'")})}})",
        $"assert({Simple()}, {PickString()})",
        $"undefinedname{Pick("", ".x", "()")}",
        $"getmetatable({PickString()}).__index.len({PickString()})");

    /// <summary>What tostring shows without an address.</summary>
    string Guarded() => Pick(PickNumber(), PickString(), "nil", "true", "(" + PickNumber() + " / " + PickNumber() + ")", "({1})[2]");

    string StringCall() => Pick(
        $"string.format(\"{s_formats[random.Next(s_formats.Length)]}\", {Pick(PickNumber(), PickString(), "-" + PickNumber(), Simple())})",
        $"string.format(\"{s_formats[random.Next(s_formats.Length)]} {s_formats[random.Next(s_formats.Length)]}\", {PickNumber()}, {PickNumber()})",
        $"string.find({PickString()}, {PickPattern()}{Pick("", ", 2", ", -2", ", 1, true")})",
        $"string.match({PickString()}, {PickPattern()}{Pick("", ", 2", ", -3")})",
        $"string.gsub({PickString()}, {PickPattern()}, {Pick("'<%0>'", "'%1'", "'%%'", "string.upper", "{a = 1, b = true, hello = 'bye'}", "'%2'", "''")}{Pick("", ", 1", ", 0")})",
        $"string.gsub({PickString()}, {PickPattern()}, function(...) return {Simple()} end)",
        $"string.rep({PickString()}, {random.Next(-1, 20)})",
        $"string.sub({PickString()}, {random.Next(-8, 8)}{Pick("", ", 3", ", -2", ", 100")})",
        $"string.byte({PickString()}, {random.Next(-3, 5)}, {random.Next(-3, 5)})",
        $"string.char({random.Next(0, 300)}, {random.Next(32, 127)})",
        $"({PickString()}):{Pick("len", "lower", "upper", "reverse")}()",
        $"show((function() local r = {{}} for a, b in string.gmatch({PickString()}, {PickPattern()}) do r[#r + 1] = a r[#r + 1] = b if #r > 20 then break end end return r end)())",
        $"#{PickString()}",
        // A count is small, or redis-server would make a string of gigabytes where this machine says that it has no memory.
        $"string.rep({Simple()}, {Pick("3", "'4'", "-1", "2.7", "nil", "{}", "'x'")})",
        $"string.{Pick("find", "match", "sub", "format", "byte", "len", "gsub")}({Simple()}, {Simple()})");

    string MathCall() => Pick(
        $"math.floor({PickNumber()})", $"math.ceil({PickNumber()})", $"math.abs(-{PickNumber()})", $"math.sqrt({PickNumber()})",
        $"math.max({PickNumber()}, {PickNumber()})", $"math.min({Simple()}, {PickNumber()})", $"math.fmod({PickNumber()}, {PickNumber()})",
        $"math.modf({PickNumber()})", $"math.frexp({PickNumber()})", $"math.ldexp({PickNumber()}, {random.Next(-10, 10)})",
        $"math.random({Pick("", "10", "5, 9", "0", "3, 1", "1, 2, 3")})", $"math.pow({PickNumber()}, 2)", $"math.huge", "-math.huge",
        $"math.{Pick("floor", "sqrt", "random", "max")}({Simple()})");

    string TableCall() => Pick(
        $"table.concat({TableConstructor()}{Pick("", ", ','", ", '-', 2", ", '', 1, 2")})",
        $"table.getn({TableConstructor()})",
        $"table.maxn({TableConstructor()})",
        $"table.remove({TableConstructor()}{Pick("", ", 1", ", 5")})",
        $"#({TableConstructor()})",
        $"show({TableConstructor()})",
        $"table.{Pick("concat", "insert", "remove", "sort", "getn")}({Simple()})");
}
