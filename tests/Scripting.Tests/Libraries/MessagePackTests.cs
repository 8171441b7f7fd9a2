namespace MiniRedis.Scripting.Tests.Libraries;

public class MessagePackTests
{
    const string Hex = "local function hex(s) return (s:gsub('.', function(c) return string.format('%02x', c:byte()) end):gsub('%z', '00')) end ";

    [Theory]
    [InlineData("0", "00")]
    [InlineData("127", "7f")]
    [InlineData("128", "cc80")]
    [InlineData("256", "cd0100")]
    [InlineData("65536", "ce00010000")]
    [InlineData("2^32", "cf0000000100000000")]
    [InlineData("-1", "ff")]
    [InlineData("-32", "e0")]
    [InlineData("-33", "d0df")]
    [InlineData("-129", "d1ff7f")]
    [InlineData("-32769", "d2ffff7fff")]
    [InlineData("-2^31 - 1", "d3ffffffff7fffffff")]
    [InlineData("2^63", "ca5f000000")]
    [InlineData("1.5", "ca3fc00000")]
    [InlineData("0.1", "cb3fb999999999999a")]
    [InlineData("nil, true, false", "c0c3c2")]
    [InlineData("'abc'", "a3616263")]
    [InlineData("{}", "90")]
    [InlineData("{1, {2}}", "92019102")]
    [InlineData("{a = 1}", "81a16101")]
    [InlineData("{[1] = 1, [3] = 3}", "8201010303")]
    [InlineData("cjson.null", "c0")]
    public void Packing_takes_the_shortest_form(string value, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run($"{Hex} return hex(cmsgpack.pack({value}))"));
    }

    [Theory]
    [InlineData(31, "bf", 32)]
    [InlineData(32, "d920", 34)]
    [InlineData(256, "da0100", 259)]
    [InlineData(65536, "db00010000", 65541)]
    public void Strings_have_heads_by_length(int length, string head, int packed)
    {
        using var runner = new ScriptRunner();
        Assert.Equal($"{{{head},{packed}}}",
            runner.Run($"{Hex} local s = cmsgpack.pack(string.rep('x', {length})) return {{hex(s:sub(1, {head.Length / 2})), #s}}"));
    }

    [Theory]
    [InlineData("'\\1\\255\\192\\195'", "{1,-1}")]
    [InlineData("'\\204\\200\\205\\1\\0\\206\\0\\1\\0\\0'", "{200,256,65536}")]
    [InlineData("'\\207\\255\\255\\255\\255\\255\\255\\255\\255'", "{-1}")]
    [InlineData("'\\208\\128\\209\\128\\0\\210\\128\\0\\0\\0'", "{-128,-32768,-2147483648}")]
    [InlineData("'\\146\\1\\145\\2'", "{{1,{2}}}")]
    [InlineData("'\\217\\1x\\218\\0\\1y\\219\\0\\0\\0\\1z'", "{x,y,z}")]
    [InlineData("'\\220\\0\\2\\1\\2\\221\\0\\0\\0\\1\\3'", "{{1,2},{3}}")]
    [InlineData("''", "{}")]
    public void Unpacking_reads_every_form(string text, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run($"return {{cmsgpack.unpack({text})}}"));
    }

    [Theory]
    [InlineData("cmsgpack.unpack_one('\\1\\2\\3')", "{1,1}")]
    [InlineData("cmsgpack.unpack_one('\\1\\2\\3', 2)", "{-1,3}")]
    [InlineData("cmsgpack.unpack_one('\\1\\2\\3', 3)", "{-1}")]
    [InlineData("cmsgpack.unpack_limit('\\1\\2\\3', 2)", "{2,1,2}")]
    [InlineData("cmsgpack.unpack_limit('\\1\\2\\3', 2, 1)", "{-1,2,3}")]
    [InlineData("cmsgpack.unpack_limit('\\1\\2\\3', 0)", "{1,2,3}")]
    [InlineData("cmsgpack.unpack_limit('\\1\\2\\3', 0, 1)", "{1}")]
    public void Unpacking_a_part_says_where_the_rest_begins(string expression, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run($"return {{{expression}}}"));
    }

    [Theory]
    [InlineData("cmsgpack.pack()", "bad argument #0 to 'pack' (MessagePack pack needs input.)")]
    [InlineData("cmsgpack.unpack('\\193')", "Bad data format in input.")]
    [InlineData("cmsgpack.unpack('\\212\\1\\1')", "Bad data format in input.")]
    [InlineData("cmsgpack.unpack('\\146\\1')", "Missing bytes in input.")]
    [InlineData("cmsgpack.unpack('\\219\\255\\255\\255\\255')", "Missing bytes in input.")]
    [InlineData("cmsgpack.unpack('\\221\\255\\255\\255\\255')", "Missing bytes in input.")]
    [InlineData("cmsgpack.unpack_limit('abc', -1)", "Invalid request to unpack with offset of 0 and limit of 3.")]
    [InlineData("cmsgpack.unpack_one('abc', 4)", "Start offset 4 greater than input length 3.")]
    [InlineData("cmsgpack.unpack(string.rep('\\145', 9000))", "stack overflow (in function mp_decode_to_lua_array)")]
    [InlineData("cmsgpack.unpack(string.rep('\\1', 9000))",
        "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)")]
    [InlineData("cmsgpack.unpack_limit(string.rep('\\1', 9000), 7999)", "stack overflow (in function mp_unpack_full)")]
    public void Errors_have_the_words_of_lua_cmsgpack(string expression, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal("ERR user_script:1: " + expected, runner.Run("return " + expression));
    }

    [Fact]
    public void A_key_that_no_table_takes_is_an_error_without_a_place()
    {
        using var runner = new ScriptRunner();
        Assert.Equal("ERR table index is nil", runner.Run("return cmsgpack.unpack('\\129\\192\\1')"));
    }

    [Fact]
    public void Nesting_beyond_sixteen_is_nil()
    {
        using var runner = new ScriptRunner();
        Assert.Equal("49", runner.Run("local t = {} t.x = t return #cmsgpack.pack(t)"));
    }
}
