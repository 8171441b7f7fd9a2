using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Configuration.Files;

/// <summary>A directive line that is no value of <see cref="ServerConfig"/>; another part of the server reads it.</summary>
/// <param name="Words">All words of the line, the directive's name (lower case) first.</param>
internal sealed record ConfigDeclaration(string[] Words, string Source, int Line);

/// <summary>
/// Checks that need the rest of the server, so that a wrong line is reported with its number. Each returns null or a text.
/// </summary>
internal sealed class ConfigLoadHooks
{
    /// <summary>rename-command OLD NEW; NEW may be empty.</summary>
    public Func<string, string, string?>? RenameCommand { get; init; }
}

/// <summary>The part of the files that did not go into <see cref="ServerConfig"/>.</summary>
internal sealed class LoadedConfig
{
    /// <summary>rename-command, in order.</summary>
    public List<(string From, string To)> RenamedCommands { get; } = [];

    /// <summary>user lines, each without the word "user", in order.</summary>
    public List<ConfigDeclaration> Users { get; } = [];

    /// <summary>sentinel lines with more than one word, in order; refused unless the server is a Sentinel.</summary>
    public List<ConfigDeclaration> Sentinel { get; } = [];

    /// <summary>Notes about it for the log.</summary>
    public List<string> Notes { get; } = [];
}

/// <summary>
/// The configuration cannot be read. <see cref="Exception.Message"/> is printed before the process ends with status 1.
/// </summary>
internal sealed class ConfigFileException(string report) : Exception(report);

/// <summary>Reads redis.conf syntax into a <see cref="ServerConfig"/>: one directive for each line, later lines win.</summary>
internal sealed class ConfigFile
{
    /// <summary>Deeper nesting means a file that includes itself. Redis recurses until its stack overflows.</summary>
    const int MaxIncludeDepth = 16;

    const string CommandLine = "the command line";

    readonly ServerConfig _config;
    readonly ConfigLoadHooks _hooks;
    readonly LoadedConfig _loaded = new();

    ConfigFile(ServerConfig config, ConfigLoadHooks hooks) => (_config, _hooks) = (config, hooks);

    /// <summary>Reads the file, then standard input, then the options, as the command line names them.</summary>
    /// <exception cref="ConfigFileException"/>
    public static LoadedConfig Load(ServerConfig config, CommandLineConfig commandLine, TextReader? stdin = null,
        ConfigLoadHooks? hooks = null)
    {
        if (commandLine.SentinelMode) config.BecomeSentinel();
        var segments = new List<Segment>();
        if (commandLine.File is { } file) segments.AddRange(ReadFiles(config, file));
        if (commandLine.FromStandardInput)
            segments.Add(new Segment("standard input", ConfigText.FromUnicode((stdin ?? Console.In).ReadToEnd())));
        if (commandLine.Options.Length > 0) segments.Add(new Segment(CommandLine, commandLine.Options));
        return Load(config, segments, hooks ?? new ConfigLoadHooks());
    }

    /// <summary>Reads text; <paramref name="source"/> names it in errors.</summary>
    /// <exception cref="ConfigFileException"/>
    public static LoadedConfig LoadText(ServerConfig config, string text, string source = "text",
        ConfigLoadHooks? hooks = null) =>
        Load(config, [new Segment(source, text)], hooks ?? new ConfigLoadHooks());

    readonly record struct Segment(string Source, string Text);

    static LoadedConfig Load(ServerConfig config, List<Segment> segments, ConfigLoadHooks hooks)
    {
        var reader = new ConfigFile(config, hooks);
        reader.Read(segments, depth: 0);
        reader.CheckTogether();
        return reader._loaded;
    }

