using System.Globalization;
using System.Text;

namespace MiniRedis.Scripting.Tests.Fuzzing;

/// <summary>
/// Random programs. Each ends by itself: loops have counts, recursion none. Most expressions have values; the others show the texts of
/// errors. What depends on addresses (tostring of a table) is left out, and so is an error with a table as its value, which ends
/// redis-server 7.0.15.
/// </summary>
sealed partial class ProgramGenerator(Random random)
{
    static readonly string[] s_strings =
    [
        "", "a", "abc", "hello world", "10", "0x1F", " 5 ", "1e3", "-7", "key:1:name", "a,b,,c", "x=1, y=2", "%d", "\\0", "A\\0B", "\\n",
        "(a(b)c)", "foo.bar", "THE (quick) fox", "2.50", "nan", "aaaaaaaaaa", "[tag]", "\\255\\1",
    ];

    static readonly string[] s_numbers =
    [
        "0", "1", "2", "3", "-1", "0.1", "1.5", "10", "100", "1e15", "1e16", "123456789012", "2^53", "1e-5", "1/3", "1e300", "-0.5", "7",
        "255", "4294967296", "1e100", "3.14159265358979", "0x10", "99999999999999", "100000000000000",
    ];

    readonly List<string> _locals = [];
    int _names, _depth;

    string Pick(params string[] choices) => choices[random.Next(choices.Length)];

    string PickString() => "\"" + s_strings[random.Next(s_strings.Length)] + "\"";

    string PickNumber() => random.Next(4) == 0
        ? random.Next(-20, 1000).ToString(CultureInfo.InvariantCulture) : s_numbers[random.Next(s_numbers.Length)];

    string Local() => _locals.Count == 0 ? PickNumber() : _locals[random.Next(_locals.Count)];

    string NewLocal()
    {
        var name = "v" + _names++.ToString(CultureInfo.InvariantCulture);
        return name;
    }

    /// <summary>A program that returns values.</summary>
    public string Program()
    {
        _locals.Clear();
        (_names, _depth) = (0, 0);
        var text = new StringBuilder();
        var statements = random.Next(1, 8);
        for (var i = 0; i < statements; i++) text.Append(Statement()).Append(random.Next(3) == 0 ? "\n" : " ");
        text.Append("return ");
        var values = random.Next(1, 5);
        for (var i = 0; i < values; i++) text.Append(i > 0 ? ", " : "").Append(Expression());
        return text.ToString();
    }

    string Block()
    {
        var (count, depth) = (_locals.Count, _depth++);
        var text = new StringBuilder();
        for (var i = random.Next(1, 4); i > 0; i--) text.Append(Statement()).Append(' ');
        _locals.RemoveRange(count, _locals.Count - count);
        _depth = depth;
        return text.ToString();
    }

    string Declare(string value)
    {
        var name = NewLocal();
        _locals.Add(name);
        return $"local {name} = {value}";
    }

    string Statement()
    {
        switch (random.Next(_depth > 2 ? 8 : 16))
        {
            case 0 or 1 or 2 or 3: return Declare(Expression());
            case 4: return _locals.Count == 0 ? Declare(Expression()) : $"{Local()} = {Expression()}";
            case 5: return Declare(TableConstructor());
            case 6: return $"local _ = {Expression()};";
            case 7: return _locals.Count == 0 ? Declare(TableConstructor()) : $"if type({Local()}) == 'table' then {Local()} = {Expression()} end";
            case 8:
                var name = NewLocal();
                var from = Expression();
                _locals.Add(name);
                var body = Block();
                _locals.Remove(name);
                return $"for {name} = {random.Next(5)}, {random.Next(8)}{Pick("", ", 2", ", 0.5")} do local _ = {from} {body} end";
            case 9: return $"if {Expression()} then {Block()} {Pick("", "else " + Block(), "elseif " + Expression() + " then " + Block())} end";
            case 10: return ClosureStatement();
            case 11: return CoroutineStatement();
            case 12: return TableStatement();
            case 13: return MetatableStatement();
            case 14: return $"do {Block()} end";
            default: return Declare($"show({{pcall(function(...) {Block()} return {Expression()} end, {Expression()})}})");
        }
    }

