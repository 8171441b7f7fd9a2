using System.Text;
using MiniRedis.Server.Persistence.Aof;

namespace MiniRedis.Server.Tests.Persistence.Aof;

public class AofNoteTests
{
    static long LengthBefore(string file, string path) => AofNote.LengthBefore(new MemoryStream(Encoding.Latin1.GetBytes(file)), path);

    [Fact]
    public void A_note_is_read_as_it_was_written_however_long_the_name_and_the_file_are()
    {
        foreach (var name in new[] { "a", "my file", new string('n', 255) })
        {
            var note = Encoding.Latin1.GetString(AofNote.After($"/some/{name}", long.MaxValue));
            Assert.Equal($"#AFTER:9223372036854775807 {name}\r\n", note);
            Assert.Equal(long.MaxValue, LengthBefore(note, $"/other/{name}"));
            Assert.Equal(long.MaxValue, LengthBefore(note + "*1\r\n", name));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("#AFTER:10 a")]
    [InlineData("#AFTER:10 b\r\n")]
    [InlineData("#AFTER:10 ab\r\n")]
    [InlineData("#AFTER:10a\r\n")]
    [InlineData("#AFTER: a\r\n")]
    [InlineData("#BEHIND:10 a\r\n")]
    [InlineData("\r\n#AFTER:10 a\r\n")]
    public void What_is_no_note_of_the_file_says_nothing(string file) => Assert.Equal(0, LengthBefore(file, "a"));
}