    void Read(List<Segment> segments, int depth)
    {
        // Redis reads all as one text with a line feed before the options, and counts its lines. Our errors name the source too.
        var before = 0;
        foreach (var (source, text) in segments)
        {
            if (source == CommandLine) before++;
            var lines = text.Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                var line = lines[i].Trim(' ', '\t', '\r', '\n');
                if (line.Length == 0 || line[0] == '#') continue;
                if (ReadLine(line, source, i + 1, depth) is { } error)
                    throw ConfigFileReport.ForLine(before + i + 1, line, error, source, i + 1);
            }
            before += lines.Length - 1;
        }
    }

    string? ReadLine(string line, string source, int number, int depth)
    {
        if (ConfigLine.Split(line) is not { } words) return ConfigErrors.UnbalancedQuotes;
        if (words.Length == 0) return null;
        words[0] = words[0].ToLowerInvariant();
        if (ConfigTable.Find(words[0]) is { } directive) return Set(directive, words.AsSpan(1));
        if (words.Length == 2 && ConfigTable.IsRetired(words[0])) return null;
        switch (words)
        {
            case ["include", var path]:
                if (depth == MaxIncludeDepth) return $"include is nested deeper than {MaxIncludeDepth} files";
                Read(ReadFiles(_config, path), depth + 1);
                return null;
            case ["rename-command", var from, var to]:
                if (_hooks.RenameCommand?.Invoke(from, to) is { } refused) return refused;
                _loaded.RenamedCommands.Add((from, to));
                return null;
            case ["user", _, ..]:
                _loaded.Users.Add(new ConfigDeclaration(words[1..], source, number));
                return null;
            case ["sentinel"]:
                return null;
            case ["sentinel", ..]:
                if (!_config.SentinelMode) return ConfigErrors.SentinelOnly;
                _loaded.Sentinel.Add(new ConfigDeclaration(words, source, number));
                return null;
            case ["loadmodule", _, ..]:
                return ConfigErrors.NoModules;
            default:
                return words[0].Contains('.', StringComparison.Ordinal)
                    ? ConfigErrors.NoModules : ConfigFileReport.BadDirective(words[0]);
        }
    }

    string? Set(Directive directive, ReadOnlySpan<string> args)
    {
        if (!directive.Is(DirectiveFlags.MultiArg))
            return args.Length == 1 ? directive.Set(_config, args, readingFile: true) : ConfigErrors.WrongNumberOfArguments;
        // One quoted argument may hold all words: --save "900 1 300 10".
        if (args.Length == 1 && args[0].Length > 0) args = ConfigLine.Split(args[0]) ?? [];
        return directive.Set(_config, args, readingFile: true);
    }

    /// <summary>A path without wildcards must exist; a pattern may match nothing, so that an empty conf.d is fine.</summary>
    static List<Segment> ReadFiles(ServerConfig config, string pattern)
    {
        var segments = new List<Segment>();
        foreach (var path in ConfigGlob.Expand(config.Persistence.PathOf(pattern)))
        {
            try
            {
                segments.Add(new Segment(path, ConfigText.FromBytes(Disk.ReadAll(path))));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ConfigFileException($"Fatal error, can't open config file '{path}': {DiskException.Describe(e)}");
            }
        }
        return segments;
    }

    /// <summary>Checks that need all directives.</summary>
    void CheckTogether()
    {
        if (_config.Logging.LogFile.Length > 0)
        {
            var path = _config.Persistence.PathOf(_config.Logging.LogFile);
            try
            {
                DiskFile.Open(path, DiskFileMode.Append).Dispose();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw ConfigFileReport.ForWhole(ConfigErrors.CannotOpenLog(DiskException.Describe(e)));
            }
        }
        if (!_config.Cluster.ClusterEnabled) return;
        if (_config.Replication.ReplicaOf is not null) throw ConfigFileReport.ForWhole(ConfigErrors.ReplicaOfInCluster);
        var (databases, ofCluster) = (_config.Process.Databases, _config.Cluster.ClusterDatabases);
        if (databases > ofCluster)
        {
            var (from, to) = (ConfigNumber.Text(databases), ConfigNumber.Text(ofCluster));
            _loaded.Notes.Add($"WARNING: Changing databases number from {from} to {to} since we are in cluster mode");
        }
        _config.Process.Databases = ofCluster;
    }
}
