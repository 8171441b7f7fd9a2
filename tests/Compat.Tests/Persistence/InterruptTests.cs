using System.Diagnostics;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>Ctrl+C, once and twice. Linux and macOS: there is no sending it elsewhere.</summary>
public sealed class InterruptTests
{
    static readonly string[] s_slowSaving = ["--save", "900 1", "--rdb-key-save-delay", "1000000"];

    static MortalServer WithKeys(int count, params string[] directives) => Filled(new(directives), count);

    static MortalServer Filled(MortalServer server, int count)
    {
        server.Start();
        using var client = server.Connect();
        for (var i = 0; i < count; i++) Assert.Equal("+OK", client.Call($"SET key:{i} {i}"));
        return server;
    }

    static string[] FilesOf(MortalServer server, string pattern) => Directory.GetFiles(server.Folder, pattern);

    [Fact]
    public void Once_it_saves_and_ends()
    {
        if (OperatingSystem.IsWindows()) return;
        using var server = WithKeys(3, "--save", "900 1");
        server.Interrupt();
        Assert.Equal(0, server.ExitCode());
        Assert.Single(FilesOf(server, "dump.rdb"));
    }

    [Fact]
    public void It_ends_a_server_too_that_was_started_with_the_signal_ignored()
    {
        if (OperatingSystem.IsWindows()) return;
        using var server = Filled(new MortalServer("--save", "900 1") { InBackground = true }, 3);
        server.Interrupt();
        Assert.Equal(0, server.ExitCode());
        Assert.Single(FilesOf(server, "dump.rdb"));
    }

    [Fact]
    public void Twice_it_ends_at_once_and_leaves_no_half_a_file()
    {
        if (OperatingSystem.IsWindows()) return;
        using var server = WithKeys(60, s_slowSaving);
        server.Interrupt();
        for (var patience = Stopwatch.StartNew(); FilesOf(server, "temp-*.rdb").Length == 0; Thread.Yield())
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(10), "nothing is saved");
        server.Interrupt();
        Assert.Equal(1, server.ExitCode());
        Assert.Empty(FilesOf(server, "*.rdb"));
    }
}
