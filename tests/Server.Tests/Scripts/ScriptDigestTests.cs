using System.Security.Cryptography;
using System.Text;
using MiniRedis.Server.Scripts;

namespace MiniRedis.Server.Tests.Scripts;

public class ScriptDigestTests
{
    [Fact]
    public void It_is_sha_1_at_every_length_around_a_block()
    {
        for (var length = 0; length < 200; length++)
        {
            var text = Encoding.ASCII.GetBytes(new string('x', length));
            var digest = new byte[ScriptDigest.TextBytes];
            ScriptDigest.Of(text).Format(digest);
#pragma warning disable CA5350 // That is what it is compared with.
            Assert.Equal(Convert.ToHexStringLower(SHA1.HashData(text)), Encoding.ASCII.GetString(digest));
#pragma warning restore CA5350
        }
    }

    [Theory]
    [InlineData("A9993E364706816ABA3E25717850C26C9CD0D89D", true)]
    [InlineData("a9993e364706816aba3e25717850c26c9cd0d89d", true)]
    [InlineData("a9993e364706816aba3e25717850c26c9cd0d89", false)]
    [InlineData("a9993e364706816aba3e25717850c26c9cd0d89g", false)]
    public void A_digest_is_read_in_any_case(string text, bool isDigest)
    {
        Assert.Equal(isDigest, ScriptDigest.TryParse(Encoding.ASCII.GetBytes(text), out var digest));
        if (isDigest) Assert.Equal(ScriptDigest.Of("abc"u8), digest);
    }
}
