using System.Globalization;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Acl;

/// <summary>
/// One set of rights: which commands on which keys, channels and databases. A user has one, the root, and any number more; a command
/// may run if one of them allows all of it. <see cref="Apply"/> (Selector.Rules.cs) changes it; it is not changed once a user has it.
/// </summary>
sealed partial class Selector
{
    readonly CommandNames _names;

    // A bit for each command, by its ordinal.
    readonly ulong[] _commands;

    // Allowed first arguments of commands whose bit is not set, by ordinal: "+select|0".
    readonly Dictionary<int, List<string>> _firstArguments = [];

    // The rules about commands since the last +@all or -@all, each with its sign. Later rules replace those that they make void.
    readonly List<string> _commandRules = [];

    // Whether the rules begin with +@all: commands that a later version brings are then allowed too.
    bool _startsFromAll;

    readonly List<byte[]> _channels = [];
    readonly List<int> _databases = [];

    /// <param name="names">The commands that rules may name.</param>
    /// <param name="allChannels">Whether it begins with all channels (acl-pubsub-default).</param>
    public Selector(CommandNames names, bool allChannels)
    {
        _names = names;
        _commands = new ulong[(names.Count + 63) / 64];
        Keys = new KeyRights();
        AllChannels = allChannels;
        AllDatabases = true;
    }

    Selector(Selector other)
    {
        _names = other._names;
        _commands = [.. other._commands];
        foreach (var (ordinal, arguments) in other._firstArguments) _firstArguments.Add(ordinal, [.. arguments]);
        _commandRules = [.. other._commandRules];
        _channels = [.. other._channels];
        _databases = [.. other._databases];
        Keys = other.Keys.Clone();
        (_startsFromAll, AllCommands) = (other._startsFromAll, other.AllCommands);
        (AllKeys, AllChannels, AllDatabases) = (other.AllKeys, other.AllChannels, other.AllDatabases);
    }

    public Selector Clone() => new(this);

    /// <summary>Whether no command is denied.</summary>
    public bool AllCommands { get; private set; }

    public bool AllKeys { get; private set; }

    public bool AllChannels { get; private set; }

    public bool AllDatabases { get; private set; }

    /// <summary>Whether there is nothing to check.</summary>
    public bool IsUnrestricted => AllCommands && AllKeys && AllChannels && AllDatabases;

    public KeyRights Keys { get; }

    /// <summary>Patterns; none if all channels are allowed.</summary>
    public List<byte[]> Channels => _channels;

    /// <summary>Whether the command may run, its arguments but the first left aside.</summary>
    public bool AllowsCommand(CommandSpec command, in Request request) =>
        AllCommands || (command.Flags & CommandFlags.NoAuth) != 0 || IsSet(command.Ordinal) || AllowsFirstArgument(command, request);

    bool AllowsFirstArgument(CommandSpec command, in Request request)
    {
        // Behind its name, or its subcommand's.
        var at = command.Parent is null ? 1 : 2;
        if (at >= request.Count || !_firstArguments.TryGetValue(command.Ordinal, out var allowed)) return false;
        foreach (var argument in allowed)
        {
            if (Ascii.EqualsIgnoreCase(request[at], argument)) return true;
        }
        return false;
    }

    /// <summary>Whether every key may be used so.</summary>
    public bool AllowsEveryKey(KeyRight needed) => AllKeys || Keys.AllowsEvery(needed);

    public bool AllowsDatabase(int number) => AllDatabases || _databases.Contains(number);

    public bool AllowsChannel(ReadOnlySpan<byte> channel, bool isPattern) => AllChannels || AllowsChannel(_channels, channel, isPattern);

    /// <summary>Whether a list of patterns allows a channel. A pattern of channels must be in the list as it is.</summary>
    public static bool AllowsChannel(List<byte[]> allowed, ReadOnlySpan<byte> channel, bool isPattern)
    {
        foreach (var pattern in allowed)
        {
            if (isPattern ? channel.SequenceEqual(pattern) : Glob.IsMatch(pattern, channel)) return true;
        }
        return false;
    }

    /// <summary>The rules about commands, as ACL GETUSER shows them: from +@all or -@all on.</summary>
    public string DescribeCommands() => string.Join(' ', _commandRules.Prepend(_startsFromAll ? "+@all" : "-@all"));

    /// <summary>The rules about keys.</summary>
    public string DescribeKeys() => AllKeys ? "~*" : string.Join(' ', Keys.Rules);

    /// <summary>The rules about channels.</summary>
    public string DescribeChannels() => AllChannels ? "&*" : string.Join(' ', _channels.Select(ChannelRule));

    /// <summary>The rule about databases.</summary>
    public string DescribeDatabases() => AllDatabases ? "alldbs"
        : _databases.Count == 0 ? "resetdbs"
        : "db=" + string.Join(',', _databases.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    /// <summary>All rules, so that a new selector that is given them is as this one.</summary>
    public string Describe()
    {
        var rules = new List<string>();
        if (AllKeys) rules.Add("~*");
        else rules.AddRange(Keys.Rules);
        if (AllChannels) rules.Add("&*");
        else rules.AddRange(_channels.Select(ChannelRule).Prepend("resetchannels"));
        // Left out where they say nothing, so that servers without them read the rules.
        if (!AllDatabases) rules.Add(DescribeDatabases());
        rules.Add(DescribeCommands());
        return string.Join(' ', rules);
    }

    static string ChannelRule(byte[] pattern) => "&" + ConfigText.FromBytes(pattern);

    bool IsSet(int ordinal) => (_commands[ordinal >> 6] >> (ordinal & 63) & 1) != 0;
}
