namespace MiniRedis.Scripting.Tests.Libraries;

public class StructTests
{
    /// <summary>Bytes as hexadecimal, so that a line shows them.</summary>
    const string Hex = "local function hex(s) return (s:gsub('.', function(c) return string.format('%02x', c:byte()) end):gsub('%z', '00')) end ";

    [Theory]
    [InlineData("'bBhH', -1, 255, -2, 65535", "fffffeffffff")]
    [InlineData("'>I2I4', 258, 16909060", "010201020304")]
    [InlineData("'<I3>I3', 66051, 66051", "030201010203")]
    [InlineData("'l', -1", "ffffffffffffffff")]
    [InlineData("'>i16', -1", "0000000000000000ffffffffffffffff")]
    [InlineData("'!bi', 1, 2", "0100000002000000")]
    [InlineData("'!4bd', 1, 1", "01000000000000000000f03f")]
    [InlineData("'!8bxh', 1, 2", "01000200")]
    [InlineData("'>fd', 1.5, -2", "3fc00000c000000000000000")]
    [InlineData("'c3', 'abcdef'", "616263")]
    [InlineData("'Bc0', 3, 'abc'", "03616263")]
    [InlineData("'s', 'hi'", "686900")]
    [InlineData("'T', 2^64", "0000000000000000")]
    [InlineData("'T', 2^63", "0000000000000080")]
    [InlineData("'', 1", "")]
    public void Packing_gives_the_bytes_of_redis(string arguments, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run($"{Hex} return hex(struct.pack({arguments}))"));
    }

    [Theory]
    [InlineData("'>I2', '\\1\\2'", "{258,3}")]
    [InlineData("'<i2', '\\255\\255'", "{-1,3}")]
    [InlineData("'<I2', '\\255\\255'", "{65535,3}")]
    [InlineData("'i3', '\\0\\0\\128'", "{-8388608,4}")]
    [InlineData("'Bc0s', '\\3abcdef\\0'", "{abc,def,9}")]
    [InlineData("'c2', 'abc', 2", "{bc,4}")]
    [InlineData("'!4 b i', '\\1\\0\\0\\0\\2\\0\\0\\0'", "{1,2,9}")]
    [InlineData("'xB', '\\1\\2'", "{2,3}")]
    [InlineData("'>fd', '\\63\\192\\0\\0\\192\\0\\0\\0\\0\\0\\0\\0'", "{1.5,-2,13}")]
    [InlineData("'', ''", "{1}")]
    public void Unpacking_gives_the_values_and_where_the_next_begin(string arguments, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run($"return {{struct.unpack({arguments})}}"));
    }

    [Theory]
    [InlineData("struct.size('!8bd>I2i8')", "32")]
    [InlineData("struct.size('c10z')", "10")]
    public void Sizes_count_the_padding(string expression, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal(expected, runner.Run("return " + expression));
    }

    [Theory]
    [InlineData("struct.pack('I33', 1)", "integral size 33 is larger than limit of 32")]
    [InlineData("struct.pack('i99999999999', 1)", "integral size overflow")]
    [InlineData("struct.pack('!3i', 1)", "alignment 3 is not a power of 2")]
    [InlineData("struct.pack('?')", "bad argument #1 to 'pack' (invalid format option '?')")]
    [InlineData("struct.pack('i')", "bad argument #2 to 'pack' (number expected, got nil)")]
    [InlineData("struct.pack('c9', 'short')", "bad argument #3 to 'pack' (string too short)")]
    [InlineData("struct.unpack('i', 'abc')", "bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("struct.unpack('i', 'abcd', 0)", "bad argument #3 to 'unpack' (offset must be 1 or greater)")]
    [InlineData("struct.unpack('i', 'abcd', -1)", "bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("struct.unpack('i', 'abcd', 2^63)", "bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("struct.unpack('c0', 'abc')", "format 'c0' needs a previous size")]
    [InlineData("struct.unpack('bc0', '\\255')", "bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("struct.unpack('s', 'abc')", "unfinished string in data")]
    [InlineData("struct.unpack(string.rep('b', 8000), string.rep('a', 8000))", "stack overflow (too many results)")]
    [InlineData("struct.size('s')", "bad argument #1 to 'size' (option 's' has no fixed size)")]
    [InlineData("struct.size('c0')", "bad argument #1 to 'size' (option 'c0' has no fixed size)")]
    public void Errors_have_the_words_of_redis(string expression, string expected)
    {
        using var runner = new ScriptRunner();
        Assert.Equal("ERR user_script:1: " + expected, runner.Run("return " + expression));
    }
}
