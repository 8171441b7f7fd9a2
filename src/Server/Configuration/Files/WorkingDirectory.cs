using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;

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
        try
        {
            switch (Disk.KindOf(path))
            {
                case PathKind.Nothing: return ConfigErrors.NoSuchDirectory;
                case PathKind.File: return ConfigErrors.NotADirectory;
            }
            // Redis changes to it, which fails where it may not be searched.
            Disk.KindOf(Path.Combine(path, "."));
        }
        catch (IOException failure)
        {
            return failure.Message;
        }
        config.Persistence.Dir = ConfigText.FromUnicode(path);
        return null;
    }

    /// <summary>Always absolute, and always written: the next start may have another directory.</summary>
    public static IEnumerable<(string Line, bool Force)> Rewrite(ServerConfig config) =>
        [("dir " + ConfigLine.Quote(config.Persistence.Dir), true)];
}
