namespace MiniRedis.Compat.Tests;

/// <summary>Runs parts of bench/compare, tiny, so that they do not rot. What they measure in so short a time says nothing.</summary>
public sealed class CompareTests
{
    [ToolFact("redis-server", "redis-server")]
    public async Task The_append_only_file_is_measured_with_each_policy()
    {
        var output = await Run("aof");
        Assert.Contains("appendfsync everysec", output, StringComparison.Ordinal);
        Assert.Contains("appendfsync always", output, StringComparison.Ordinal);
        Assert.Equal(4, output.Split("set P=").Length - 1);
    }

    static Task<string> Run(string part) => Tool.Run("dotnet",
    [
        InThisFolder("MiniRedis.Compare.dll"), "--server", $"dotnet {InThisFolder("miniredis.dll")}", "--only", part, "--rounds", "1", "--scale", "0.001",
    ]);

    static string InThisFolder(string name) => Path.Combine(AppContext.BaseDirectory, name);
}
