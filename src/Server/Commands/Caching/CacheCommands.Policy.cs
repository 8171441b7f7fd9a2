using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.POLICY: how long keys live by their prefix. See <see cref="Server.Keys.KeyPolicies"/>.</summary>
static partial class CacheCommands
{
    const CommandFlags Settings = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;

    static readonly Command PolicySpec = new()
    {
        Name = "CACHE.POLICY", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "Depends on subcommand.",
        Summary = "A container for commands about the lifetimes of keys by their prefix.",
        Arity = -2,
        Subcommands =
        [
            new Command
            {
                Name = "SET", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(N) where N is the number of policies",
                Summary = "Says how long keys with a prefix live, in place of what was said before.",
                Arity = -3, Flags = Settings,
                Args =
                [
                    Arg.String("prefix"),
                    Arg.Integer("seconds").After("TTL").Optional(), Arg.Integer("max-seconds").After("MAXTTL").Optional(),
                    Arg.Integer("negative-seconds").After("NEGTTL").Optional(), Arg.Integer("stale-seconds").After("STALE").Optional(),
                    Arg.Integer("percent").After("JITTER").Optional(),
                ],
                Tips = ["request_policy:all_nodes", "response_policy:all_succeeded"],
                Run = PolicySet,
            },
            new Command
            {
                Name = "DEL", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(N) where N is the number of policies",
                Summary = "Deletes the policy of a prefix. Deadlines that it gave stay.",
                Arity = 3, Flags = Settings,
                Args = [Arg.String("prefix")],
                Tips = ["request_policy:all_nodes", "response_policy:agg_max"],
                Run = PolicyDel,
            },
            new Command
            {
                Name = "LIST", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(N) where N is the number of policies",
                Summary = "Answers all policies in the order of their prefixes.",
                Arity = 2, Flags = Settings,
                Run = PolicyList,
            },
            Help.Subcommand(ServerVersion.Own, CommandGroup.Cache,
                ("SET <prefix> [TTL <s>] [MAXTTL <s>] [NEGTTL <s>] [STALE <s>] [JITTER <percent>]",
                    "Keys that begin with <prefix> live for TTL unless their command says otherwise, and for MAXTTL at most. NEGTTL is for "
                    + "CACHE.SET NEGATIVE, STALE the stale window of CACHE.SET. JITTER takes a random part off relative lifetimes."),
                ("DEL <prefix>", "Deletes a policy."),
                ("LIST", "Answers all policies.")),
        ],
    };

    static void PolicySet(ref CommandContext c)
    {
        var words = new string[c.Count - 2];
        for (var i = 0; i < words.Length; i++) words[i] = ConfigText.FromBytes(c.Arg(i + 2));
        var refused = CachePolicy.Read(words, out var policy)
            ?? CachePolicy.TryReplace(c.Server.Config, [.. c.Server.Config.Caching.CachePolicies, policy!]);
        if (refused is not null)
        {
            c.Fail(Errors.PolicyRefused(refused));
            return;
        }
        c.Server.FollowPolicies();
        c.Reply.Ok();
    }

    static void PolicyDel(ref CommandContext c)
    {
        var prefix = ConfigText.FromBytes(c.Arg(2));
        var caching = c.Server.Config.Caching;
        var before = caching.CachePolicies.Length;
        caching.CachePolicies = Array.FindAll(caching.CachePolicies, policy => policy.Prefix != prefix);
        c.Server.FollowPolicies();
        c.Reply.Integer(before - caching.CachePolicies.Length);
    }

    static void PolicyList(ref CommandContext c)
    {
        var policies = c.Server.Config.Caching.CachePolicies;
        c.Reply.Array(policies.Length);
        foreach (var policy in policies)
        {
            c.Reply.Map(1 + policy.Options.Count());
            c.Reply.Bulk("prefix"u8);
            c.Reply.Bulk(ConfigText.ToBytes(policy.Prefix));
            foreach (var (name, value) in policy.Options)
            {
                c.Reply.Bulk(ConfigText.ToBytes(name));
                c.Reply.Integer(value);
            }
        }
    }
}