    string ClosureStatement()
    {
        var (function, parameter) = (NewLocal(), NewLocal());
        var kept = Local();
        _locals.Add(parameter);
        var body = Block();
        var result = Expression();
        _locals.Remove(parameter);
        _locals.Add(function);
        return Pick(
            $"local function {function}({parameter}, ...) {body} return {result}, select('#', ...), ... end",
            $"local {function}; do local up = {kept}; {function} = function({parameter}) up = {parameter} or up; return {result}, up end end",
            $"local {function} = function({parameter}, ...) local t = {{...}} return #t, {parameter}, {result} end",
            $"local function {function}(...) return arg and arg.n, {result.Replace(parameter, "(...)", StringComparison.Ordinal)} end");
    }

    string CoroutineStatement()
    {
        var (co, result) = (NewLocal(), NewLocal());
        var (a, b, c) = (Expression(), Expression(), Expression());
        _locals.Add(result);
        return Pick(
            $"local {co} = coroutine.wrap(function(x) local y = coroutine.yield(x, {a}) for i = 1, 3 do y = coroutine.yield(i, y) end return {b} end) "
                + $"local {result} = show({{{co}({c}), {co}(2), {co}(), {co}(), {co}(1), pcall({co})}})",
            $"local {co} = coroutine.create(function(...) local n = coroutine.yield(...) local _ = {a} error({PickString()}) end) "
                + $"local {result} = show({{coroutine.resume({co}, {b}, {c}), coroutine.status({co}), coroutine.resume({co}, 1), "
                + $"coroutine.status({co}), coroutine.resume({co})}})",
            $"local {co} = coroutine.create(function() return pcall(coroutine.yield, {a}) end) local {result} = show({{coroutine.resume({co})}})");
    }

    string TableStatement()
    {
        var table = NewLocal();
        var (a, b) = (Expression(), Expression());
        _locals.Add(table);
        return Pick(
            $"local {table} = {TableConstructor()} table.insert({table}, {a}) table.insert({table}, 1, {b})",
            $"local {table} = {{}} for i = 1, {random.Next(30)} do {table}[i * {Pick("1", "2", "3", "7", "-1", "0.5")}] = i end",
            $"local {table} = {{}} for i = 1, {random.Next(40)} do {table}['k' .. i] = i if i % 3 == 0 then {table}['k' .. i - 2] = nil end end",
            $"local {table} = {{}} for w in string.gmatch({PickString()}, '%w') do {table}[#{table} + 1] = w {table}[w] = #{table} end",
            $"local {table} = {{5, 3, 9, 1, {PickNumber()}, {PickNumber()}, 4}} table.sort({table}{Pick("", ", function(x, y) return x > y end")})",
            $"local {table} = {{'b', 'a', {PickString()}, {PickString()}}} table.sort({table})",
            $"local {table} = {TableConstructor()} for i = #{table}, 1, -1 do table.remove({table}{Pick("", ", 1", ", i")}) end",
            $"local {table} = {{}} for i = {random.Next(20)}, 1, -1 do {table}[i] = i end {table}[{PickNumber()}] = {a}");
    }

    string MetatableStatement()
    {
        var table = NewLocal();
        var (a, b) = (Expression(), Expression());
        _locals.Add(table);
        return Pick(
            $"local {table} = setmetatable({{}}, {{__index = function(t, k) return type(k) .. 1 end}})",
            $"local {table} = setmetatable({TableConstructor()}, {{__index = {TableConstructor()}}})",
            $"local {table} = setmetatable({{}}, {{__newindex = function(t, k, v) rawset(t, k, {{v}}) end}}) {table}.x = {a}",
            $"local {table} = setmetatable({{}}, {{__add = function(x, y) return 'add' end, __concat = function(x, y) return type(x) .. type(y) end, "
                + $"__eq = function() return true end, __lt = function() return true end, __unm = function() return {a} end}})",
            $"local {table} = setmetatable({{}}, {{__call = function(self, ...) return select('#', ...), ... end, __tostring = function() return {PickString()} end}})",
            $"local {table} = setmetatable({{}}, {{__metatable = {b}, __len = function() return 3 end}})");
    }

    string TableConstructor()
    {
        var text = new StringBuilder("{");
        for (var i = random.Next(6); i > 0; i--)
        {
            text.Append(random.Next(5) switch
            {
                0 => $"{Pick("a", "b", "name", "id", "x1")} = {Simple()}",
                1 => $"[{Pick(PickNumber(), PickString(), "true")}] = {Simple()}",
                _ => Simple(),
            }).Append(Pick(", ", "; "));
        }
        return text.Append('}').ToString();
    }
}
