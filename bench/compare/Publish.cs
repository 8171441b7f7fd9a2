using System.Diagnostics;

namespace MiniRedis.Compare;

/// <summary>Builds what users run: the published server.</summary>
static class Publish
{
    /// <summary>Publishes src/Server of the repository above this program. Returns the command that starts it.</summary>
    public static string ThisRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "MiniRedis.sln"))) folder = folder.Parent;
        if (folder is null) throw new DirectoryNotFoundException("No MiniRedis.sln above this program; say --server.");
        var output = Path.Combine(Path.GetTempPath(), "miniredis-compare");
        using var publish = Process.Start(new ProcessStartInfo("dotnet", ["publish", Path.Combine(folder.FullName, "src", "Server"), "-c", "Release", "-o", output])
        {
            RedirectStandardOutput = true,
        })!;
        var text = publish.StandardOutput.ReadToEnd();
        publish.WaitForExit();
        if (publish.ExitCode != 0) throw new InvalidOperationException(text);
        return Path.Combine(output, OperatingSystem.IsWindows() ? "miniredis.exe" : "miniredis");
    }
}
