using MiniRedis.Resp;

namespace MiniRedis.Server.Acl;

/// <summary>
/// The commands under the names that rules use: the declared ones, "get" and "config|set", in any case. rename-command changes none
/// of them, so that a rule means the same on every server.
/// </summary>
sealed class CommandNames
{
    readonly Dictionary<string, CommandSpec> _byName = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="commands">All commands, before any is renamed; their subcommands come with them.</param>
    public CommandNames(IEnumerable<CommandSpec> commands)
    {
        foreach (var command in commands)
        {
            All.Add(command);
            All.AddRange(command.Subcommands);
        }
        foreach (var command in All) _byName.Add(command.FullName, command);
        Count = All.Max(command => command.Ordinal) + 1;
    }

    /// <summary>Commands and subcommands.</summary>
    public List<CommandSpec> All { get; } = [];

    /// <summary>Above every <see cref="CommandSpec.Ordinal"/>.</summary>
    public int Count { get; }

    public CommandSpec? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The category of that name (without '@'), in any case; none if there is no such category.</summary>
    public static AclCategory FindCategory(ReadOnlySpan<char> name)
    {
        foreach (var (category, known) in FlagNames.AclCategories)
        {
            if (name.Equals(known, StringComparison.OrdinalIgnoreCase)) return category;
        }
        return AclCategory.None;
    }
}
