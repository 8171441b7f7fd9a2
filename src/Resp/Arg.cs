namespace MiniRedis.Resp;

/// <summary>Types of arguments, as COMMAND DOCS names them.</summary>
public enum ArgType
{
    String,
    Integer,
    Double,
    Key,
    Pattern,
    UnixTime,

    /// <summary>A fixed word, such as NX.</summary>
    PureToken,

    /// <summary>One of the children.</summary>
    OneOf,

    /// <summary>The children, one after another.</summary>
    Block,
}

/// <summary>
/// One argument in a command's declaration, a tree as COMMAND DOCS prints it. Immutable: the fluent methods return changed
/// copies, so <c>Arg.Integer("seconds").After("EX")</c> reads as the syntax does.
/// </summary>
public sealed record Arg
{
    private Arg(string name, ArgType type)
    {
        Name = name;
        Type = type;
    }

    public string Name { get; private init; }

    public ArgType Type { get; private init; }

    /// <summary>The word before the value; a pure token has no value. COMMAND DOCS calls it "token".</summary>
    public string? Word { get; private init; }

    /// <summary>Index in <see cref="CommandSpec.Keys"/> of the spec that finds this key; -1 if the argument is no key.</summary>
    public int KeySpecIndex { get; private init; } = -1;

    public bool IsOptional { get; private init; }

    /// <summary>May be repeated.</summary>
    public bool IsMultiple { get; private init; }

    /// <summary>Its token is repeated with it.</summary>
    public bool IsMultipleToken { get; private init; }

    public string? Since { get; private init; }

    public string? DeprecatedSince { get; private init; }

    public string? Summary { get; private init; }

    /// <summary>What usage lines show in place of the name.</summary>
    public string? DisplayText { get; private init; }

    public IReadOnlyList<Arg> Children { get; private init; } = [];

    /// <summary>A key; <paramref name="keySpec"/> is the index of its key spec.</summary>
    public static Arg Key(string name, int keySpec = 0) => new(name, ArgType.Key) { KeySpecIndex = keySpec };

    public static Arg String(string name) => new(name, ArgType.String);

    public static Arg Integer(string name) => new(name, ArgType.Integer);

    public static Arg Double(string name) => new(name, ArgType.Double);

    public static Arg Pattern(string name) => new(name, ArgType.Pattern);

    public static Arg UnixTime(string name) => new(name, ArgType.UnixTime);

    /// <summary>A word that stands for itself; its name is the word in lower case unless given.</summary>
    public static Arg Token(string token, string? name = null) =>
        new(name ?? token.ToLowerInvariant(), ArgType.PureToken) { Word = token };

    public static Arg OneOf(string name, params Arg[] children) => new(name, ArgType.OneOf) { Children = children };

    public static Arg Block(string name, params Arg[] children) => new(name, ArgType.Block) { Children = children };

    /// <summary>Comes after the word <paramref name="token"/>.</summary>
    public Arg After(string token) => this with { Word = token };

    public Arg Optional() => this with { IsOptional = true };

    public Arg Multiple() => this with { IsMultiple = true };

    /// <summary>May be repeated, its token each time.</summary>
    public Arg MultipleToken() => this with { IsMultiple = true, IsMultipleToken = true };

    /// <summary>Added to its command in the given version.</summary>
    public Arg AddedIn(string version) => this with { Since = version };

    public Arg DeprecatedIn(string version) => this with { DeprecatedSince = version };

    public Arg Described(string summary) => this with { Summary = summary };

    public Arg ShownAs(string displayText) => this with { DisplayText = displayText };

    /// <summary>For a pattern or a string that key spec <paramref name="keySpec"/> covers, as in SORT and EVAL.</summary>
    public Arg FoundBy(int keySpec) => this with { KeySpecIndex = keySpec };
}
