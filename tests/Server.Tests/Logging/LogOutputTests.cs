using System.Text;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Tests.Logging;

public sealed class LogOutputTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-log-");

    public void Dispose() => _directory.Delete(recursive: true);

    string PathOf(string name) => Path.Combine(_directory.FullName, name);

    static string Notice(string text) => $"! {text}\n";

    /// <summary>Takes nothing while it is full.</summary>
    sealed class Disk : MemoryStream
    {
        public bool IsFull { get; set; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (IsFull) throw new IOException("No space left on device");
            base.Write(buffer);
        }

        public string Text => Encoding.UTF8.GetString(ToArray());
    }

    [Fact]
    public void Lines_lost_on_a_full_disk_are_counted_and_told_once_when_there_is_room()
    {
        var disk = new Disk();
        using var output = LogOutput.ToStream(disk);
        output.Write("one\n", Notice);
        disk.IsFull = true;
        for (var i = 0; i < 7; i++) output.Write("lost\n", Notice);
        Assert.Equal(7, output.Lost);
        disk.IsFull = false;
        output.Write("two\n", Notice);
        output.Write("three\n", Notice);
        Assert.Equal("one\n! 7 lines of the log were lost: No space left on device\ntwo\nthree\n", disk.Text);
        Assert.Equal(0, output.Lost);
    }

    [Fact]
    public void A_full_device_as_the_log_file_is_lived_with()
    {
        using var output = LogOutput.ToFile("/dev/full");
        output.Write("lost\n", Notice);
        output.Reopen();
        output.Write("lost\n", Notice);
        Assert.Equal(2, output.Lost);
    }

    [Fact]
    public void A_log_that_was_rotated_goes_on_under_its_name_without_being_asked()
    {
        using var output = LogOutput.ToFile(PathOf("log"));
        output.Write("one\n", Notice);
        File.Move(PathOf("log"), PathOf("log.1"));
        output.Write("two\n", Notice);
        File.Delete(PathOf("log"));
        output.Write("three\n", Notice);
        Assert.Equal("one\n", File.ReadAllText(PathOf("log.1")));
        Assert.Equal("three\n", File.ReadAllText(PathOf("log")));
    }

    [Fact]
    public void Where_the_new_log_cannot_be_opened_the_old_one_goes_on()
    {
        using var output = LogOutput.ToFile(PathOf("log"));
        File.Move(PathOf("log"), PathOf("log.1"));
        Directory.CreateDirectory(PathOf("log"));
        output.Write("one\n", Notice);
        output.Reopen();
        output.Write("two\n", Notice);
        Assert.Equal("one\ntwo\n", File.ReadAllText(PathOf("log.1")));
        Assert.Equal(0, output.Lost);
    }
}
