using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>
/// Bad input: from requests that are good every wrong one is made that differs in one place, by an operand that is none, an option that is
/// unknown, missing its operand or given twice. Each is refused with the error of its family, and nothing is changed by it.
/// </summary>
public sealed class CacheBadInputTests : ServerTests
{
    const string Syntax = "-ERR syntax error", NotInteger = "-ERR value is not an integer or out of range",
        Lifetime = "-ERR invalid expire time in 'cache.set' command", TagLength = "-ERR a tag has 1 to 1024 bytes",
        PrefixLength = "-ERR a prefix has 1 to 1024 bytes; use FLUSHDB for all keys", Token = "-ERR a token has 16 hexadecimal digits",
        NoPolicy = "-ERR a cache policy is a prefix, and names with numbers: ttl, max-ttl, neg-ttl, stale, jitter",
        Most = "9223372036854775807", Above = "9223372036854775808";

    /// <summary>Good requests. An option is in capital letters; an operand in braces is one of <see cref="s_operands"/>.</summary>
    static readonly string[] s_requests =
    [
        "CACHE.SET k v NX EX {lifetime} JITTER {jitter} STALE {window} COST {cost} ASOF {version} TAGS {numtags} {tag} {tag}",
        "CACHE.SET k v XX PX {lifetime} PSTALE {window} LEASE {token}",
        "CACHE.SET k v NX EXAT {moment} SLIDE {slide}",
        "CACHE.SET k v NX PXAT {moment} PSLIDE {slide}",
        "CACHE.SET k {negative} NX NEGATIVE",
        "CACHE.GET k LEASE {lease} WAIT {lease} EARLY {early} IFNEWER {version}",
        "CACHE.LEASE k {token} HOLD {lease}",
        "CACHE.LEASE k {token} EXTEND {lease}",
        "CACHE.LEASE k {token} FREE",
        "CACHE.TAG k {tag} {tag}",
        "CACHE.PURGE SOFT LOCAL AGAIN {again} TAG {tag} {tag}",
        "CACHE.PURGE SOFT AGAIN {again} PREFIX {prefix} {prefix}",
        "CACHE.PURGE SOFT LOCAL ALL",
        "CACHE.LOG {version} COUNT {count}",
        "CACHE.POLICY SET p TTL {ttl} MAXTTL {maxttl} NEGTTL {negttl} STALE {stale} JITTER {policyjitter}",
    ];

    static readonly Dictionary<string, (string Good, (string Bad, string Error)[] Bad)> s_operands = new()
    {
        ["lifetime"] = ("100", [("x", NotInteger), ("", NotInteger), (Above, NotInteger), ("0", Lifetime), ("-1", Lifetime), (Most, Lifetime)]),
        ["moment"] = ("9000000000", [("x", NotInteger), (Above, NotInteger), ("0", Lifetime), ("-1", Lifetime)]),
        ["window"] = ("100", [("x", NotInteger), ("1.5", NotInteger), ("-1", Lifetime), (Most, Lifetime)]),
        ["slide"] = ("100", [("x", NotInteger), ("0", Lifetime), ("-1", Lifetime), (Most, Lifetime)]),
        ["jitter"] = ("10", [("x", NotInteger), ("0", Between(1, 90)), ("91", Between(1, 90)), ("-1", Between(1, 90))]),
        ["cost"] = ("10", [("x", NotInteger), ("-1", Between(0, uint.MaxValue)), ("4294967296", Between(0, uint.MaxValue))]),
        ["version"] = ("1", [("x", NotInteger), (Above, NotInteger), ("-1", "-ERR version is out of range, must not be negative"),
            ("9007199254740993", "-ERR version is above the cache clock")]),
        ["numtags"] = ("2", [("x", NotInteger), ("0", "-ERR numtags should be greater than 0"), ("-1", "-ERR numtags should be greater than 0"),
            ("3", "-ERR Number of tags can't be greater than number of args"), (Most, "-ERR Number of tags can't be greater than number of args"),
            ("1", Syntax)]),
        ["tag"] = ("t", [("", TagLength), (new('t', 1025), TagLength)]),
        ["prefix"] = ("other:", [("", PrefixLength), (new('p', 1025), PrefixLength)]),
        ["token"] = ("0123456789abcdef", [("", Token), ("x", Token), ("0123456789abcde", Token), ("0123456789abcdef0", Token), ("0123456789abcdeg", Token)]),
        ["lease"] = ("100", [("x", NotInteger), ("0", Between(1, 600_000)), ("-1", Between(1, 600_000)), ("600001", Between(1, 600_000))]),
        ["early"] = ("0", [("x", NotInteger), ("-1", "-ERR EARLY must not be negative")]),
        ["again"] = ("100", [("x", NotInteger), ("0", Between(1, 60_000)), ("-1", Between(1, 60_000)), ("60001", Between(1, 60_000))]),
        ["count"] = ("10", [("x", NotInteger), ("0", "-ERR COUNT must be > 0"), ("-1", "-ERR COUNT must be > 0")]),
        ["negative"] = ("", [("v", "-ERR the value of a negative entry has to be empty")]),
        ["ttl"] = ("10", PolicyNumbers("ttl", int.MaxValue)),
        ["maxttl"] = ("100", PolicyNumbers("max-ttl", int.MaxValue)),
        ["negttl"] = ("10", PolicyNumbers("neg-ttl", int.MaxValue)),
        ["stale"] = ("10", PolicyNumbers("stale", int.MaxValue)),
        ["policyjitter"] = ("10", PolicyNumbers("jitter", 90)),
    };

