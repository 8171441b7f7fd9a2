using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Files;

/// <summary>
/// The <c>dir</c> directive. Redis changes the process's directory. Here the directory is a value, against which
/// <see cref="PersistenceSettings.PathOf"/> resolves every relative path: two servers can live in one process (in tests), and
/// rolling back a CONFIG SET leaves nothing behind.
/// </summary>
internal static class WorkingDirectory
{
    public static string? Parse(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args.Length != 1) return ConfigErrors.WrongNumberOfArguments;
        if (args[0].Length == 0) return ConfigErrors.Empty("dir");
        var path = config.Persistence.PathOf(args[0]);
        if (!Directory.Exists(path)) return File.Exists(path) ? ConfigErrors.NotADirectory : ConfigErrors.NoSuchDirectory;
        config.Persistence.Dir = ConfigText.FromUnicode(path);
        return null;
    }

    /// <summary>Always absolute, and always written: the next start may have another directory.</summary>
    public static IEnumerable<(string Line, bool Force)> Rewrite(ServerConfig config) =>
        [("dir " + ConfigLine.Quote(config.Persistence.Dir), true)];
}
