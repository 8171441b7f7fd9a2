namespace MiniRedis.Server.Acl;

/// <summary>
/// A user. Clients refer to it, and so feel a change of its rules with their next command. Under the executor's lock.
/// </summary>
sealed class User
{
    UserRules? _rules;

    public User(byte[] name, UserRules rules)
    {
        Name = name;
        Rules = rules;
    }

    User() => Name = [];

    /// <summary>Nobody: what the server does by itself, as running the commands of an append-only file. It may do everything.</summary>
    public static User Server { get; } = new();

    public byte[] Name { get; }

    /// <summary>Not to be changed: <see cref="UserRules.Clone"/>, change the copy, and put it here.</summary>
    public UserRules Rules
    {
        get => _rules!;
        set
        {
            _rules = value;
            Selectors = [.. value.Selectors];
            IsOpen = value is { IsOn: true, NoPass: true };
            // What one selector allows need not be asked of the others.
            IsRestricted = !value.Selectors.Any(selector => selector.IsUnrestricted);
        }
    }

    /// <summary>Those of the rules.</summary>
    public Selector[] Selectors { get; private set; } = [];

    /// <summary>Whether a client becomes this user without a password. For the default user: without AUTH.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whether its commands must be checked.</summary>
    public bool IsRestricted { get; private set; }
}
