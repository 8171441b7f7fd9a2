using MiniRedis.Server.Text;

namespace MiniRedis.Server.Configuration;

/// <summary>
/// Paths that match a pattern, as in glob(3): * ? and [] in any component, dot files only if asked for, in byte order.
/// </summary>
internal static class ConfigGlob
{
    static readonly char[] Wildcards = ['*', '?', '['];

    /// <param name="path">Absolute. Without wildcards it is returned as it is, whether it exists or not.</param>
    public static IReadOnlyList<string> Expand(string path)
    {
        if (path.IndexOfAny(Wildcards) < 0) return [path];
        var root = Path.GetPathRoot(path)!;
        IEnumerable<string> found = [root];
        foreach (var part in path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
            found = found.SelectMany(directory => Children(directory, part));
        return [.. found.Order(StringComparer.Ordinal)];
    }

    static IEnumerable<string> Children(string directory, string part)
    {
        if (part.IndexOfAny(Wildcards) < 0)
        {
            var path = Path.Combine(directory, part);
            return Path.Exists(path) ? [path] : [];
        }
        if (!Directory.Exists(directory)) return [];
        var pattern = ConfigText.ToBytes(ConfigText.FromUnicode(part));
        return Directory.EnumerateFileSystemEntries(directory).Where(entry =>
        {
            var name = Path.GetFileName(entry);
            return (name[0] != '.' || part[0] == '.')
                && Glob.IsMatch(pattern, ConfigText.ToBytes(ConfigText.FromUnicode(name)), ignoreCase: false);
        });
    }
}
