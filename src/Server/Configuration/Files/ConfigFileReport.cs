using MiniRedis.Server.Configuration.Directives;

namespace MiniRedis.Server.Configuration.Files;

/// <summary>The report of a configuration that cannot be read: Redis's four lines, and where to look.</summary>
internal static class ConfigFileReport
{
    /// <summary>The version of Redis whose configuration this server reads. Redis prints its own version here.</summary>
    const string Version = "7.4.0";

    /// <summary>A misspelling differs by at most this many edits. A guess beyond that would be noise.</summary>
    const int MaxEdits = 3;

    public static ConfigFileException ForLine(int lineOverall, string line, string reason, string source, int lineInSource) =>
        new(
        $"""

        *** FATAL CONFIG FILE ERROR (Redis {Version}) ***
        Reading the configuration file, at line {ConfigNumber.Text(lineOverall)}
        >>> '{ConfigText.ToUnicode(line)}'
        {reason}
        (line {ConfigNumber.Text(lineInSource)} of {source})
        """);

    /// <summary>A user line, of which only the name is shown: its rules may hold passwords.</summary>
    public static ConfigFileException ForUser(string name, string reason, ConfigDeclaration line) =>
        new(
        $"""

        *** FATAL CONFIG FILE ERROR (Redis {Version}) ***
        Error in user declaration '{ConfigText.ToUnicode(name)}': {reason}
        (line {ConfigNumber.Text(line.Line)} of {line.Source})
        """);

    public static ConfigFileException ForWhole(string reason) => new(
        $"""

        *** FATAL CONFIG FILE ERROR (Redis {Version}) ***
        {reason}
        """);

    public static string BadDirective(string name)
    {
        // The name exists but has the wrong number of words: there is nothing to suggest.
        if (ConfigTable.FileOnly.Contains(name)) return ConfigErrors.BadDirective;
        var known = ConfigTable.All.SelectMany(d => new[] { d.Name, d.Alias }).OfType<string>().Concat(ConfigTable.FileOnly);
        var (nearest, edits) = known.Select(k => (k, Distance(name, k))).MinBy(p => p.Item2);
        return edits <= Math.Min(MaxEdits, name.Length / 2)
            ? $"{ConfigErrors.BadDirective} (did you mean '{nearest}'?)" : ConfigErrors.BadDirective;
    }

    /// <summary>
    /// Levenshtein distance: insertions, deletions and substitutions from <paramref name="a"/> to <paramref name="b"/>.
    /// </summary>
    static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.Length];
    }
}