    /// <summary>What no change in one place makes of a good request.</summary>
    static readonly (string Request, string Error)[] s_others =
    [
        ("CACHE.SET k v NX XX", Syntax),
        ("CACHE.SET k v EX 10 PX 10", Syntax),
        ("CACHE.SET k v EX 10 KEEPTTL", Syntax),
        ("CACHE.SET k v EX 10 STALE 10 SLIDE 10", Syntax),
        ("CACHE.SET k v EX 10 STALE 10 PSTALE 10", Syntax),
        ("CACHE.SET k v JITTER 10", Syntax),
        ("CACHE.SET k v PXAT 9000000000000 JITTER 10", Syntax),
        ("CACHE.SET k v LEASE 0123456789abcdef ASOF 1", Syntax),
        ($"CACHE.SET k v TAGS 1025{string.Concat(Enumerable.Range(0, 1025).Select(i => $" t{i}"))}", "-ERR a key has at most 1024 tags"),
        ($"CACHE.TAG k{string.Concat(Enumerable.Range(0, 1025).Select(i => $" t{i}"))}", "-ERR a key has at most 1024 tags"),
        ("CACHE.GET k WAIT 10", Syntax),
        ("CACHE.GET k EARLY 10", Syntax),
        ("CACHE.LEASE k 0123456789abcdef FREE 10", Syntax),
        ("CACHE.LEASE k 0123456789abcdef HOLD", Syntax),
        ("CACHE.PURGE TAG", Syntax),
        ("CACHE.PURGE PREFIX", Syntax),
        ("CACHE.PURGE ALL t", Syntax),
        ("CACHE.PURGE SOFT", Syntax),
        ("CACHE.POLICY SET p", NoPolicy),
        ("CACHE.POLICY SET p TTL 100 MAXTTL 10", "-ERR ttl and neg-ttl, each with stale, must not be above max-ttl"),
        ("CACHE.POLICY NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try CACHE.POLICY HELP."),
        ("CACHE.STATS a b", "-ERR wrong number of arguments for 'cache.stats' command"),
        ("CACHE.INFO", "-ERR wrong number of arguments for 'cache.info' command"),
        ("CACHE.INFO a b", "-ERR wrong number of arguments for 'cache.info' command"),
        ("CACHE.STALE", "-ERR wrong number of arguments for 'cache.stale' command"),
        ("CACHE.TAG k", "-ERR wrong number of arguments for 'cache.tag' command"),
        ("CACHE.LOG", "-ERR wrong number of arguments for 'cache.log' command"),
    ];

    public static TheoryData<string> Requests => [.. s_requests];

    [Theory]
    [MemberData(nameof(Requests))]
    public void What_differs_from_a_good_request_in_one_place_is_refused_and_changes_nothing(string request)
    {
        using var holder = Prepare();
        var before = State();
        var wrong = WrongOnes(request.Split(' ')).ToList();
        Assert.NotEmpty(wrong);
        foreach (var (words, error) in wrong) AssertRefused(words, error, before);
        var reply = _client.CallWords([.. request.Split(' ').Select(Good)]);
        Assert.False(reply.StartsWith('-'), $"{request}: {reply}");
    }

