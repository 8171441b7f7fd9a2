using MiniRedis.Resp;
using MiniRedis.Server.Configuration;

namespace MiniRedis.Server.Acl;

/// <summary>The rules that change a selector.</summary>
sealed partial class Selector
{
    /// <summary>Applies one rule, in the form of configuration text (a character a byte).</summary>
    /// <param name="rule">As "+get", "~app:*" or "allchannels"; not empty.</param>
    /// <param name="databases">How many databases there are.</param>
    /// <returns>Null, or why the rule is refused; then nothing has changed. Source: ACLSetSelector.</returns>
    public string? Apply(string rule, int databases)
    {
        if (Is(rule, "allkeys") || rule == "~*") SetKeys(all: true);
        else if (Is(rule, "resetkeys")) SetKeys(all: false);
        else if (Is(rule, "allchannels") || rule == "&*") SetChannels(all: true);
        else if (Is(rule, "resetchannels")) SetChannels(all: false);
        else if (Is(rule, "alldbs")) SetDatabases(all: true);
        else if (Is(rule, "resetdbs")) SetDatabases(all: false);
        else if (Is(rule, "allcommands") || Is(rule, "+@all")) SetCommands(all: true);
        else if (Is(rule, "nocommands") || Is(rule, "-@all")) SetCommands(all: false);
        else
        {
            return rule[0] switch
            {
                '~' or '%' => AddKeys(rule),
                '&' => AddChannel(rule),
                '+' or '-' when rule.AsSpan(1).StartsWith("@") => ChangeCategory(rule),
                '+' or '-' => ChangeCommand(rule),
                'd' or 'D' when rule.StartsWith("db=", StringComparison.OrdinalIgnoreCase) => ChooseDatabases(rule[3..], databases),
                _ => AclReasons.Syntax,
            };
        }
        return null;
    }

    /// <summary>The rules among these that allow a first argument of a command: an old way to allow a part of it.</summary>
    public IEnumerable<string> FirstArgumentRules =>
        _commandRules.Where(rule => rule.Contains('|', StringComparison.Ordinal) && _names.Find(rule[1..]) is null);

    static bool Is(string rule, string word) => rule.Equals(word, StringComparison.OrdinalIgnoreCase);

    void SetKeys(bool all)
    {
        AllKeys = all;
        Keys.Clear();
    }

    void SetChannels(bool all)
    {
        AllChannels = all;
        _channels.Clear();
    }

    void SetDatabases(bool all)
    {
        AllDatabases = all;
        _databases.Clear();
    }

    void SetCommands(bool all)
    {
        Array.Fill(_commands, all ? ulong.MaxValue : 0);
        AllCommands = _startsFromAll = all;
        _commandRules.Clear();
        _firstArguments.Clear();
    }

    string? AddKeys(string rule)
    {
        if (AllKeys) return AclReasons.PatternAfterAll;
        var right = KeyRight.All;
        var at = 1;
        if (rule[0] == '%')
        {
            right = KeyRight.None;
            // The loop ends at the tilde, or with the rule: "%R" is a pattern of the empty key, as in Redis.
            for (; at < rule.Length; at++)
            {
                var letter = char.ToUpperInvariant(rule[at]);
                if (letter == 'R' && (right & KeyRight.Read) == 0) right |= KeyRight.Read;
                else if (letter == 'W' && (right & KeyRight.Write) == 0) right |= KeyRight.Write;
                else if (letter == '~' && right != KeyRight.None) { at++; break; }
                else return AclReasons.Syntax;
            }
        }
        if (UserRules.HasSpaces(rule.AsSpan(at))) return AclReasons.Syntax;
        Keys.Add(ConfigText.ToBytes(rule[at..]), right);
        return null;
    }

    string? AddChannel(string rule)
    {
        if (AllChannels) return AclReasons.ChannelAfterAll;
        if (UserRules.HasSpaces(rule.AsSpan(1))) return AclReasons.Syntax;
        var pattern = ConfigText.ToBytes(rule[1..]);
        if (!_channels.Exists(known => known.AsSpan().SequenceEqual(pattern))) _channels.Add(pattern);
        return null;
    }

    string? ChooseDatabases(string list, int databases)
    {
        var numbers = new SortedSet<int>();
        foreach (var text in list.Split(','))
        {
            if (!Numbers.TryParseInt64(ConfigText.ToBytes(text), out var number)) return AclReasons.Syntax;
            if (number < 0 || number >= databases) return AclReasons.DatabaseRange;
            numbers.Add((int)number);
        }
        SetDatabases(all: false);
        _databases.AddRange(numbers);
        return null;
    }

    string? ChangeCategory(string rule)
    {
        var category = CommandNames.FindCategory(rule.AsSpan(2));
        if (category == AclCategory.None) return AclReasons.UnknownCommand;
        var allow = rule[0] == '+';
        NoteRule(rule[1..], allow);
        foreach (var command in _names.All)
        {
            if ((command.EffectiveAclCategories & category) != 0) Change(command, allow);
        }
        return null;
    }

    string? ChangeCommand(string rule)
    {
        var (name, allow) = (rule[1..], rule[0] == '+');
        if (_names.Find(name) is { } command)
        {
            Change(command, allow);
            NoteRule(command.FullName, allow);
            return null;
        }
        var bar = name.LastIndexOf('|');
        if (!allow || bar < 0 || _names.Find(name[..bar]) is not { } container) return AclReasons.UnknownCommand;
        if (container.Parent is not null) return AclReasons.FirstArgument;
        if (bar == name.Length - 1) return AclReasons.Syntax;
        if (container.IsContainer) return AclReasons.UnknownCommand;
        var argument = name[(bar + 1)..];
        if (!_firstArguments.TryGetValue(container.Ordinal, out var allowed)) _firstArguments[container.Ordinal] = allowed = [];
        if (!allowed.Exists(known => Is(known, argument))) allowed.Add(argument);
        NoteRule(name, allow);
        return null;
    }

    /// <summary>Allows or denies a command, and with a container its subcommands.</summary>
    void Change(CommandSpec command, bool allow)
    {
        Set(command.Ordinal, allow);
        _firstArguments.Remove(command.Ordinal);
        foreach (var subcommand in command.Subcommands) Set(subcommand.Ordinal, allow);
    }

    void Set(int ordinal, bool allow)
    {
        var bit = 1UL << (ordinal & 63);
        if (allow)
        {
            _commands[ordinal >> 6] |= bit;
            return;
        }
        _commands[ordinal >> 6] &= ~bit;
        AllCommands = false;
    }

    /// <summary>Keeps a rule about commands, in place of an earlier one about the same and about its subcommands.</summary>
    void NoteRule(string rule, bool allow)
    {
        rule = rule.ToLowerInvariant();
        _commandRules.RemoveAll(known => known.AsSpan(1).StartsWith(rule) && (known.Length == rule.Length + 1 || known[rule.Length + 1] == '|'));
        _commandRules.Add((allow ? "+" : "-") + rule);
    }
}
