namespace MiniRedis.Resp;

/// <summary>How a key spec finds its first argument.</summary>
public enum BeginSearch
{
    /// <summary>Unknown: the command's <see cref="CommandSpec.GetKeys"/> finds the keys.</summary>
    Unknown,

    /// <summary>At a fixed argument.</summary>
    Index,

    /// <summary>After a word.</summary>
    Keyword,
}

/// <summary>How a key spec finds the keys from where it began.</summary>
public enum FindKeys
{
    Unknown,

    /// <summary>Up to a last argument, every so many.</summary>
    Range,

    /// <summary>As many as an argument says.</summary>
    KeyNum,
}

/// <summary>
/// Where a command's keys stand among its arguments, and what is done to them. Source: the "key specifications" page of
/// the Redis documentation. Argument 0 is the command's name (1 the subcommand's, for a subcommand).
/// </summary>
public sealed record KeySpec
{
    private KeySpec(KeyFlags flags) => Flags = flags;

    public KeyFlags Flags { get; private init; }

    public string? Notes { get; private init; }

    public BeginSearch Begin { get; private init; }

    /// <summary>Begin by index: the argument's position.</summary>
    public int Index { get; private init; }

    /// <summary>Begin by keyword: the word, any case; the search begins at the argument after it.</summary>
    public string? Word { get; private init; }

    /// <summary>Begin by keyword: where to look first; negative counts from the end and looks backwards.</summary>
    public int StartFrom { get; private init; }

    public FindKeys Find { get; private init; }

    /// <summary>Range: relative to the beginning; negative counts from the end, so -1 is the last argument.</summary>
    public int LastKey { get; private init; }

    /// <summary>Range and KeyNum: distance from key to key.</summary>
    public int Step { get; private init; } = 1;

    /// <summary>Range with LastKey -1: the keys are the first 1/Limit of what remains; 0 and 1 mean all of it.</summary>
    public int Limit { get; private init; }

    /// <summary>KeyNum: position, relative to the beginning, of the argument that holds the number of keys.</summary>
    public int KeyNumIndex { get; private init; }

    /// <summary>KeyNum: position, relative to the beginning, of the first key.</summary>
    public int FirstKey { get; private init; }

    /// <summary>One key, at argument <paramref name="index"/>.</summary>
    public static KeySpec At(int index, KeyFlags flags) => new KeySpec(flags) { Begin = BeginSearch.Index, Index = index }.Range(0);

    /// <summary>
    /// Keys from argument <paramref name="first"/> to <paramref name="last"/>, both absolute (negative from the end, so
    /// -1 is the last argument, -2 the last but one), every <paramref name="step"/>.
    /// </summary>
    public static KeySpec Range(int first, int last, int step, KeyFlags flags) =>
        new KeySpec(flags) { Begin = BeginSearch.Index, Index = first }.Range(last < 0 ? last : last - first, step);

    /// <summary>A count at argument <paramref name="index"/> + <paramref name="keyNumIndex"/>, and keys from + <paramref name="firstKey"/>.</summary>
    public static KeySpec KeyNum(int index, KeyFlags flags, int keyNumIndex = 0, int firstKey = 1, int step = 1) =>
        new KeySpec(flags) { Begin = BeginSearch.Index, Index = index }.KeyNum(keyNumIndex, firstKey, step);

    /// <summary>
    /// One key, after the word <paramref name="keyword"/> searched from <paramref name="startFrom"/> on. For more keys add
    /// <see cref="Range(int, int, int)"/> or <see cref="KeyNum(int, int, int)"/>.
    /// </summary>
    public static KeySpec Keyword(string keyword, int startFrom, KeyFlags flags) =>
        new KeySpec(flags) { Begin = BeginSearch.Keyword, Word = keyword, StartFrom = startFrom }.Range(0);

    /// <summary>Keys that no spec can find.</summary>
    public static KeySpec Unknown(KeyFlags flags) => new(flags);

    /// <summary>Finds keys up to <paramref name="lastKey"/>, which is relative to the beginning or, if negative, to the end.</summary>
    public KeySpec Range(int lastKey, int step = 1, int limit = 0) =>
        this with { Find = FindKeys.Range, LastKey = lastKey, Step = step, Limit = limit };

    /// <summary>Finds as many keys as an argument says; positions are relative to the beginning.</summary>
    public KeySpec KeyNum(int keyNumIndex, int firstKey, int step = 1) =>
        this with { Find = FindKeys.KeyNum, KeyNumIndex = keyNumIndex, FirstKey = firstKey, Step = step };

    public KeySpec WithNotes(string notes) => this with { Notes = notes };

    /// <summary>Why this spec can never find a key, or null if it can.</summary>
    internal string? Impossible(int arity)
    {
        if (Begin == BeginSearch.Unknown || Find == FindKeys.Unknown)
            return Begin == BeginSearch.Unknown && Find == FindKeys.Unknown ? null : "is half unknown";
        if (Step < 1) return "has a step below 1";
        if (Begin == BeginSearch.Index && Index < 1) return "begins at the command's name";
        if (Begin == BeginSearch.Keyword && (string.IsNullOrEmpty(Word) || StartFrom == 0)) return "has no keyword, or no place to look for it";
        if (Find == FindKeys.KeyNum && (KeyNumIndex < 0 || FirstKey <= KeyNumIndex)) return "counts keys that come before their count";
        if (Find == FindKeys.Range && (Limit < 0 || (Limit > 1 && LastKey != -1))) return "limits a range that does not reach the end";
        int needed = Begin != BeginSearch.Index ? 0 : Index + (Find == FindKeys.Range ? Math.Max(LastKey, 0) : KeyNumIndex);
        return arity > 0 && needed >= arity ? "lies beyond the arguments its arity allows" : null;
    }
}
