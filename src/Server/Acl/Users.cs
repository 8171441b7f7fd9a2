using System.Diagnostics.CodeAnalysis;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;

namespace MiniRedis.Server.Acl;

/// <summary>The users, in the order of their names. There is always one called "default". Under the executor's lock.</summary>
sealed class Users
{
    readonly AclLimits _limits;

    // Sorted by name: they are listed so, and looked up at log-ins only.
    List<User> _all;

    /// <param name="limits">What rules are read against.</param>
    public Users(AclLimits limits)
    {
        _limits = limits;
        Default = new User(DefaultName.ToArray(), DefaultRules());
        _all = [Default];
    }

    public static ReadOnlySpan<byte> DefaultName => "default"u8;

    /// <summary>Whom every client is until it logs in.</summary>
    public User Default { get; }

    public IReadOnlyList<User> All => _all;

    public User? Find(ReadOnlySpan<byte> name) => TryFind(_all, name, out var place) ? _all[place] : null;

    /// <summary>Finds the user if the password is right and the user is on; null otherwise.</summary>
    public User? Authenticate(ReadOnlySpan<byte> name, ReadOnlySpan<byte> password)
    {
        var user = Find(name);
        return user is { Rules.IsOn: true } && (user.Rules.NoPass || user.Rules.HasPassword(password)) ? user : null;
    }

    /// <summary>A user's rules after a change, which is not made yet.</summary>
    /// <param name="user">The user; null for a new one.</param>
    /// <param name="words">The rules; a selector may stand in several.</param>
    /// <param name="error">The reply, if a rule is refused.</param>
    public bool TryChange(User? user, IReadOnlyList<string> words, [NotNullWhen(true)] out UserRules? changed, out byte[] error)
    {
        changed = null;
        error = [];
        if (UserRules.JoinSelectors(words, out var unmatched) is not { } rules)
        {
            error = Errors.AclParenthesis(ConfigText.ToBytes(unmatched));
            return false;
        }
        var draft = user?.Rules.Clone() ?? new UserRules(_limits);
        foreach (var rule in rules)
        {
            if (draft.Apply(rule) is not { } reason) continue;
            error = Errors.AclModifier(ConfigText.ToBytes(rule), reason);
            return false;
        }
        changed = draft;
        return true;
    }

    /// <summary>Adds a user, whose name is free.</summary>
    public User Add(byte[] name, UserRules rules)
    {
        TryFind(_all, name, out var place);
        var user = new User(name, rules);
        _all.Insert(place, user);
        return user;
    }

    /// <summary>Removes a user, not the default one.</summary>
    public User? Remove(ReadOnlySpan<byte> name)
    {
        if (!TryFind(_all, name, out var place)) return null;
        var user = _all[place];
        _all.RemoveAt(place);
        return user;
    }

    /// <summary>
    /// Puts other users in the place of all. The default one stays and takes the rules of that name; without any it is as at the start:
    /// open to everybody.
    /// </summary>
    public void Replace(IReadOnlyList<(byte[] Name, UserRules Rules)> users)
    {
        var all = new List<User> { Default };
        var isDefaultNamed = false;
        foreach (var (name, rules) in users)
        {
            if (name.AsSpan().SequenceEqual(DefaultName))
            {
                Default.Rules = rules;
                isDefaultNamed = true;
                continue;
            }
            TryFind(all, name, out var place);
            all.Insert(place, new User(name, rules, Find(name)?.Figures));
        }
        if (!isDefaultNamed) Default.Rules = DefaultRules();
        _all = all;
    }

    /// <summary>requirepass: the default user's only password; none opens the server.</summary>
    /// <param name="password">Configuration text (a character a byte).</param>
    public void RequirePassword(string password)
    {
        var rules = Default.Rules.Clone();
        rules.Apply("resetpass");
        rules.Apply(password.Length > 0 ? ">" + password : "nopass");
        Default.Rules = rules;
    }

    /// <summary>Each user as a line of a configuration file.</summary>
    public IEnumerable<string> Lines() => _all.Select(LineOf);

    public static string LineOf(User user) => $"user {ConfigText.FromBytes(user.Name)} {user.Rules.Describe()}";

    UserRules DefaultRules()
    {
        var rules = new UserRules(_limits);
        foreach (var rule in (ReadOnlySpan<string>)["+@all", "~*", "&*", "on", "nopass"]) rules.Apply(rule);
        return rules;
    }

    static bool TryFind(List<User> all, ReadOnlySpan<byte> name, out int place)
    {
        var (low, high) = (0, all.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = all[middle].Name.AsSpan().SequenceCompareTo(name);
            if (order == 0)
            {
                place = middle;
                return true;
            }
            if (order < 0) low = middle + 1;
            else high = middle;
        }
        place = low;
        return false;
    }
}
