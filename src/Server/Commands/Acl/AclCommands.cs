using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Acl;

/// <summary>ACL: users and their rights. The rules themselves are in the room Acl.</summary>
static partial class AclCommands
{
    const CommandFlags OfAll = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Sentinel;
    const CommandFlags OfAdmin = OfAll | CommandFlags.Admin;

    public static IEnumerable<Command> All => [AclSpec];

    // The subcommands of other files are properties, since static fields of other files may be initialized after this one.
    static readonly Command AclSpec = new()
    {
        Name = "ACL", Group = CommandGroup.Server, Since = "6.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about users and their rights.",
        Arity = -2, Flags = CommandFlags.Sentinel,
        Subcommands =
        [
            Subcommand("WHOAMI", 2, "Tells the name of the connection's user.", "O(1)", WhoAmI),
            Subcommand("CAT", -2, "Lists the categories of commands, or the commands of one.", "O(1), or O(N) for a category's N commands",
                Categories, [Arg.String("category").Optional()]),
            Subcommand("GENPASS", -2, "Makes up a password.", "O(1)", GeneratePassword, [Arg.Integer("bits").Optional()]),
            // AclCommands.Users.cs
            ListSpec, UsersSpec, GetUserSpec, SetUserSpec, DelUserSpec, DryRunSpec,
            // AclCommands.File.cs
            LoadSpec, SaveSpec,
            // AclCommands.Log.cs
            LogSpec,
            HelpSpec,
        ],
    };

    static Command Subcommand(string name, int arity, string summary, string complexity, CommandHandler run, Arg[]? args = null,
        CommandFlags flags = OfAll) => new()
    {
        Name = name, Group = CommandGroup.Server, Since = "6.0.0", Complexity = complexity, Summary = summary,
        Arity = arity, Flags = flags, Args = args ?? [], Run = run,
    };

    static Command HelpSpec => Help.Subcommand("6.0.0", CommandGroup.Server,
        ("CAT [<category>]", "Lists the categories of commands, or the commands of one."),
        ("DELUSER <username> [<username> ...]", "Removes users, and closes their connections."),
        ("DRYRUN <username> <command> [<arg> ...]", "Tells whether a user may run a command, without running it."),
        ("GENPASS [<bits>]", "Makes up a password of <bits> random bits (default: 256)."),
        ("GETUSER <username>", "Tells what rules a user has."),
        ("LIST", "Tells what rules all users have, in the form of a configuration file."),
        ("LOAD", "Replaces the users by those of the ACL file."),
        ("LOG [<count> | RESET]", "Lists the latest refusals, or forgets them."),
        ("SAVE", "Writes the users to the ACL file."),
        ("SETUSER <username> <rule> [<rule> ...]", "Makes a user, or changes the rules of one."),
        ("USERS", "Lists the names of all users."),
        ("WHOAMI", "Tells the name of this connection's user."));

    static void WhoAmI(ref CommandContext c) => c.Reply.Bulk(c.Client.User.Name);

    static void Categories(ref CommandContext c)
    {
        if (c.Count > 3)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "ACL"));
            return;
        }
        if (c.Count == 2)
        {
            c.Reply.Array(FlagNames.AclCategories.Length);
            foreach (var (_, name) in FlagNames.AclCategories) c.Reply.Bulk(name);
            return;
        }
        var category = CommandNames.FindCategory(System.Text.Encoding.Latin1.GetString(c.Arg(2)));
        if (category == AclCategory.None)
        {
            c.Fail(Errors.UnknownCategory(c.Arg(2)));
            return;
        }
        var commands = c.Server.AclLimits.Names.All.FindAll(command => (command.EffectiveAclCategories & category) != 0);
        c.Reply.Array(commands.Count);
        foreach (var command in commands) c.Reply.Bulk(command.FullName);
    }

    static void GeneratePassword(ref CommandContext c)
    {
        const int DefaultBits = 256, MostBits = 4096, BitsPerDigit = 4;
        long bits = DefaultBits;
        if (c.Count > 3)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "ACL"));
            return;
        }
        if (c.Count == 3 && !c.TryInteger(2, out bits)) return;
        if (bits is <= 0 or > MostBits)
        {
            c.Fail(Errors.GeneratedPasswordBits);
            return;
        }
        var digits = (int)(bits + BitsPerDigit - 1) / BitsPerDigit;
        var words = new ulong[MostBits / 64];
        SystemRandom.Fill(words);
        c.Reply.Bulk(Convert.ToHexStringLower(MemoryMarshal.AsBytes<ulong>(words))[..digits]);
    }
}
