using System.Globalization;
using System.Text;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Configuration.Settings;

/// <summary>How long keys live whose names begin with a prefix, where the commands that write them do not say, or say too much.</summary>
/// <remarks>Times are seconds; 0 where the policy says nothing.</remarks>
internal sealed record CachePolicy
{
    /// <summary>As long as a name of a tag may be.</summary>
    public const int LongestPrefix = 1024;

    /// <summary>An application has some tens. A change makes the look-up structure anew, in milliseconds with so many.</summary>
    public const int MostPolicies = 10_000;

    /// <summary>68 years, so that no sum with the time of the day overflows.</summary>
    const int LongestTime = int.MaxValue;

    /// <summary>As for the option of CACHE.SET.</summary>
    const int MostJitter = 90;

    static readonly string[] s_options = ["ttl", "max-ttl", "neg-ttl", "stale", "jitter"];

    /// <summary>A character a byte (<see cref="ConfigText"/>).</summary>
    public required string Prefix { get; init; }

    /// <summary>The lifetime of a key that is written without one.</summary>
    public int Ttl { get; init; }

    /// <summary>The longest lifetime, stale window included; also that of a key that is written without one, if there is no other.</summary>
    public int MaxTtl { get; init; }

    /// <summary>The lifetime of an entry that says that there is nothing (CACHE.SET NEGATIVE).</summary>
    public int NegTtl { get; init; }

    /// <summary>The stale window of what CACHE.SET stores without one.</summary>
    public int Stale { get; init; }

    /// <summary>Takes a random part off each relative lifetime, up to so many percent.</summary>
    public int Jitter { get; init; }

    /// <summary>What the policy says, by the names of the directive.</summary>
    public IEnumerable<(string Name, int Value)> Options => s_options.Zip([Ttl, MaxTtl, NegTtl, Stale, Jitter]).Where(static pair => pair.Second > 0);

    /// <summary>Reads a prefix and its options. Hyphens in the names of options may be left out.</summary>
    /// <param name="words">The prefix, then names and numbers.</param>
    /// <param name="policy">The policy; null if it is refused.</param>
    /// <returns>Why it is refused; null if it is not.</returns>
    public static string? Read(ReadOnlySpan<string> words, out CachePolicy? policy)
    {
        policy = null;
        if (words.Length < 3 || words.Length % 2 == 0) return ConfigErrors.PolicyWithoutOption;
        if (words[0].Length > LongestPrefix) return ConfigErrors.PolicyPrefix(LongestPrefix);
        if (words[0].Contains('\0', StringComparison.Ordinal)) return ConfigErrors.ZeroByte;
        Span<int> values = stackalloc int[s_options.Length];
        for (var i = 1; i < words.Length; i += 2)
        {
            var option = OptionOf(words[i]);
            if (option < 0) return ConfigErrors.PolicyOption(words[i]);
            if (values[option] > 0) return ConfigErrors.PolicyOptionTwice(s_options[option]);
            var most = s_options[option] == "jitter" ? MostJitter : LongestTime;
            if (!int.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < 1 || value > most)
                return ConfigErrors.PolicyNumber(s_options[option], 1, most);
            values[option] = value;
        }
        var read = new CachePolicy
        {
            Prefix = words[0], Ttl = values[0], MaxTtl = values[1], NegTtl = values[2], Stale = values[3], Jitter = values[4],
        };
        if (read.MaxTtl > 0 && Math.Max(read.Ttl, read.NegTtl) + (long)read.Stale > read.MaxTtl) return ConfigErrors.PolicyAboveMaximum;
        policy = read;
        return null;
    }

    /// <summary>The directive "cache-policy": lines of a file add to one another, CONFIG SET replaces all.</summary>
    public static string? Parse(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        // CONFIG SET has split its value at blanks. Quotes hold a prefix together that has some.
        var words = readingFile ? args.ToArray() : ConfigLine.Split(string.Join(' ', args));
        if (words is null) return ConfigErrors.UnbalancedQuotes;
        var policies = new List<CachePolicy>();
        for (var at = 0; at < words.Length && words is not [""];)
        {
            var end = EndOf(words, at);
            if (Read(words.AsSpan(at..end), out var policy) is { } refused) return refused;
            policies.Add(policy!);
            at = end;
        }
        IEnumerable<CachePolicy> earlier = readingFile && words is not [""] ? config.Caching.CachePolicies : [];
        return TryReplace(config, earlier.Concat(policies));
    }

    /// <summary>Has the settings hold these policies. Of two for a prefix the later one holds.</summary>
    /// <returns>Why not, or null.</returns>
    public static string? TryReplace(ServerConfig config, IEnumerable<CachePolicy> policies)
    {
        var byPrefix = new SortedDictionary<string, CachePolicy>(StringComparer.Ordinal);
        foreach (var policy in policies) byPrefix[policy.Prefix] = policy;
        if (byPrefix.Count > MostPolicies) return ConfigErrors.TooManyPolicies(MostPolicies);
        config.Caching.CachePolicies = [.. byPrefix.Values];
        return null;
    }

    public static string Format(ServerConfig config) => string.Join(' ', config.Caching.CachePolicies.Select(static policy => policy.ToString()));

    /// <summary>A line for each policy.</summary>
    public static IEnumerable<(string Line, bool Force)> Rewrite(ServerConfig config) =>
        config.Caching.CachePolicies.Select(static policy => ($"cache-policy {policy}", true));

    /// <summary>The prefix in quotes and the options, as a file has them.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(ConfigLine.Quote(Prefix));
        foreach (var (name, value) in Options) text.Append(' ').Append(name).Append(' ').Append(ConfigNumber.Text(value));
        return text.ToString();
    }

    /// <summary>Where the words of a policy end: a name of an option has a number behind it, the prefix of the next policy has a name.</summary>
    static int EndOf(ReadOnlySpan<string> words, int at)
    {
        var end = Math.Min(at + 3, words.Length);
        while (end + 1 < words.Length && OptionOf(words[end]) >= 0 && OptionOf(words[end + 1]) < 0) end += 2;
        return end;
    }

    static int OptionOf(string word) => Array.FindIndex(s_options, option =>
        word.Equals(option, StringComparison.OrdinalIgnoreCase)
        || word.Equals(option.Replace("-", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase));
}
