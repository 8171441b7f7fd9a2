namespace MiniRedis.Compat.Tests.Monitoring;

/// <summary>What ps shows of a process, and what is left of its environment.</summary>
public sealed class ProcessTitleTests
{
    static string TitleOf(ServerProcess server) => File.ReadAllText($"/proc/{server.ProcessId}/cmdline").TrimEnd('\0');

    [Fact]
    public void A_title_stands_in_place_of_the_arguments_however_long_it_is()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it is Linux that shows a title");
        using var server = new ServerProcess("--requirepass", "secret");
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("AUTH secret"));
        Assert.Equal($"dotnet 127.0.0.1:{server.Port}", TitleOf(server));
        foreach (var length in (int[])[1, 100, 500, 20])
        {
            var text = new string((char)('a' + length % 26), length);
            Assert.Equal("+OK", client.Call($"CONFIG SET proc-title-template {text}"));
            Assert.Equal(text, TitleOf(server));
        }
        Assert.Equal("+OK", client.Call($"CONFIG SET proc-title-template {new string('z', 100_000)}"));
        Assert.Matches("^z{500,}$", TitleOf(server));
        Assert.StartsWith("-ERR CONFIG SET failed", client.Call("CONFIG SET proc-title-template {nothing}"));
        Assert.Equal("+PONG", client.Call("PING"));
    }

    [Fact]
    public void The_arguments_stay_if_no_title_is_wanted()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "it is Linux that shows a title");
        using var server = new ServerProcess("--set-proc-title", "no");
        Assert.Contains("--set-proc-title\0no", TitleOf(server));
    }
}
