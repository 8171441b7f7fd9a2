namespace MiniRedis.Scripting.Tests.Libraries;

/// <summary>pairs() over a library shows how its table was laid out: as redis-server 7.0.15 shows it.</summary>
public class LibraryOrderTests
{
    [Theory]
    [InlineData("string", "sub upper len gfind rep find match char dump gmatch reverse byte format gsub lower")]
    [InlineData("table", "setn insert getn foreachi maxn foreach concat sort remove")]
    [InlineData("math", "log max acos huge ldexp pi cos tanh pow deg tan cosh sinh random randomseed frexp ceil floor rad abs sqrt modf asin "
        + "min mod fmod log10 atan2 exp sin atan")]
    [InlineData("coroutine", "resume yield status wrap create running")]
    [InlineData("bit", "band rshift bor bnot bswap bxor tobit ror lshift tohex rol arshift")]
    [InlineData("struct", "pack size unpack")]
    [InlineData("cjson", "_NAME encode decode_max_depth _VERSION decode_invalid_numbers encode_keep_buffer null encode_number_precision new "
        + "encode_max_depth encode_invalid_numbers decode encode_sparse_array")]
    [InlineData("cmsgpack", "_DESCRIPTION pack _NAME unpack _COPYRIGHT _VERSION unpack_one unpack_limit")]
    [InlineData("os", "clock")]
    public void Members_come_in_the_order_of_redis(string library, string members)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(members, runner.Run($"local t = {{}} for k in pairs({library}) do t[#t + 1] = k end return table.concat(t, ' ')"));
    }
}
