namespace MiniRedis.Server.Acl;

/// <summary>
/// A user. Clients refer to it, and so feel a change of its rules with their next command. Under the executor's lock.
/// </summary>
sealed class User
{
    UserRules? _rules;

    /// <param name="figures">Of the user that this one takes the place of.</param>
    public User(byte[] name, UserRules rules, UserFigures? figures = null)
    {
        Name = name;
        Rules = rules;
        Figures = figures ?? new UserFigures();
    }

    User() => (Name, Figures) = ([], new UserFigures());

    /// <summary>Nobody: what the server does by itself, as running the commands of an append-only file. It may do everything.</summary>
    public static User Server { get; } = new();

    public byte[] Name { get; }

    public UserFigures Figures { get; }

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

/// <summary>What is counted of a user, for /metrics. A new set of users goes on counting for those that it keeps.</summary>
sealed class UserFigures
{
    /// <summary>Commands that its clients have run, up to the end of the batch of each.</summary>
    public long Commands { get; set; }

    /// <summary>Commands that its rights forbade.</summary>
    public long Denials { get; set; }

    public void Reset() => Commands = Denials = 0;
}
