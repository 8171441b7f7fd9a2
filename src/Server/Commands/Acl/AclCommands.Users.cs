using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Acl;

/// <summary>ACL LIST, USERS, GETUSER, SETUSER, DELUSER and DRYRUN.</summary>
static partial class AclCommands
{
    static Command ListSpec => Subcommand("LIST", 2, "Tells what rules all users have.",
        "O(N) where N is the number of users", List, flags: OfAdmin);

    static Command UsersSpec => Subcommand("USERS", 2, "Lists the names of all users.",
        "O(N) where N is the number of users", ListNames, flags: OfAdmin);

    static Command GetUserSpec => new()
    {
        Name = "GETUSER", Group = CommandGroup.Server, Since = "6.0.0", Complexity = "O(N) where N is the number of the user's rules",
        Summary = "Tells what rules a user has.",
        History = [("6.2.0", "Shows patterns of channels."), ("7.0.0", "Shows selectors, and patterns with their rights.")],
        Arity = 3, Flags = OfAdmin, Args = [Arg.String("username")], Run = GetUser,
    };

    static Command SetUserSpec => new()
    {
        Name = "SETUSER", Group = CommandGroup.Server, Since = "6.0.0", Complexity = "O(N) where N is the number of rules",
        Summary = "Makes a user, or changes the rules of one.",
        History = [("6.2.0", "Takes patterns of channels."), ("7.0.0", "Takes selectors, and rights to read or write keys.")],
        Arity = -3, Flags = OfAdmin, Args = [Arg.String("username"), Arg.String("rule").Optional().Multiple()],
        Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
        Run = SetUser,
    };

    static Command DelUserSpec => new()
    {
        Name = "DELUSER", Group = CommandGroup.Server, Since = "6.0.0", Complexity = "O(N) where N is the number of clients",
        Summary = "Removes users, and closes their connections.",
        Arity = -3, Flags = OfAdmin, Args = [Arg.String("username").Multiple()],
        Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
        Run = DelUser,
    };

    static Command DryRunSpec => new()
    {
        Name = "DRYRUN", Group = CommandGroup.Server, Since = "7.0.0", Complexity = "O(1)",
        Summary = "Tells whether a user may run a command, without running it.",
        Arity = -4, Flags = OfAdmin,
        Args = [Arg.String("username"), Arg.String("command"), Arg.String("arg").Optional().Multiple()],
        Run = DryRun,
    };

    static void List(ref CommandContext c)
    {
        c.Reply.Array(c.Server.Users.All.Count);
        foreach (var user in c.Server.Users.All) c.Reply.Bulk(ConfigText.ToBytes(Users.LineOf(user)));
    }

    static void ListNames(ref CommandContext c)
    {
        c.Reply.Array(c.Server.Users.All.Count);
        foreach (var user in c.Server.Users.All) c.Reply.Bulk(user.Name);
    }

    static void GetUser(ref CommandContext c)
    {
        c.Redact(2);
        if (c.Server.Users.Find(c.Arg(2)) is not { } user)
        {
            c.Reply.Null();
            return;
        }
        var (reply, rules) = (c.Reply, user.Rules);
        reply.Map(7);
        reply.Bulk("flags"u8);
        string[] flags = [.. rules.Flags];
        reply.Set(flags.Length);
        foreach (var flag in flags) reply.Bulk(flag);
        reply.Bulk("passwords"u8);
        reply.Array(rules.Passwords.Count);
        foreach (var hash in rules.Passwords) reply.Bulk(hash);
        WriteRights(reply, rules.Root);
        reply.Bulk("selectors"u8);
        reply.Array(rules.Selectors.Count - 1);
        foreach (var selector in rules.Selectors.Skip(1))
        {
            reply.Map(4);
            WriteRights(reply, selector);
        }
    }

    static void WriteRights(ReplyWriter reply, Selector selector)
    {
        reply.Bulk("commands"u8);
        reply.Bulk(ConfigText.ToBytes(selector.DescribeCommands()));
        reply.Bulk("keys"u8);
        reply.Bulk(ConfigText.ToBytes(selector.DescribeKeys()));
        reply.Bulk("channels"u8);
        reply.Bulk(ConfigText.ToBytes(selector.DescribeChannels()));
        reply.Bulk("databases"u8);
        reply.Bulk(selector.DescribeDatabases());
    }

    static void SetUser(ref CommandContext c)
    {
        for (var i = 2; i < c.Count; i++) c.Redact(i);
        var name = c.Arg(2);
        if (UserRules.HasSpaces(ConfigText.FromBytes(name)))
        {
            c.Fail(Errors.UserName);
            return;
        }
        var words = new List<string>(c.Count - 3);
        for (var i = 3; i < c.Count; i++) words.Add(ConfigText.FromBytes(c.Arg(i)));
        var user = c.Server.Users.Find(name);
        if (!c.Server.Users.TryChange(user, words, out var rules, out var error))
        {
            c.Fail(error);
            return;
        }
        foreach (var rule in rules.Selectors.SelectMany(selector => selector.FirstArgumentRules).Intersect(words))
            c.Server.Log.AclFirstArgument(rule);
        if (user is null) c.Server.Users.Add(name.ToArray(), rules);
        else
        {
            UsersClients.CloseWhatMayNotListen(ref c, user, rules);
            user.Rules = rules;
        }
        c.Reply.Ok();
    }

    static void DelUser(ref CommandContext c)
    {
        var isDefaultNamed = false;
        for (var i = 2; i < c.Count; i++)
        {
            c.Redact(i);
            isDefaultNamed |= c.Arg(i).SequenceEqual(Users.DefaultName);
        }
        if (isDefaultNamed)
        {
            c.Fail(Errors.DefaultUserStays);
            return;
        }
        var removed = 0;
        for (var i = 2; i < c.Count; i++)
        {
            if (c.Server.Users.Remove(c.Arg(i)) is not { } user) continue;
            UsersClients.Close(ref c, user);
            removed++;
        }
        c.Reply.Integer(removed);
    }

    static void DryRun(ref CommandContext c)
    {
        if (c.Server.Users.Find(c.Arg(2)) is not { } user)
        {
            c.Fail(Errors.UserNotFound(c.Arg(2)));
            return;
        }
        var request = c.Request.Skip(3);
        if (c.Server.Runner.Find(request) is not { } command)
        {
            c.Fail(Errors.CommandNotFound(request[0]));
            return;
        }
        if (!command.AcceptsCount(request.Count))
        {
            c.Fail(Errors.WrongArity(command.FullName));
            return;
        }
        var denial = user.IsRestricted ? AccessCheck.Check(user, command, request, c.Database.Number) : default;
        if (denial.IsAllowed) c.Reply.Ok();
        else c.Reply.Bulk(denial.DetailedText(user, command, request));
    }
}
