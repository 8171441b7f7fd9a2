using System.Reflection;
using System.Text;

namespace MiniRedis.Resp.Tests;

public class ErrorsTests
{
    private delegate ReadOnlySpan<byte> Text();

    [Fact]
    public void Every_text_starts_with_its_code_and_is_one_line()
    {
        int count = 0;
        foreach (PropertyInfo property in typeof(Errors).GetProperties(BindingFlags.Public | BindingFlags.Static))
        {
            string text = Encoding.UTF8.GetString(property.GetMethod!.CreateDelegate<Text>()());
            string code = text.Split(' ')[0];
            Assert.True(code.Length > 2 && code.All(char.IsAsciiLetterUpper), property.Name + ": " + text);
            Assert.DoesNotContain('\n', text);
            Assert.DoesNotContain("  ", text, StringComparison.Ordinal);
            count++;
        }

        Assert.True(count > 100);
    }

    [Theory]
    [InlineData("FOO", "ERR unknown command 'FOO', with args beginning with: ")]
    [InlineData("FOO a b", "ERR unknown command 'FOO', with args beginning with: 'a' 'b' ")]
    public void An_unknown_command_is_quoted_with_its_arguments(string request, string expected) =>
        Assert.Equal(expected, Unknown(request.Split(' ')));

    [Fact]
    public void What_an_unknown_command_quotes_is_cut_at_128_bytes_and_at_a_NUL()
    {
        string x(int n) => new('x', n);
        Assert.Equal($"ERR unknown command '{x(128)}', with args beginning with: ", Unknown([x(200)]));
        Assert.Equal($"ERR unknown command 'F', with args beginning with: '{x(128)}' ", Unknown(["F", x(200), "y"]));
        Assert.Equal($"ERR unknown command 'F', with args beginning with: '{x(126)}' ", Unknown(["F", x(126), "y", "z"]));
        Assert.Equal($"ERR unknown command 'F', with args beginning with: '{x(124)}' 'y' ", Unknown(["F", x(124), "yz", "z"]));
        Assert.Equal("ERR unknown command 'F', with args beginning with: 'a' ", Unknown(["F", "a\0b"]));
    }

    [Fact]
    public void Formatted_texts_read_as_those_of_Redis()
    {
        Assert.Equal("ERR wrong number of arguments for 'object|encoding' command", Errors.WrongArity("object|encoding"));
        Assert.Equal("ERR invalid expire time in 'set' command", Errors.InvalidExpireTime("set"));
        Assert.Equal("ERR unknown subcommand 'FOO'. Try CLIENT HELP.", Latin1(Errors.UnknownSubcommand("FOO"u8, "CLIENT")));
        Assert.Equal("ERR Unsupported option FOO", Latin1(Errors.UnsupportedOption("FOO"u8)));
        Assert.Equal("ERR Unknown client type 'foo'", Latin1(Errors.UnknownClientType("foo"u8)));
        Assert.Equal("ERR lib-name cannot contain spaces, newlines or special characters.", Latin1(Errors.ClientAttribute("lib-name"u8)));
        Assert.Equal("ERR Unknown option or number of arguments for CONFIG SET - 'nope'", Errors.UnknownConfig("nope"));
        Assert.Equal("ERR value is out of range, value must between 1 and 9", Errors.NotBetween(1, 9));
    }

    private static string Unknown(string[] words)
    {
        var args = new ArgBuffer();
        args.Begin();
        foreach (string word in words) args.Add(Encoding.Latin1.GetBytes(word));
        return Latin1(Errors.UnknownCommand(args.Build()));
    }

    private static string Latin1(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
