using System.Text.RegularExpressions;

namespace MiniRedis.Server.Tests;

/// <summary>Rules about the source itself, so that they hold without anyone having to remember them.</summary>
public partial class TidyTests
{
    /// <summary>
    /// Lines a file may have before its reader needs a reason. Those that have one stand in <see cref="s_longFiles"/>.
    /// </summary>
    const int MostLines = 420;

    /// <summary>.editorconfig asks for 130 columns; what a signature or an error text needs beyond is bounded here.</summary>
    const int LongestLine = 150;

    static readonly Dictionary<string, string> s_longFiles = [];

    static readonly string s_root = FindRoot();

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "MiniRedis.sln"))) folder = folder.Parent;
        return folder.FullName;
    }

    static IEnumerable<string> Sources(string below) =>
        Directory.EnumerateFiles(Path.Combine(s_root, below), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [Fact]
    public void Files_are_short_or_have_a_reason() => Assert.Empty(
        from file in Sources("src")
        let name = Path.GetFileName(file)
        let lines = File.ReadLines(file).Count()
        where lines > MostLines && !s_longFiles.ContainsKey(name)
        select $"{name}: {lines} lines");

    [Fact]
    public void Lines_fit_the_editorconfig() => Assert.Empty(
        from file in Sources("src")
        from line in File.ReadLines(file).Select((text, index) => (text, index))
        where line.text.Length > LongestLine
        select $"{Path.GetFileName(file)}:{line.index + 1}: {line.text.Length} characters");

    [Theory]
    [InlineData("Resp", "MiniRedis.Storage", "MiniRedis.Cluster", "MiniRedis.Server", "System.Net.Sockets")]
    [InlineData("Storage", "MiniRedis.Cluster", "MiniRedis.Server", "System.Net")]
    [InlineData("Scripting", "MiniRedis.Storage", "MiniRedis.Cluster", "MiniRedis.Server", "System.Net")]
    [InlineData("Cluster", "MiniRedis.Server", "System.Net.Sockets", "System.Threading")]
    public void Nothing_calls_upward(string layer, params string[] above) => Assert.Empty(
        from file in Sources(Path.Combine("src", layer))
        from line in File.ReadLines(file)
        where line.StartsWith("using ", StringComparison.Ordinal)
        where above.Any(a => line.Contains(a + ";", StringComparison.Ordinal) || line.Contains(a + ".", StringComparison.Ordinal))
        select $"{Path.GetFileName(file)}: {line}");

    /// <summary>Files that comments and documents point to: a reader who follows must find them.</summary>
    [Fact]
    public void Every_source_file_that_is_named_exists()
    {
        string[] places = ["src", "tests", "bench"];
        var names = places.SelectMany(Sources).Select(Path.GetFileName).ToHashSet();
        var pages = Directory.EnumerateFiles(Path.Combine(s_root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(s_root, "*.md"));
        Assert.Empty(
            from file in places.SelectMany(Sources).Concat(pages)
            from line in File.ReadLines(file)
            where file.EndsWith(".md", StringComparison.Ordinal) || line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            from Match named in SourceFile().Matches(line)
            where !names.Contains(named.Groups[1].Value)
            select $"{Path.GetFileName(file)} names {named.Groups[1].Value}");
    }

    [Fact]
    public void No_open_ends_are_left_in_the_source() => Assert.Empty(
        from file in Sources("src").Concat(Sources("bench"))
        from line in File.ReadLines(file)
        where OpenEnd().IsMatch(line)
        select $"{Path.GetFileName(file)}: {line.Trim()}");

    /// <summary>
    /// The shared pool keeps what it was given for ever and counts it nowhere, so what a client decides the length of is not taken from it.
    /// Those who may say in their files up to where they do, or rent what the server itself has written.
    /// </summary>
    [Fact]
    public void Nobody_rents_what_a_client_decides_the_length_of() => Assert.Equal(
        ["KeyExtractor.cs", "RdbInput.cs", "RdbWriter.cs", "ReplyWriter.Strings.cs"],
        from file in Sources("src")
        where File.ReadLines(file).Any(line => line.Contains("ArrayPool<", StringComparison.Ordinal))
        orderby Path.GetFileName(file)
        select Path.GetFileName(file));

    /// <summary>A whole name; what is abbreviated (".Memory.cs") or stands for many ("*.cs") is none.</summary>
    [GeneratedRegex(@"(?<![\w.*>])([A-Z]\w*(?:\.\w+)*\.cs)\b")]
    private static partial Regex SourceFile();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex OpenEnd();
}
