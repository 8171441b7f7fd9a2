using System.Diagnostics;

namespace MiniRedis.Compare;

/// <summary>Builds what users run: the published server.</summary>
static class Publish
{
    /// <summary>Publishes src/Server of the repository above this program. Returns the command that starts it.</summary>
    public static string ThisRepository()
    {
        var output = Path.Combine(Path.GetTempPath(), "miniredis-compare");
        using var publish = Process.Start(new ProcessStartInfo("dotnet", ["publish", Path.Combine(Repository(), "src", "Server"), "-c", "Release", "-o", output])
        {
            RedirectStandardOutput = true,
        })!;
        var text = publish.StandardOutput.ReadToEnd();
        publish.WaitForExit();
        if (publish.ExitCode != 0) throw new InvalidOperationException(text);
        return Path.Combine(output, OperatingSystem.IsWindows() ? "miniredis.exe" : "miniredis");
    }

    /// <summary>The folder above this program that holds the solution.</summary>
    public static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "MiniRedis.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("No MiniRedis.sln above this program; of bench/compare, say --server.");
        return folder.FullName;
    }
}
