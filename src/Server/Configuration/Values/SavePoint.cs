using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Values;

/// <summary>Snapshot after <paramref name="Seconds"/> if at least <paramref name="Changes"/> changes were made.</summary>
internal readonly record struct SavePoint(long Seconds, int Changes)
{
    public static string? Parse(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args is [""])
        {
            config.Persistence.SavePoints = [];
            args = [];
        }
        if (args.Length % 2 != 0) return ConfigErrors.InvalidSave;
        var points = new List<SavePoint>();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!ConfigNumber.TryParseLenient(args[i], out var seconds) || seconds < 1) return ConfigErrors.InvalidSave;
            if (!ConfigNumber.TryParseLenient(args[i + 1], out var changes) || changes < 0) return ConfigErrors.InvalidSave;
            points.Add(new SavePoint(seconds, (int)Math.Min(changes, int.MaxValue)));
        }
        // In a file the first line replaces the defaults and each further line adds to it; CONFIG SET always replaces.
        if (readingFile && config.Persistence.SavePointsAreFromFile) points.InsertRange(0, config.Persistence.SavePoints);
        config.Persistence.SavePointsAreFromFile |= readingFile;
        config.Persistence.SavePoints = [.. points];
        return null;
    }

    public static string Format(ServerConfig config) => string.Join(' ', config.Persistence.SavePoints.Select(p => p.ToString()));

    /// <summary>
    /// One line for each point, and one for none: without it the next start would use the defaults. A Sentinel saves nothing.
    /// </summary>
    public static IEnumerable<(string Line, bool Force)> Rewrite(ServerConfig config) =>
        config switch
        {
            { SentinelMode: true } => [],
            { Persistence.SavePoints: [] } => [("save \"\"", true)],
            _ => config.Persistence.SavePoints.Select(p => ($"save {p}", true)),
        };

    public override string ToString() => $"{ConfigNumber.Text(Seconds)} {ConfigNumber.Text(Changes)}";
}
