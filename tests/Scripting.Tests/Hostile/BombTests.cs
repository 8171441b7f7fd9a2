namespace MiniRedis.Scripting.Tests.Hostile;

/// <summary>Scripts that want all memory, and scripts that nest as deep as they can: an error each, and nothing is left.</summary>
public class BombTests
{
    const string OutOfMemory = "ERR not enough memory";

    [Theory]
    [InlineData("return string.rep('x', 1e8)")]
    [InlineData("local s = 'x' while true do s = s .. s end")]
    [InlineData("local t = {} for i = 1, 1e8 do t[i] = i end")]
    [InlineData("local t = {} for i = 1, 1e8 do t['k' .. i] = i end")]
    [InlineData("local t = {} while true do t = {t} end")]
    [InlineData("local t = {} for i = 1, 1e6 do t[i] = function() return t end end")]
    [InlineData("local t = {} for i = 1, 1e5 do t[i] = coroutine.create(function() end) end")]
    [InlineData("local t = {} for i = 1, 1e5 do t[i] = coroutine.wrap(function() coroutine.yield() end) t[i]() end")]
    [InlineData("local s = string.rep('x', 1e6) return string.gsub(s, '.', s)")]
    [InlineData("local s = string.rep('x', 1e6) local t = {} for i = 1, 100 do t[i] = s end return table.concat(t)")]
    [InlineData("local s = string.rep('x', 3e6) return string.format('%s%s%s%s%s%s%s', s, s, s, s, s, s, s)")]
    [InlineData("return string.format('%q', string.rep('\\0', 8e6))")]
    [InlineData("return load(function() return string.rep(' ', 1e6) end)")]
    [InlineData("local s = string.rep('x', 1e6) return error(s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s)")]
    [InlineData("local t = {1} for i = 1, 40 do t = {t, t} end return cjson.encode(t)")]
    [InlineData("local t = {1} for i = 1, 15 do t = {t, t, t, t, t, t} end return cmsgpack.pack(t)")]
    [InlineData("cjson.encode_sparse_array(true, 0) return cjson.encode({[2^31 - 1] = 1})")]
    [InlineData("return cjson.decode('[' .. string.rep('{\"a\":[]},', 2e5) .. '1]')")]
    [InlineData("return cmsgpack.unpack_limit('\\221\\255\\255\\255\\255' .. string.rep('\\144', 1e6), 1)")]
    [InlineData("return struct.pack(string.rep('s', 100), unpack((function() local t = {} for i = 1, 100 do t[i] = string.rep('x', 1e6) end return t end)()))")]
    [InlineData("local t = {} for i = 1, 1e6 do t[i] = cjson.new() end")]
    [InlineData("return loadstring('return {' .. string.rep('1,', 4e6) .. '}')")]
    public void A_bomb_meets_the_limit(string script)
    {
        using var runner = new ScriptRunner();
        runner.Machine.MemoryLimit = 16 << 20;
        Assert.Equal(OutOfMemory, runner.Run(script));
        Assert.Equal(0, runner.Machine.UsedBytes);
        Assert.Equal("3", runner.Run("return 1 + 2"));
    }

    [Theory]
    [InlineData("pcall(bomb)")]
    [InlineData("coroutine.resume(coroutine.create(bomb))")]
    public void A_script_that_catches_the_error_may_go_on(string call)
    {
        using var runner = new ScriptRunner();
        runner.Machine.MemoryLimit = 4 << 20;
        Assert.Equal("{false,not enough memory,ok1}", runner.Run("local function bomb() local t = {} for i = 1, 1e7 do t[i] = {} end end "
            + $"local ok, error = {call} local t = {{}} for i = 1, 10000 do t[i] = {{}} end return {{ok, error, 'ok' .. #t[1] + 1}}"));
    }

    const string StackOverflow = "stack overflow", Levels = "C stack overflow", Syntax = "chunk has too many syntax levels";

