using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Files;

/// <summary>
/// The <c>dir</c> directive. Redis changes the process's directory; here the directory is a value, against which
/// <see cref="PersistenceSettings.PathOf"/> resolves every relative path, so that two servers can live in one process (tests do)
/// and a CONFIG SET that is rolled back leaves nothing behind.
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

    /// <summary>Always absolute, and always written: the next start may happen elsewhere.</summary>
    public static IEnumerable<(string Line, bool Force)> Rewrite(ServerConfig config) =>
        [("dir " + ConfigLine.Quote(config.Persistence.Dir), true)];
}
