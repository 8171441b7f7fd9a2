using System.Text.RegularExpressions;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Tests.Files;

public class FileNamesTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("caf\u00c3\u00a9", "caf\u00e9")]
    [InlineData("\u00f0\u009f\u0090\u00a6", "\U0001F426")]
    [InlineData("caf\u00e9", "caf~e9")]
    [InlineData("\u00c3\u00ff/\u00e2\u0082", "~c3~ff/~e2~82")]
    // The bytes that would be a surrogate by themselves are no UTF-8 either.
    [InlineData("\u00ed\u00b3\u00a9", "~ed~b3~a9")]
    public void Bytes_that_are_no_text_survive_in_a_path(string bytes, string text)
    {
        var name = System.Text.Encoding.Latin1.GetBytes(bytes);
        // "~e9" is the surrogate of that byte, which an attribute cannot hold.
        text = Regex.Replace(text, "~(..)", found => ((char)(0xDC00 + Convert.ToInt32(found.Groups[1].Value, 16))).ToString());
        Assert.Equal(text, FileNames.FromBytes(name));
        Assert.Equal(name, FileNames.ToBytes(text));
    }

    [Fact]
    public void Every_pair_of_bytes_survives()
    {
        for (var i = 1; i < 256; i++)
        {
            for (var j = 1; j < 256; j++)
            {
                byte[] name = [(byte)i, (byte)j];
                Assert.Equal(name, FileNames.ToBytes(FileNames.FromBytes(name)));
            }
        }
    }

    [Fact]
    public void A_name_with_a_zero_byte_reaches_no_call() =>
        Assert.Equal("Invalid argument", Assert.Throws<DiskException>(() => FileNames.ToCall("a\0b")).Message);
}
