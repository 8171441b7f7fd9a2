namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>A start in a directory that was deleted under the shell.</summary>
public sealed class LostDirectoryTests
{
    const string Gone = "The working directory is not there any more (No such file or directory), and \"dir\" names no other for the data\n";

    [Theory]
    [InlineData("--save ''", Gone)]
    [InlineData("some.conf", "Can't open the config file some.conf: the working directory is not there any more (No such file or directory)\n")]
    [InlineData("--dir /nowhere/at/all", "No such file or directory\n(line 1 of the command line)\n")]
    public async Task Is_refused_with_the_reason(string arguments, string reason)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only there a directory can be deleted that is somebody's");
        var (code, output, error) = await Start(arguments);
        Assert.EndsWith(reason, error);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Equal((1, ""), (code, output));
    }

    [Fact]
    public async Task Serves_where_a_directory_for_the_data_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only there a directory can be deleted that is somebody's");
        // It gets so far as to look at its port.
        var (_, output, _) = await Start($"--dir {Path.GetTempPath()} --port 0");
        Assert.Contains("Configured to not listen anywhere, exiting.", output, StringComparison.Ordinal);
    }

    static Task<(int Code, string Output, string Error)> Start(string arguments)
    {
        var server = Path.Combine(AppContext.BaseDirectory, "miniredis.dll");
        string[] words = ["-c", $"d=$(mktemp -d) && cd \"$d\" && rmdir \"$d\" && exec dotnet \"$1\" {arguments}", "sh", server];
        return Tool.Try("/bin/sh", words);
    }
}
