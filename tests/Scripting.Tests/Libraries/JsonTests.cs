namespace MiniRedis.Scripting.Tests.Libraries;

public class JsonTests
{
    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("{1, 'two', true, false, cjson.null}", "[1,\"two\",true,false,null]")]
    [InlineData("{1, nil, 3}", "[1,null,3]")]
    [InlineData("{[1] = 'a', [3] = 'c'}", "[\"a\",null,\"c\"]")]
    [InlineData("{[2^40] = 1}", "{\"1099511627776\":1}")]
    [InlineData("{[1.5] = 'x'}", "{\"1.5\":\"x\"}")]
    [InlineData("{[0] = 'x'}", "{\"0\":\"x\"}")]
    [InlineData("{id = 101}", "{\"id\":101}")]
    [InlineData("'/\\\\\"\\127\\1\\8\\9\\10\\12\\13é'", "\"\\/\\\\\\\"\\u007f\\u0001\\b\\t\\n\\f\\ré\"")]
    [InlineData("1/3", "0.33333333333333")]
    [InlineData("1e15", "1e+15")]
    [InlineData("-0", "-0")]
    [InlineData("nil", "null")]
    public void Encoding_is_that_of_lua_cjson(string value, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run($"return cjson.encode({value})"));
    }

    [Theory]
    [InlineData("[1, 2.5, -3e2, \"a\", true, [\"x\"]]", "{1,2.5,-300,a,true,{x}}")]
    [InlineData("\"\\u00e9\\ud83d\\ude00\\n\"", "Ã©ð\u009f\u0098\u0080\n")]
    [InlineData("12345678901234567890", "1.2345678901234567E+19")]
    [InlineData("0x1F", "31")]
    [InlineData("0x1.8p1", "3")]
    [InlineData("-.5", "-0.5")]
    [InlineData("00012", "12")]
    [InlineData("+1", "1")]
    [InlineData("Infinity", "Infinity")]
    [InlineData("nan(12)", "NaN")]
    [InlineData("{}", "{}")]
    [InlineData("null", "lightuserdata")]
    [InlineData(" [ ] ", "{}")]
    public void Decoding_is_that_of_lua_cjson(string text, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run($"return cjson.decode([=[{text}]=])"));
    }

    [Theory]
    [InlineData("cjson.decode('x')", "Expected value but found invalid token at character 1")]
    [InlineData("cjson.decode('')", "Expected value but found T_END at character 1")]
    [InlineData("cjson.decode('[1')", "Expected comma or array end but found T_END at character 3")]
    [InlineData("cjson.decode('[1}')", "Expected comma or array end but found T_OBJ_END at character 3")]
    [InlineData("cjson.decode('{1:2}')", "Expected object key string but found T_NUMBER at character 2")]
    [InlineData("cjson.decode('{\"a\"}')", "Expected colon but found T_OBJ_END at character 5")]
    [InlineData("cjson.decode('{\"a\":1 2}')", "Expected comma or object end but found T_NUMBER at character 8")]
    [InlineData("cjson.decode('[1,]')", "Expected value but found T_ARR_END at character 4")]
    [InlineData("cjson.decode('1 2')", "Expected the end but found T_NUMBER at character 3")]
    [InlineData("cjson.decode('\"abc')", "Expected value but found unexpected end of string at character 5")]
    [InlineData("cjson.decode('\"\\\\x\"')", "Expected value but found invalid escape code at character 2")]
    [InlineData("cjson.decode('\"\\\\ud83d\"')", "Expected value but found invalid unicode escape code at character 2")]
    [InlineData("cjson.decode('-')", "Expected value but found invalid number at character 1")]
    [InlineData("cjson.decode('\\0{}')", "JSON parser does not support UTF-16 or UTF-32")]
    [InlineData("cjson.decode(string.rep('[', 1001))", "Found too many nested data structures (1001) at character 1001")]
    [InlineData("cjson.decode(1, 2)", "bad argument #1 to 'decode' (expected 1 argument)")]
    [InlineData("cjson.encode(print2)", "Cannot serialise function: type not supported")]
    [InlineData("cjson.encode({[true] = 1})", "Cannot serialise boolean: table key must be a number or string")]
    [InlineData("cjson.encode(0/0)", "Cannot serialise number: must not be NaN or Inf")]
    [InlineData("cjson.encode({[1] = 1, [1000] = 2})", "Cannot serialise table: excessively sparse array")]
    [InlineData("cjson.encode((function() local t = {} t.t = t return t end)())", "Cannot serialise, excessive nesting (1001)")]
    [InlineData("cjson.encode_max_depth(0)", "bad argument #1 to 'encode_max_depth' (expected integer between 1 and 2147483647)")]
    [InlineData("cjson.encode_number_precision(15)", "bad argument #1 to 'encode_number_precision' (expected integer between 1 and 14)")]
    [InlineData("cjson.encode_invalid_numbers('maybe')", "bad argument #1 to 'encode_invalid_numbers' (invalid option 'maybe')")]
    [InlineData("cjson.encode_sparse_array(true, 1, 2, 3)", "bad argument #4 to 'encode_sparse_array' (found too many arguments)")]
    public void Errors_have_the_words_of_lua_cjson(string expression, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal("ERR user_script:1: " + expected, runner.Run("local function print2() end return " + expression));
    }

    [Theory]
    [InlineData("cjson.encode_sparse_array(true) return cjson.encode({[1] = 1, [1000] = 2})", "{\"1\":1,\"1000\":2}")]
    [InlineData("cjson.encode_sparse_array(false, 0) return #cjson.encode({[100] = 1})", "498")]
    [InlineData("cjson.encode_number_precision(3) return cjson.encode({1/3, 12345})", "[0.333,1.23e+04]")]
    [InlineData("cjson.encode_invalid_numbers(true) return cjson.encode({1/0, -1/0, 0/0})", "[inf,-inf,nan]")]
    [InlineData("cjson.encode_invalid_numbers('null') return cjson.encode({1/0, 0/0})", "[null,null]")]
    [InlineData("cjson.decode_invalid_numbers(false) return {pcall(cjson.decode, '[0x10]')}",
        "{false,Expected value but found invalid number at character 2}")]
    [InlineData("cjson.decode_max_depth(2) return {pcall(cjson.decode, '[[[1]]]')}", "{false,Found too many nested data structures (3) at character 3}")]
    [InlineData("return {cjson.encode_sparse_array(), cjson.encode_invalid_numbers('null'), cjson.encode_keep_buffer('off')}", "{false,null,false}")]
    public void Settings_act_from_then_on(string script, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run(script));
    }

    [Fact]
    public void A_new_cjson_has_settings_of_its_own_even_after_a_collection()
    {
        using var runner = new ScriptRunner();
        Assert.Equal("{[0.3],[0.33333333333333],1}", runner.Run(
            """
            local other = cjson.new() other.encode_number_precision(1)
            collectgarbage()
            for i = 1, 1000 do local filler = {i} end
            return {other.encode({1/3}), cjson.encode({1/3}), other.encode_number_precision()}
            """));
    }

    [Fact]
    public void A_run_that_changes_settings_changes_them_for_no_other()
    {
        using var runner = new ScriptRunner();
        Assert.Equal("0.3", runner.Run("cjson.encode_number_precision(1) return cjson.encode(1/3)"));
        Assert.Equal("0.33333333333333", runner.Run("return cjson.encode(1/3)"));
    }

    [Theory]
    [InlineData("local t = {} for i = 1, 9000 do t = {t} end return cjson.encode(t)", "Cannot serialise, excessive nesting (7998)")]
    [InlineData("local t = {} for i = 1, 9000 do t = {a = t} end return cjson.encode(t)", "Cannot serialise, excessive nesting (4000)")]
    [InlineData("return cjson.decode(string.rep('[', 9000))", "Found too many nested data structures (7999) at character 7999")]
    [InlineData("return cjson.decode(string.rep('{\"a\":', 9000))", "Found too many nested data structures (4000) at character 19996")]
    public void Without_a_limit_on_depth_the_one_of_Luas_stack_remains(string script, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal("ERR user_script:1: " + expected, runner.Run("cjson.encode_max_depth(1e9) cjson.decode_max_depth(1e9) " + script));
    }
}