    [Theory]
    [InlineData("local function f() return 1 + f() end f()", StackOverflow)]
    [InlineData("local function f(...) return 1 + f(1, ...) end f()", "not enough memory")]
    [InlineData("local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()", Levels)]
    [InlineData("local function f() xpcall(f, error) error('C stack overflow') end f()", Levels)]
    [InlineData("local t t = setmetatable({}, {__index = function(_, k) return t[k .. 1] end}) return t.x", Levels)]
    [InlineData("local t t = setmetatable({}, {__newindex = function(_, k, v) t[k .. 1] = v end}) t.x = 1", Levels)]
    [InlineData("local t t = setmetatable({}, {__add = function(a, b) return a + b end}) return t + t", Levels)]
    [InlineData("local t t = setmetatable({}, {__eq = function(a, b) return a == b end}) return t == setmetatable({}, getmetatable(t))", Levels)]
    [InlineData("local t t = setmetatable({}, {__concat = function(a, b) return a .. b end}) return t .. t", Levels)]
    [InlineData("local t t = setmetatable({}, {__tostring = function(a) return tostring(a) end}) return tostring(t)", Levels)]
    [InlineData("local t = {} for i = 1, 200 do t = setmetatable({}, {__index = t}) end return t.x", "loop in gettable")]
    [InlineData("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "loop in gettable")]
    [InlineData("local t = setmetatable({}, {}) getmetatable(t).__newindex = t t.x = 1", "loop in settable")]
    [InlineData("local t = setmetatable({}, {}) getmetatable(t).__call = t return t()", "attempt to call")]
    [InlineData("local function f() return coroutine.wrap(f)() end f()", Levels)]
    [InlineData("local function f() string.gsub('a', 'a', f) end f()", Levels)]
    [InlineData("local function f() table.sort({1, 2}, f) end f()", Levels)]
    [InlineData("local function f() table.foreach({1}, f) end f()", Levels)]
    [InlineData("local function f() load(f) error('C stack overflow') end f()", Levels)]
    [InlineData("local function f() for k in f do end end f()", Levels)]
    [InlineData("return loadstring('return ' .. string.rep('(', 1e6))", Syntax)]
    [InlineData("return loadstring('return ' .. string.rep('{', 1e6))", Syntax)]
    [InlineData("return loadstring('return ' .. string.rep('not ', 1e6) .. '1')", Syntax)]
    [InlineData("return loadstring('return ' .. string.rep('- ', 1e6) .. '1')", Syntax)]
    [InlineData("return loadstring(string.rep('function f() ', 1e6))", Syntax)]
    [InlineData("return loadstring(string.rep('do ', 1e6))", Syntax)]
    [InlineData("return loadstring(string.rep('while 1 do ', 1e6))", Syntax)]
    [InlineData("return loadstring('return ' .. string.rep('1^', 1e6) .. '1')", Syntax)]
    [InlineData("return loadstring('return ' .. string.rep('1 ..', 1e6) .. '1')", Syntax)]
    [InlineData("return loadstring('return a' .. string.rep('.a', 1e6))", "ok")]
    [InlineData("return loadstring('return a' .. string.rep('()', 1e6))", "ok")]
    [InlineData("return loadstring('a' .. string.rep('.a', 1e5) .. ' = 1')", "ok")]
    [InlineData("return loadstring(string.rep('a, ', 1e5) .. 'a = 1')", "variables in assignment")]
    [InlineData("return loadstring('local a' .. string.rep(', a', 1e3))", "local variables")]
    [InlineData("return loadstring('if a then ' .. string.rep('elseif a then ', 1e5) .. 'end')", "control structure too long")]
    [InlineData("return loadstring('if a then ' .. string.rep('elseif a then ', 2e4) .. 'end')", "ok")]
    [InlineData("return loadstring('while a do ' .. string.rep('if a then break end ', 2e4) .. 'end')", "ok")]
    [InlineData("return loadstring('return ' .. string.rep('a and ', 3e4) .. 'a')", "ok")]
    [InlineData("return loadstring('return ' .. string.rep('a or ', 3e4) .. 'a')", "ok")]
    [InlineData("return loadstring('return [' .. string.rep('=', 1e6))", "invalid long string delimiter")]
    [InlineData("return string.find('a', string.rep('(', 1e6))", "too many captures")]
    [InlineData("return string.find(string.rep('a', 1e5), string.rep('a?', 1e5))", "pattern too complex")]
    [InlineData("return string.find(string.rep('a', 1e5), string.rep('a*', 1e5))", "pattern too complex")]
    [InlineData("local function f(n) if n == 0 then return string.find(string.rep('a', 1e4), string.rep('a*', 1e4)) end "
        + "string.gsub('a', 'a', function() f(n - 1) end) end f(90)", "pattern too complex")]
    [InlineData("return cjson.decode(string.rep('[', 1e6))", "too many nested data structures")]
    [InlineData("return cjson.decode(string.rep('{\"a\":', 1e6))", "too many nested data structures")]
    [InlineData("return cmsgpack.unpack(string.rep('\\145', 1e6))", StackOverflow)]
    [InlineData("return cmsgpack.unpack(string.rep('\\129\\1', 1e6))", StackOverflow)]
    public void Depth_is_an_error_even_on_a_small_stack(string script, string expected)
    {
        var answer = "";
        // The smallest stack that a thread of a server may have: that of musl's threads.
        var thread = new Thread(() => answer = RunOnce(script), 1536 * 1024);
        thread.Start();
        thread.Join();
        Assert.Contains(expected, answer, StringComparison.Ordinal);
    }

    static string RunOnce(string script)
    {
        using var runner = new ScriptRunner();
        runner.Machine.MemoryLimit = 256 << 20;
        var answer = runner.Run("local function run() " + script + " end local ok, a, b = pcall(run) "
            + "if ok and a == nil and b then return b end if ok then return 'ok' end return a");
        Assert.Equal(0, runner.Machine.UsedBytes);
        return answer;
    }

    [Fact]
    public void A_hundred_thousand_coroutines_fit_one_after_another()
    {
        using var runner = new ScriptRunner();
        runner.Machine.MemoryLimit = 8 << 20;
        Assert.Equal("100000", runner.Run(
            "local n = 0 for i = 1, 1e5 do n = n + coroutine.wrap(function() coroutine.yield(1) end)() end return n"));
    }
}
