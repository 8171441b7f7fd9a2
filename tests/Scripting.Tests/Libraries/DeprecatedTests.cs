using MiniRedis.Server.Tests;
using MiniRedis.Scripting.Tests.Fuzzing;

namespace MiniRedis.Scripting.Tests.Libraries;

/// <summary>getfenv, setfenv and newproxy, beside those of redis-server.</summary>
public class DeprecatedTests
{
    static readonly string[] s_programs =
    [
        "return getfenv() == _G, getfenv(0) == _G, getfenv(1) == _G, getfenv(type) == _G",
        "local f = function() return x end setfenv(f, {x = 7}) return f(), getfenv(f).x",
        "setfenv(1, {y = 3}) return y",
        "local t, s = {z = 4}, setfenv local function f() s(2, t) return 1 end f() return z",
        "local f = function() return function() return q end end setfenv(f, {q = 'inner'}) return f()()",
        "local f = setfenv(function() w = 5 end, {}) f() return getfenv(f).w",
        "return setfenv(function() end, {}) ~= nil, type(setfenv(function() end, {}))",
        "setfenv(type, {})",
        "setfenv(1)",
        "setfenv()",
        "setfenv({}, {})",
        "setfenv(-1, {})",
        "getfenv(-1)",
        "getfenv(100)",
        "setfenv(100, {})",
        "getfenv({})",
        "getfenv('x')",
        "return getfenv(nil) == _G",
        "local function g() return getfenv(2) end local function f() return g() end return f()",
        "local function g() return setfenv(2, {}) end local function f() return g() end return f()",
        "local c = coroutine.create(function() setfenv(0, {n = 8}) return getfenv(0).n end) return coroutine.resume(c)",
        "local c = coroutine.wrap(function() return getfenv(0) == _G, getfenv(1) == _G end) return c()",
        "return type(newproxy()), type(newproxy(true)), type(newproxy(false)), getmetatable(newproxy())",
        "local p = newproxy(true) getmetatable(p).__index = {a = 1} return p.a, newproxy(p).a",
        "local p = newproxy(true) getmetatable(p).__index = function(_, k) return k .. '!' end return p.hello",
        "local p, got = newproxy(true) getmetatable(p).__newindex = function(_, k, v) got = k .. v end p.a = 1 return got",
        "local p = newproxy(true) getmetatable(p).__len = function() return 12 end return #p",
        "local p = newproxy(true) getmetatable(p).__call = function(_, a, b) return b, a end return p(1, 2)",
        "local p = newproxy(true) getmetatable(p).__tostring = function() return 'me' end return tostring(p)",
        "local p = newproxy(true) local m = getmetatable(p) m.__eq = function() return true end return p == newproxy(p), p == newproxy(true), p == p",
        "local p = newproxy(true) local m = getmetatable(p) m.__lt = function() return true end return p < newproxy(p)",
        "local p = newproxy(true) local m = getmetatable(p) m.__add = function(a, b) return type(a) .. type(b) end return p + 1, 1 + p",
        "local p = newproxy(true) local m = getmetatable(p) m.__concat = function() return 'joined' end return p .. 'x', 'x' .. p",
        "local p = newproxy(true) local m = getmetatable(p) m.__unm = function() return 'minus' end return -p",
        "local p = newproxy(true) getmetatable(p).__metatable = 'shut' return getmetatable(p)",
        "local t = {} local p = newproxy() t[p] = 5 return t[p], t[newproxy()], rawequal(p, p)",
        "return newproxy().x",
        "newproxy().x = 1",
        "return newproxy() + 1",
        "return newproxy() < newproxy()",
        "return #newproxy()",
        "newproxy(1)",
        "newproxy({})",
        "newproxy(newproxy())",
        "setmetatable(newproxy(), {})",
        "return rawequal(newproxy(), newproxy())",
        "return pcall(cjson.encode, newproxy())",
        "return cmsgpack.unpack(cmsgpack.pack(newproxy()))",
    ];

    [RedisServerFact]
    public void They_answer_as_those_of_redis_server()
    {
        using var oracle = new RedisServerProcess(null, "--save", "", "--lua-enable-deprecated-api", "yes");
        using var ours = new ScriptRunner(deprecated: true);
        foreach (var program in s_programs)
        {
            var wrapped = FuzzTests.Wrap(program);
            Assert.Equal($"{program}\n{oracle.Send("EVAL", wrapped, "0")[0]}", $"{program}\n{ours.Run(wrapped)}");
        }
    }

    [Fact]
    public void What_they_keep_is_kept_and_what_they_do_not_is_collected()
    {
        using var runner = new ScriptRunner(deprecated: true);
        var result = runner.Run("""
            local kept, f = newproxy(true), function() return here end
            getmetatable(kept).__index = {value = 'still'}
            setfenv(f, {here = 'too'})
            for i = 1, 100000 do local dropped = newproxy(true) getmetatable(dropped).__index = {i} end
            collectgarbage()
            return kept.value .. ' ' .. f()
            """);
        Assert.Equal("still too", result);
        Assert.InRange(runner.Machine.PeakBytes, 1, 16 << 20);
    }

    /// <summary>redis-server keeps the environment of level 0 for all scripts to come: that is not copied.</summary>
    [Fact]
    public void The_environment_of_what_is_compiled_later_ends_with_the_run()
    {
        using var runner = new ScriptRunner(deprecated: true);
        Assert.Equal("2", runner.Run("setfenv(0, {k = 1}) return getfenv(0).k + loadstring('return k')()"));
        Assert.Equal("0", runner.Run("return select('#', setfenv('0', {}))"));
        Assert.Equal("string", runner.Run("return type(loadstring('return _VERSION')())"));
    }

    [Fact]
    public void Without_the_directive_there_are_none()
    {
        using var runner = new ScriptRunner();
        foreach (var name in (string[])["getfenv", "setfenv", "newproxy"])
        {
            Assert.Contains($"nonexistent global variable '{name}'", runner.Run($"return {name}"));
        }
    }
}
