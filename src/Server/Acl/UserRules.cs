using System.Buffers;
using System.Security.Cryptography;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Acl;

/// <summary>
/// What the rules of one user amount to. A change is made on a copy, which takes the place of the old one when all of it has
/// succeeded: a user is never half changed.
/// </summary>
sealed class UserRules
{
    /// <summary>Characters of a password's SHA-256, in lower-case hexadecimal.</summary>
    const int HashLength = SHA256.HashSizeInBytes * 2;

    static readonly SearchValues<char> s_spaces = SearchValues.Create(" \t\n\v\f\r\0");
    static readonly SearchValues<char> s_hexadecimal = SearchValues.Create("0123456789abcdef");

    readonly AclLimits _limits;
    readonly List<string> _passwords = [];
    readonly List<Selector> _selectors;

    /// <summary>A new user's: off, without passwords, and without a right.</summary>
    public UserRules(AclLimits limits)
    {
        _limits = limits;
        _selectors = [new Selector(limits.Names, limits.AllChannelsByDefault)];
    }

    UserRules(UserRules other)
    {
        _limits = other._limits;
        _passwords = [.. other._passwords];
        _selectors = [.. other._selectors.Select(selector => selector.Clone())];
        (IsOn, NoPass, SkipsSanitizing) = (other.IsOn, other.NoPass, other.SkipsSanitizing);
    }

    public UserRules Clone() => new(this);

    /// <summary>Whether one may log in as the user.</summary>
    public bool IsOn { get; private set; }

    /// <summary>Whether any password does.</summary>
    public bool NoPass { get; private set; }

    /// <summary>"skip-sanitize-payload". Shown only: payloads of RESTORE are always checked.</summary>
    public bool SkipsSanitizing { get; private set; }

    /// <summary>Their hashes, in the order in which they were added.</summary>
    public IReadOnlyList<string> Passwords => _passwords;

    /// <summary>The root first.</summary>
    public IReadOnlyList<Selector> Selectors => _selectors;

    public Selector Root => _selectors[0];

    /// <summary>"on", "nopass" and the like, in Redis's order.</summary>
    public IEnumerable<string> Flags
    {
        get
        {
            yield return IsOn ? "on" : "off";
            if (NoPass) yield return "nopass";
            yield return SkipsSanitizing ? "skip-sanitize-payload" : "sanitize-payload";
        }
    }

    /// <summary>All rules, in the form of a configuration file.</summary>
    public string Describe() => string.Join(' ',
        [.. Flags, .. _passwords.Select(hash => "#" + hash), .. _selectors.Select((s, i) => i == 0 ? s.Describe() : $"({s.Describe()})")]);

    /// <summary>Whether the password is one of the user's, in a time that does not depend on how much of it is right.</summary>
    public bool HasPassword(ReadOnlySpan<byte> password)
    {
        var hash = ConfigText.ToBytes(HashOf(password));
        var found = false;
        foreach (var known in _passwords) found |= CryptographicOperations.FixedTimeEquals(hash, ConfigText.ToBytes(known));
        return found;
    }

    /// <summary>Applies one rule, in the form of configuration text (a character a byte). An empty one does nothing.</summary>
    /// <returns>Null, or why the rule is refused. Source: ACLSetUser.</returns>
    public string? Apply(string rule)
    {
        switch (rule.ToLowerInvariant())
        {
            case "": return null;
            case "on": IsOn = true; return null;
            case "off": IsOn = false; return null;
            case "skip-sanitize-payload": SkipsSanitizing = true; return null;
            case "sanitize-payload": SkipsSanitizing = false; return null;
            case "nopass": ResetPasswords(noPass: true); return null;
            case "resetpass": ResetPasswords(noPass: false); return null;
            case "clearselectors": _selectors.RemoveRange(1, _selectors.Count - 1); return null;
            case "reset": Reset(); return null;
        }
        return rule[0] switch
        {
            '>' => AddPassword(HashOf(ConfigText.ToBytes(rule[1..]))),
            '#' => IsHash(rule.AsSpan(1)) ? AddPassword(rule[1..]) : AclReasons.PasswordHash,
            '<' => RemovePassword(HashOf(ConfigText.ToBytes(rule[1..]))),
            '!' => IsHash(rule.AsSpan(1)) ? RemovePassword(rule[1..]) : AclReasons.PasswordHash,
            '(' when rule[^1] == ')' => AddSelector(rule[1..^1]),
            _ => Root.Apply(rule, _limits.Databases),
        };
    }

    /// <summary>Joins the words of a selector that was given as several: "(+get", "~a)" is one rule.</summary>
    /// <param name="unmatched">The word with the parenthesis that is never closed.</param>
    /// <returns>The rules; null if a parenthesis is not closed.</returns>
    public static List<string>? JoinSelectors(IReadOnlyList<string> words, out string unmatched)
    {
        var rules = new List<string>();
        string? open = null;
        unmatched = "";
        foreach (var word in words)
        {
            if (open is not null) open += " " + word;
            else if (word is ['(', .., not ')'] or ['(']) open = unmatched = word;
            else rules.Add(word);
            if (open is null || word is not [.., ')']) continue;
            rules.Add(open);
            open = null;
        }
        return open is null ? rules : null;
    }

    /// <summary>Whether a text has white space or a zero byte, which names and patterns must not: they could not be written to a file.</summary>
    public static bool HasSpaces(ReadOnlySpan<char> text) => text.ContainsAny(s_spaces);

    void ResetPasswords(bool noPass)
    {
        NoPass = noPass;
        _passwords.Clear();
    }

    void Reset()
    {
        ResetPasswords(noPass: false);
        (IsOn, SkipsSanitizing) = (false, false);
        _selectors.Clear();
        _selectors.Add(new Selector(_limits.Names, _limits.AllChannelsByDefault));
    }

    string? AddPassword(string hash)
    {
        if (!_passwords.Contains(hash)) _passwords.Add(hash);
        NoPass = false;
        return null;
    }

    string? RemovePassword(string hash) => _passwords.Remove(hash) ? null : AclReasons.NoSuchPassword;

    string? AddSelector(string rules)
    {
        if (ConfigLine.Split(rules) is not { } words) return AclReasons.Syntax;
        var selector = new Selector(_limits.Names, _limits.AllChannelsByDefault);
        foreach (var rule in words)
        {
            if (rule.Length == 0) return AclReasons.Syntax;
            if (selector.Apply(rule, _limits.Databases) is { } reason) return reason;
        }
        _selectors.Add(selector);
        return null;
    }

    static string HashOf(ReadOnlySpan<byte> password) => Convert.ToHexStringLower(SHA256.HashData(password));

    static bool IsHash(ReadOnlySpan<char> text) => text.Length == HashLength && !text.ContainsAnyExcept(s_hexadecimal);
}
