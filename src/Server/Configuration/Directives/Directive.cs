using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

[Flags]
internal enum DirectiveFlags
{
    None = 0,
    /// <summary>Settable in the file and on the command line only.</summary>
    Immutable = 1,
    /// <summary>CONFIG SET needs <c>enable-protected-configs</c>: the directive can aim files anywhere.</summary>
    Protected = 2,
    /// <summary>CONFIG GET answers the exact name, but no pattern.</summary>
    Hidden = 4,
    /// <summary>CONFIG SET answers LOADING while a data set is loading.</summary>
    DeniedWhileLoading = 8,
    /// <summary>The value is kept out of SLOWLOG, MONITOR and logs. CONFIG GET shows it, as Redis does.</summary>
    Sensitive = 16,
    /// <summary>Takes several words; CONFIG SET splits its one value at blanks.</summary>
    MultiArg = 32,
    /// <summary>The apply hook runs even if the value did not change: a certificate file may have new contents.</summary>
    AlwaysApplied = 64,
}

internal delegate ref T FieldOf<T>(ServerConfig config);

/// <summary>
/// One configuration directive: a row of <see cref="ConfigTable"/>. It holds no value; a <see cref="ServerConfig"/> does.
/// </summary>
internal abstract class Directive
{
    public required string Name { get; init; }

    /// <summary>A second name that sets and answers the same value: "slave-priority" for "replica-priority".</summary>
    public string? Alias { get; init; }

    public DirectiveFlags Flags { get; init; }

    /// <summary>The default, as a file spells it after the name.</summary>
    public required string Default { get; init; }

    /// <summary>The server whose default this is.</summary>
    public string DefaultFrom { get; init; } = "Redis 7.4";

    /// <summary>Why the directive is accepted without effect; null if it acts.</summary>
    public string? Inert { get; init; }

    public bool Is(DirectiveFlags flag) => (Flags & flag) != 0;

    /// <summary>Sets the value. Returns null, or why the arguments are refused; then nothing has changed.</summary>
    /// <param name="config">Receives the value.</param>
    /// <param name="args">At least one word, unless the directive takes several (<see cref="DirectiveFlags.MultiArg"/>).</param>
    /// <param name="readingFile">True for lines of a file, where some directives accumulate; false for CONFIG SET.</param>
    public abstract string? Set(ServerConfig config, ReadOnlySpan<string> args, bool readingFile);

    /// <summary>The value as CONFIG GET shows it. <see cref="Set"/> accepts it.</summary>
    public abstract string Get(ServerConfig config);

    /// <summary>
    /// The lines that CONFIG REWRITE writes. A line without Force only replaces an existing one. No line at all removes all lines
    /// of this directive.
    /// </summary>
    public virtual IEnumerable<(string Line, bool Force)> Lines(ServerConfig config, ServerConfig defaults)
    {
        var text = Get(config);
        return [($"{Name} {text}", text != Get(defaults))];
    }
}
