namespace MiniRedis.Scripting.Tests;

/// <summary>What a host sees of a machine: results, errors with their places, limits, and that runs leave nothing behind.</summary>
public class MachineTests
{
    [Theory]
    [InlineData("return 10/2", "5")]
    [InlineData("return tostring(10/2)", "5")]
    [InlineData("return tostring(2^53)", "9.007199254741e+15")]
    [InlineData("return tostring(1e15)", "1e+15")]
    [InlineData("local t = {3, 1, 2} table.sort(t) return t", "{1,2,3}")]
    [InlineData("return {math.random(100), math.random(100)}", "{40,85}")]
    [InlineData("return {('a,b'):match('(%w),(%w)')}", "{a,b}")]
    [InlineData("local f = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return {f(1), f(5)}", "{2,10}")]
    [InlineData("return string.format('%q %5.2s|', 'a\\n', 'xyz')", "\"a\\\n\"    xy|")]
    [InlineData("return {host.echo(1, 'b')}", "{1,b}")]
    [InlineData("return '5\\0x' + 1", "6")]
    [InlineData("return string.format('%x', 1e100)", "0")]
    [InlineData("return #string.format('%c', 1e14)", "0")]
    [InlineData("return tostring(-2^63)", "-9.2233720368548e+18")]
    [InlineData("return tonumber('0x1p99999999999')", "Infinity")]
    [InlineData("return tonumber('0x20000000000001000000000000001')", "1.0384593717069658E+34")]
    public void Scripts_return_what_Lua_5_1_returns(string script, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run(script));
    }

    [Theory]
    // A list that grows at the end of its constructor keeps the keys that are beside it.
    [InlineData("{{}, k = 'x', 'b', tostring(3)}", "1 2 3 k ")]
    // All bytes of a long string are hashed.
    [InlineData("{['a string that is longer than thirty-two bytes, as some are'] = 1, [31179] = 2}",
        "31179 a string that is longer than thirty-two bytes, as some are ")]
    public void Keys_come_in_the_order_of_redis(string table, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run($"local s = '' for k in pairs({table}) do s = s .. k .. ' ' end return s"));
    }

    [Theory]
    [InlineData("local a\na.b = 1", "ERR user_script:2: attempt to index local 'a' (a nil value)")]
    [InlineData("local t = {} t.x.y = 1", "ERR user_script:1: attempt to index field 'x' (a nil value)")]
    [InlineData("return 1 < '2'", "ERR user_script:1: attempt to compare number with string")]
    [InlineData("local a = {} return (a or 1) * 2", "ERR user_script:1: attempt to perform arithmetic on a table value")]
    [InlineData("assert(false, 'a\\0b')", "ERR user_script:1: a")]
    [InlineData("return {}..1", "ERR user_script:1: attempt to concatenate a table value")]
    [InlineData("x = 1", "ERR user_script:1: Attempt to modify a readonly table")]
    [InlineData("return y", "ERR user_script:1: Script attempted to access nonexistent global variable 'y'")]
    [InlineData("local function f() return 1 + f() end return f()", "ERR user_script:1: stack overflow")]
    [InlineData("for", "ERR user_script:1: '<name>' expected near '<eof>'")]
    [InlineData("host.fail()", "ERR user_script:1: the host has failed")]
    [InlineData("return string.rep('x', 2e9)", "ERR not enough memory")]
    [InlineData("local a, b = loadstring('\\27Lua') error(b, 0)", "ERR [string \"\u001bLua\"]:1: unexpected symbol near 'char(27)'")]
    public void Errors_have_the_words_and_the_place_of_Lua_5_1(string script, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run(script));
    }

    [Theory]
    [InlineData("(")]
    [InlineData("{")]
    [InlineData("function() return ")]
    public void Deep_nesting_is_an_error_of_the_compiler(string opening)
    {
        using var runner = new ScriptRunner();
        Assert.Equal("ERR user_script:1: chunk has too many syntax levels",
            runner.Run("return " + string.Concat(Enumerable.Repeat(opening, 1000))));
    }

    [Theory]
    [InlineData("while true do end")]
    [InlineData("while true do pcall(function() while true do end end) end")]
    [InlineData("return string.find(string.rep('a', 1000), string.rep('a*', 20) .. 'b')")]
    public void The_host_can_end_any_script(string script)
    {
        using var runner = new ScriptRunner { Patience = 3 };
        Assert.Equal("stopped", runner.Run(script));
    }

    [Fact]
    public void A_loop_that_makes_garbage_stays_within_the_limit()
    {
        using var runner = new ScriptRunner();
        runner.Machine.MemoryLimit = 4 << 20;
        Assert.Equal("300000", runner.Run("local n = 0 for i = 1, 300000 do local s = 'k' .. i local t = {s} n = n + #t end return n"));
        Assert.Equal("ERR not enough memory", runner.Run("local t = {} for i = 1, 1e7 do t[i] = i end"));
    }

    [Fact]
    public void A_run_leaves_no_memory_behind()
    {
        using var runner = new ScriptRunner();
        runner.Run("return 1");
        var before = runner.Machine.FixedBytes;
        runner.Run("local t = {} for i = 1, 1000 do t['k' .. i] = {} end return 1");
        Assert.Equal(0, runner.Machine.UsedBytes);
        Assert.True(runner.Machine.FixedBytes - before < 4096);
    }
}
