using System.Text;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Tests.Files;

public class ArgumentBytesTests
{
    [Fact]
    public void The_last_words_of_the_command_line_are_the_arguments_byte_by_byte()
    {
        var line = Encoding.Latin1.GetBytes("dotnet\0miniredis.dll\0--dir\0/tmp/\xE4\xC3\xA4\0\0");
        var args = ArgumentBytes.Restore(["--dir", "/tmp/\uFFFDä", ""], line);
        Assert.Equal(["--dir", "/tmp/\uDCE4ä", ""], args);
        Assert.Equal(Encoding.Latin1.GetBytes("/tmp/\xE4\xC3\xA4"), FileNames.ToBytes(args[1]));
    }

    [Fact]
    public void Arguments_stay_as_they_are_if_the_line_does_not_have_them_or_nothing_is_wrong_with_them()
    {
        string[] args = ["a", "\uFFFD"], plain = ["ä", "b"];
        Assert.Same(args, ArgumentBytes.Restore(args, "a\0"u8));
        Assert.Same(plain, ArgumentBytes.Restore(plain));
    }
}
