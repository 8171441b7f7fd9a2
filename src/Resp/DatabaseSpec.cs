namespace MiniRedis.Resp;

/// <summary>The databases that a command reaches by number, or all at once, whichever one its client has selected.</summary>
/// <remarks>Source: "Database permissions" of Valkey 9.1's documentation.</remarks>
public sealed record DatabaseSpec
{
    private DatabaseSpec()
    {
    }

    /// <summary>The command reaches all databases (FLUSHALL).</summary>
    public static DatabaseSpec All { get; } = new() { IsAll = true };

    /// <summary>Arguments from <paramref name="first"/> to <paramref name="last"/> are numbers of databases.</summary>
    public static DatabaseSpec Range(int first, int last) => new() { First = first, Last = last };

    /// <summary>The argument after each <paramref name="word"/>, searched from <paramref name="from"/> on, is the number of a database.</summary>
    public static DatabaseSpec After(string word, int from) => new() { Word = word, First = from };

    public bool IsAll { get; private init; }

    public int First { get; private init; }

    public int Last { get; private init; }

    public string? Word { get; private init; }
}
