using System.Reflection;

namespace MiniRedis.Profile;

/// <summary>From what the JIT has counted to what the ahead-of-time compiler reads.</summary>
static class Conversion
{
    /// <summary>
    /// A method none of whose counters came so far is not on the way of commands: starting, for example. The compiler judges better
    /// by itself what happens once.
    /// </summary>
    const long Hot = 1_000;

    /// <returns>How many methods are in the profile, and how many that should be are not.</returns>
    public static (int Added, int Left) Write(IEnumerable<string> lines, string path)
    {
        var finder = new MethodFinder(((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(file => Assembly.Load(Path.GetFileNameWithoutExtension(file))));
        var writer = new ProfileWriter(Path.GetFileName(path));
        var hottest = new Dictionary<MethodBase, MethodCounts>();
        var left = 0;
        foreach (var counts in ProfileText.Read(lines))
        {
            if (counts.Most < Hot) continue;
            var methods = finder.Find(counts);
            if (methods.Count == 0) left++;
            foreach (var method in methods)
            {
                // The counts of a generic method do not say of which instantiation they are.
                if (!hottest.TryGetValue(method, out var other) || other.Most < counts.Most) hottest[method] = counts;
            }
        }
        foreach (var (method, counts) in hottest.OrderBy(e => $"{e.Value.Name} {e.Value.Signature} {e.Key}", StringComparer.Ordinal))
        {
            if (!writer.TryAdd(method, counts)) left++;
        }
        writer.Save(path);
        return (writer.Count, left);
    }
}
