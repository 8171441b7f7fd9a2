using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Configuration;

/// <summary>Receives the answer of CONFIG GET: first how many pairs, then each.</summary>
internal interface IConfigSink
{
    void Begin(int pairs);

    void Pair(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);
}

/// <summary>
/// Puts new values into effect after they were stored. Returns null, or why that is impossible; the former values are then
/// restored.
/// </summary>
internal delegate string? ApplyHook(ServerConfig config);

/// <summary>The circumstances that decide what a CONFIG SET may do.</summary>
/// <param name="FromLocalConnection">Loopback or unix socket: enough where enable-protected-configs is "local".</param>
/// <param name="Loading">A data set is being loaded.</param>
internal readonly record struct ConfigSetContext(bool FromLocalConnection = false, bool Loading = false);

/// <summary>CONFIG GET, SET and REWRITE over one <see cref="ServerConfig"/>. Called under the executor only.</summary>
internal sealed class ConfigService(ServerConfig config)
{
    static readonly ServerConfig Defaults = new();

    readonly Dictionary<Directive, ApplyHook> _hooks = [];

    public ServerConfig Config { get; } = config;

    /// <summary>
    /// Absolute path, as .NET wants it, of the file the server was started with; null without one, and then REWRITE is refused.
    /// Resolve it before the file is read: a "dir" line in it changes the base of relative paths.
    /// </summary>
    public string? FilePath { get; set; }

    /// <summary>
    /// Lines of REWRITE that are no directive of the table, asked for at each rewrite: ("user", "user alice on …") for every ACL
    /// user, ("sentinel monitor", "sentinel monitor mymaster …"). A group that is named without lines loses its lines in the
    /// file.
    /// </summary>
    public Func<IEnumerable<(string Option, IReadOnlyList<string> Lines)>>? OtherLines { get; set; }

    /// <summary>
    /// Runs <paramref name="hook"/> after CONFIG SET has changed one of these directives. A hook of several directives runs once
    /// for each command, and again after a rollback, when it sees the restored values. A later hook for the same name replaces
    /// the former.
    /// </summary>
    public void OnApply(ApplyHook hook, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            _hooks[ConfigTable.Find(name) ?? throw new ArgumentException($"No directive '{name}'", nameof(names))] = hook;
    }

    /// <summary>Answers CONFIG GET. Each pattern is a glob, matched against names and aliases without regard to case.</summary>
    public void Get(IReadOnlyList<byte[]> patterns, IConfigSink sink)
    {
        var found = Match(patterns);
        sink.Begin(found.Count);
        foreach (var (name, directive) in found) sink.Pair(ConfigText.ToBytes(name), ConfigText.ToBytes(directive.Get(Config)));
    }

    /// <summary>The value of one directive as CONFIG GET shows it; null if there is none of this name.</summary>
    public string? Get(string name) => ConfigTable.Find(name)?.Get(Config);