    [Fact]
    public void What_is_wrong_in_other_ways_is_refused_too()
    {
        using var holder = Prepare();
        var before = State();
        foreach (var (request, error) in s_others) AssertRefused(request.Split(' '), error, before);
    }

    /// <summary>A key that another client refreshes under a lease, a policy and a purge. Returns the client.</summary>
    RawClient Prepare()
    {
        _client.Call("CACHE.POLICY SET p TTL 5");
        _client.Call("CACHE.SET k v EX 100 STALE 10 TAGS 1 t");
        _client.Call("CACHE.PURGE TAG other");
        var other = _server.Connect();
        Assert.DoesNotContain("$-1", other.Call("CACHE.GET k LEASE 600000 EARLY 600000"), StringComparison.Ordinal);
        other.Call("CACHE.GET absent LEASE 600000");
        // The first count of the prefix's keys is behind us.
        _server.TickUntil(() => _server.Server.Statistics.Prefixes!.All.All(figures => figures.Keys >= 0));
        _server.Effects.Commands.Clear();
        return other;
    }

    string State()
    {
        string[] asked = ["CACHE.INFO k", "GET k", "PTTL k", "DBSIZE", "CACHE.LOG 0", "CACHE.POLICY LIST", "CACHE.STATS"];
        var replies = string.Join('\n', asked.Select(_client.Call));
        lock (_server.Server.Executor.ExecutorLock)
            return $"{replies}\n{_server.Server.Leases.MemoryBytes} {_server.Server.Purges.MemoryBytes} {string.Join('\n', _server.Effects.Commands)}";
    }

    void AssertRefused(string[] words, string error, string before)
    {
        var line = string.Join(' ', words);
        Assert.Equal($"{line}: {error}", $"{line}: {_client.CallWords(words)}");
        Assert.Equal($"{line}\n{before}", $"{line}\n{State()}");
    }

    static IEnumerable<(string[] Words, string Error)> WrongOnes(string[] request)
    {
        var good = request.Select(Good).ToArray();
        var isPolicy = request[0] == "CACHE.POLICY";
        for (var i = 1; i < request.Length; i++)
        {
            if (request[i] is ['{', .. var kind, '}'])
            {
                foreach (var (bad, error) in s_operands[kind].Bad) yield return ([.. good[..i], bad, .. good[(i + 1)..]], error);
                continue;
            }
            // Keys, values, and the name of a subcommand.
            if (!char.IsUpper(request[i][0]) || isPolicy && i == 1) continue;
            yield return ([.. good[..i], "NOSUCH", .. good[(i + 1)..]], isPolicy ? "-ERR a cache policy has no option 'NOSUCH'" : Syntax);
            var end = i + 1;
            while (end < request.Length && request[end][0] == '{') end++;
            // Without its operand, and twice. Behind TAG and PREFIX another word is another name.
            if (end > i + 1 && i > 2) yield return (good[..(i + 1)], isPolicy ? NoPolicy : Syntax);
            if (request[i] is not ("TAG" or "PREFIX"))
                yield return ([.. good[..end], .. good[i..end], .. good[end..]], isPolicy ? $"-ERR a cache policy has one {PolicyName(request[i])}" : Syntax);
        }
    }

    static string Good(string word) => word is ['{', .. var kind, '}'] ? s_operands[kind].Good : word;

    static string PolicyName(string word) => word switch
    {
        "MAXTTL" => "max-ttl",
        "NEGTTL" => "neg-ttl",
        _ => word.ToLowerInvariant(),
    };

    static string Between(long least, long most) =>
        string.Create(CultureInfo.InvariantCulture, $"-ERR value is out of range, value must between {least} and {most}");

    static (string Bad, string Error)[] PolicyNumbers(string name, int most)
    {
        var error = string.Create(CultureInfo.InvariantCulture, $"-ERR {name} must be between 1 and {most} inclusive");
        return [("x", error), ("", error), ("0", error), ("-1", error), ("2147483648", error)];
    }
}
