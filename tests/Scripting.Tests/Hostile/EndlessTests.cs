namespace MiniRedis.Scripting.Tests.Hostile;

/// <summary>Scripts that would run for ever, or for hours: the host is asked while they do, and its no ends them.</summary>
public class EndlessTests
{
    [Theory]
    [InlineData("while true do end")]
    [InlineData("repeat until false")]
    [InlineData("for i = 1, math.huge do end")]
    [InlineData("for i = 3, 2, 0 do end")]
    [InlineData("for i = 1, 0, -1e-300 do end")]
    [InlineData("for k in function() return 1 end do end")]
    [InlineData("local function f() return f() end return f()")]
    [InlineData("local function f() end while true do f() end")]
    [InlineData("while true do type(1) end")]
    [InlineData("while true do pcall(error) end")]
    [InlineData("while true do pcall(function() while true do end end) end")]
    [InlineData("while true do xpcall(error, function() while true do end end) end")]
    [InlineData("local function f() pcall(f) pcall(f) end f()")]
    [InlineData("local t = setmetatable({}, {__index = function(t, k) return t[k + 1] and 1 end}) while true do pcall(function() return t[1] end) end")]
    [InlineData("local t = setmetatable({}, {__lt = function() return true end}) while t < t do end")]
    [InlineData("local t = setmetatable({}, {__call = function() end}) while true do t() end")]
    [InlineData("local t = setmetatable({}, {__newindex = function() end}) while true do t.x = 1 end")]
    [InlineData("local t = setmetatable({}, {__concat = function() return 1 end}) while true do local _ = t .. t end")]
    [InlineData("local c = coroutine.wrap(function() while true do coroutine.yield() end end) while true do c() end")]
    [InlineData("while true do coroutine.create(function() end) end")]
    [InlineData("while true do loadstring('return 1') end")]
    [InlineData("load(function() while true do end end)")]
    [InlineData("string.gsub('abc', '.', function() while true do end end)")]
    [InlineData("while true do string.rep('x', 1000) end")]
    [InlineData("while true do collectgarbage() end")]
    [InlineData("table.sort({3, 1, 2}, function() while true do end end)")]
    [InlineData("while true do pcall(table.sort, {1, 2, 3, 4, 5, 6, 7}, function() return true end) end")]
    [InlineData("table.foreach({1}, function() while true do end end)")]
    [InlineData("local t = {} while true do t[1] = 1 for k in pairs(t) do t[k] = nil end end")]
    [InlineData("while true do cjson.decode(cjson.encode({1, {2}})) end")]
    [InlineData("while true do cmsgpack.unpack(cmsgpack.pack({1, {2}})) end")]
    [InlineData("while true do struct.unpack('i', struct.pack('i', 1)) end")]
    public void A_loop_without_end_is_ended(string script)
    {
        using var runner = new ScriptRunner { Patience = 20 };
        runner.Machine.CheckInterval = 1000;
        runner.Machine.MemoryLimit = 16 << 20;
        Assert.Equal("stopped", runner.Run(script));
        Assert.Equal(0, runner.Machine.UsedBytes);
    }

    [Theory]
    [InlineData("string.find(string.rep('a', 1000), string.rep('a*', 20) .. 'b')")]
    [InlineData("string.match(string.rep('a', 50), string.rep('a?', 50) .. string.rep('a', 50))")]
    [InlineData("string.find(string.rep('a', 300000), '.-b')")]
    [InlineData("string.find(string.rep('a', 300000), string.rep('.-', 10) .. 'b')")]
    [InlineData("string.gsub(string.rep('a', 1e6), '(a*)b', '')")]
    [InlineData("string.find(string.rep('(', 1e6), '%b()')")]
    [InlineData("string.find(string.rep('a', 1e6), '[' .. string.rep('b', 1e5) .. ']')")]
    [InlineData("string.find(string.rep('a', 1e5), '[' .. string.rep('b', 1e6) .. 'a]*c')")]
    [InlineData("string.find(string.rep('a', 2e6), string.rep('a', 1e6) .. 'b', 1, true)")]
    [InlineData("string.find(string.rep('a', 1e6), '^(' .. string.rep('a', 100) .. '.*)%1b')")]
    [InlineData("for w in string.gmatch(string.rep('a', 1e6), '()()()()a') do end")]
    [InlineData("string.gsub(string.rep('a', 1e5), '(x*)', string.rep('%1', 1e4))")]
    [InlineData("string.format(string.rep('%.0s', 5000), (function(...) return ... end)(unpack((function() local s, t = string.rep('a', 1e7), {} "
        + "for i = 1, 5000 do t[i] = s end return t end)())))")]
    [InlineData("local t = {} for i = 1, 1e5 do t[i] = i % 1000 end table.sort(t)")]
    [InlineData("local t = {} for i = 1, 3e5 do t[i] = '' end table.concat(t)")]
    [InlineData("local t = {} for i = 1, 2000 do table.insert(t, 1, i) end")]
    [InlineData("local t = {1} for i = 1, 30 do t = {t, t} end cjson.encode(t)")]
    [InlineData("local t = {1} for i = 1, 14 do t = {t, t, t, t} end cmsgpack.pack(t)")]
    [InlineData("cjson.encode_sparse_array(true, 0) cjson.encode({[1e7] = 1})")]
    [InlineData("local s = '[' .. string.rep('1,', 2e6) .. '1]' cjson.decode(s)")]
    [InlineData("local t = {} for i = 1, 2e5 do t[i] = i end for i = 1, 2e5 do t[i] = nil end for i = 1, 200 do next(t) end")]
    [InlineData("local t = {} for i = 1, 65536 do t['k' .. i] = 1 end for i = 1, 300 do t['k' .. i] = nil t['n' .. i] = 1 end")]
    [InlineData("local s = string.rep('1', 1e5) for i = 1, 200 do local _ = s + 1 end")]
    [InlineData("local s = string.rep('a', 1e5) for i = 1, 200 do local _ = s .. i end")]
    [InlineData("local s = string.rep('a', 1e6) for i = 1, 50 do local _ = string.sub(s, i) end")]
    [InlineData("local a, b = string.rep('a', 1e7), string.rep('a', 1e7) .. 'b' for i = 1, 100 do local _ = a < b end")]
    [InlineData("local s = string.rep(' ', 1e5) for i = 1, 20 do loadstring(s) end")]
    [InlineData("local t = {} for i = 1, 5000 do t[i] = 1 end for i = 1, 200 do unpack(t) end")]
    [InlineData("local t = {} for i = 1, 1e5 do t[i] = {} end for i = 1, 10 do collectgarbage() end")]
    public void Long_work_inside_one_call_counts_as_many_calls(string script)
    {
        using var runner = new ScriptRunner { Patience = 6 };
        runner.Machine.MemoryLimit = 1 << 30;
        // A question is due every hundred thousand units; without counting, none of these scripts gets so far.
        Assert.Equal("stopped", runner.Run(script));
        Assert.Equal(0, runner.Machine.UsedBytes);
    }
}