    static List<(string Name, Directive Directive)> Match(IReadOnlyList<byte[]> patterns)
    {
        var found = new List<(string, Directive)>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pattern in patterns)
        {
            // A name without a wildcard answers in the spelling of the request, even if it is hidden. A pattern matches no hidden
            // one.
            if (!pattern.AsSpan().ContainsAny("[*?"u8))
            {
                var name = ConfigText.FromBytes(pattern);
                if (ConfigTable.Find(name) is { } directive && seen.Add(name)) found.Add((name, directive));
                continue;
            }
            foreach (var directive in ConfigTable.All)
            {
                if (directive.Is(DirectiveFlags.Hidden)) continue;
                AddIfMatched(directive.Name, directive);
                if (directive.Alias is { } alias) AddIfMatched(alias, directive);
            }

            void AddIfMatched(string name, Directive directive)
            {
                if (!Glob.IsMatch(pattern, ConfigText.ToBytes(name), ignoreCase: true)) return;
                if (seen.Add(name)) found.Add((name, directive));
            }
        }
        return found;
    }

    /// <summary>
    /// Answers CONFIG SET: all pairs or none. On failure <paramref name="error"/> is the reply's text without the '-'.
    /// </summary>
    public bool TrySet(IReadOnlyList<(string Name, string Value)> pairs, in ConfigSetContext context, out string? error)
    {
        error = Check(pairs, context, out var directives);
        if (error is not null) return false;

        var old = Array.ConvertAll(directives, d => d.Get(Config));
        var hooks = new List<(ApplyHook Hook, int At)>();
        for (var i = 0; i < directives.Length; i++)
        {
            var directive = directives[i];
            if (directive.Set(Config, Words(directive, pairs[i].Value), readingFile: false) is { } reason)
            {
                Restore(directives, old, i);
                error = Errors.ConfigRefused(NameAsAsked(directive, pairs[i].Name), reason);
                return false;
            }
            var changed = directive.Is(DirectiveFlags.AlwaysApplied) || directive.Get(Config) != old[i];
            if (!changed || !_hooks.TryGetValue(directive, out var hook)) continue;
            if (hooks.TrueForAll(h => h.Hook != hook)) hooks.Add((hook, i));
        }
        for (var ran = 0; ran < hooks.Count; ran++)
        {
            var (hook, at) = hooks[ran];
            if (hook(Config) is not { } reason) continue;
            Restore(directives, old, directives.Length);
            // The failed hook runs again too: it may have closed the old listener before it failed to open the new one.
            foreach (var (again, _) in hooks[..(ran + 1)]) again(Config);
            error = Errors.ConfigRefused(NameAsAsked(directives[at], pairs[at].Name), reason);
            return false;
        }
        return true;
    }

    string? Check(IReadOnlyList<(string Name, string Value)> pairs, in ConfigSetContext context, out Directive[] directives)
    {
        directives = new Directive[pairs.Count];
        for (var i = 0; i < pairs.Count; i++)
        {
            var name = pairs[i].Name;
            if (ConfigTable.Find(name) is not { } directive) return Errors.UnknownConfig(name);
            if (directive.Is(DirectiveFlags.Immutable)) return Errors.ConfigRefused(name, ConfigErrors.Immutable);
            if (directive.Is(DirectiveFlags.Protected) && !IsAllowed(Config.Security.EnableProtectedConfigs, context.FromLocalConnection))
                return Errors.ConfigRefused(name, ConfigErrors.Protected);
            if (context.Loading && directive.Is(DirectiveFlags.DeniedWhileLoading)) return Encoding.ASCII.GetString(Errors.Loading);
            for (var j = 0; j < i; j++)
            {
                // A name and its alias count as two, as in Redis: the later one wins.
                if (pairs[j].Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                    return Errors.ConfigRefused(name, ConfigErrors.Duplicate);
            }
            directives[i] = directive;
        }
        return null;
    }

    /// <summary>Whether a client may use the feature that an enable-… directive guards.</summary>
    public static bool IsAllowed(ProtectedAction guard, bool fromLocalConnection) =>
        guard == ProtectedAction.Yes || (guard == ProtectedAction.Local && fromLocalConnection);

    // Every single blank separates two words of the argument: two in a row enclose an empty word.
    static string[] Words(Directive directive, string value) =>
        !directive.Is(DirectiveFlags.MultiArg) ? [value] : value.Length == 0 ? [] : value.Split(' ');

    static string NameAsAsked(Directive directive, string name) =>
        name.Equals(directive.Alias, StringComparison.OrdinalIgnoreCase) ? directive.Alias : directive.Name;

    void Restore(Directive[] directives, string[] old, int count)
    {
        for (var i = 0; i < count; i++) directives[i].Set(Config, Words(directives[i], old[i]), readingFile: false);
    }

    /// <summary>Answers CONFIG REWRITE. On failure <paramref name="error"/> is the reply's text without the '-'.</summary>
    /// <param name="error">The reason, if it fails.</param>
    /// <param name="everything">Also write directives that have their default.</param>
    public bool TryRewrite(out string? error, bool everything = false)
    {
        if (FilePath is null)
        {
            error = Encoding.ASCII.GetString(Errors.NoConfigFile);
            return false;
        }
        error = null;
        try
        {
            ConfigRewriter.Rewrite(FilePath, Config, Defaults, OtherLines?.Invoke() ?? [], everything);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = Errors.ConfigRewriteFailed(DiskException.Describe(e));
            return false;
        }
    }

    /// <summary>A sentence for the log about each directive that differs from its default and has no effect here.</summary>
    public IEnumerable<string> InertNotes() =>
        from directive in ConfigTable.All
        where directive.Inert is not null && directive.Get(Config) != directive.Get(Defaults)
        select $"'{directive.Name} {directive.Get(Config)}' has no effect here: {directive.Inert}";
}
