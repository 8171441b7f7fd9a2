using System.Text.RegularExpressions;
using MiniRedis.Server.Commands;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// What users may do, asked of MiniRedis and of a real redis-server: every command with every category, and random rules with random
/// commands. The texts of 7.0 were made shorter later, so answers are compared by what is refused. MINIREDIS_FUZZ_SEED replays a failure.
/// </summary>
public sealed partial class AclFuzzTests(ITestOutputHelper output)
{
    const int Rounds = 150, CallsEach = 60, Pipelined = 100;

    static readonly string[] s_keys = ["ka", "rb", "wc", "xd"];

    /// <summary>Rights to keys, channels and single commands, for each of which all commands are asked.</summary>
    static readonly string[] s_rights =
    [
        "+@all", "+@all ~*", "+@all &*", "+@all ~k*", "+@all %R~r* ~k*", "+@all %W~w* ~k*", "+@all %R~r* %W~w*", "+@all ~ka ~rb ~wc &ka",
        "+@all ~[kr]? &k? &r*", "+@read ~* (+@write ~k* %R~r*) (+@all ~x*)", "+get (+set ~k*) (+@all -@admin %RW~x*)", "allkeys +config|get +select|0",
        "+@all -config|set -client ~*", "+@all &k* &r*", "-@all +publish +psubscribe &k*",
    ];

    [RedisServerFact]
    public void Every_command_is_allowed_to_whom_redis_server_allows_it()
    {
        var random = new Random(1);
        using var oracle = new RedisServerProcess();
        using var server = new TestServer("enable-debug-command yes");
        using var theirs = oracle.Connect();
        using var ours = server.Connect();
        var known = ((object?[])theirs.CallTree("COMMAND LIST")!).Cast<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        var categories = ((object?[])theirs.CallTree("ACL CAT")!).Cast<string>().ToArray();
        string[] rules = [.. categories.SelectMany(c => (string[])[$"+@{c} ~* &*", $"+@all -@{c} ~* &*"]), .. s_rights];
        var requests = Requests(random).Where(words => known.Contains(words[0])).ToArray();
        var differences = new List<string>();
        var compared = 0;
        foreach (var rule in rules)
        {
            var create = $"ACL SETUSER u reset on {rule}";
            Assert.Equal("+OK", theirs.Call(create));
            Assert.Equal("+OK", ours.Call(create));
            foreach (var chunk in requests.Chunk(Pipelined))
            {
                var bytes = string.Concat(chunk.Select(words => RawClient.Encode(["ACL", "DRYRUN", "u", .. words])));
                theirs.SendRaw(bytes);
                ours.SendRaw(bytes);
                foreach (var words in chunk)
                {
                    var (right, mine) = (Meaning(theirs.Read()), Meaning(ours.Read()));
                    // What 7.0 does not know: newer subcommands, and newer options of commands that took none.
                    if (right.StartsWith("-ERR ", StringComparison.Ordinal)) continue;
                    // Its search for keys gives up where an optional rest is empty, and lets anybody merge into a key of no rights.
                    if (words is ["PFMERGE", _]) continue;
                    // A command that blocks since 7.2.
                    if (words is ["WAIT", ..]) continue;
                    compared++;
                    if (right != mine) differences.Add($"{rule}: {string.Join(' ', words)}: {mine} instead of {right}");
                }
            }
        }
        output.WriteLine($"{rules.Length} users, {requests.Length} requests each, {compared} compared");
        Assert.True(compared > rules.Length * requests.Length * 9 / 10);
        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(60)));
    }

    /// <summary>Two forms of each command, the keys of the second mixed, and words that may be channels.</summary>
    static IEnumerable<string[]> Requests(Random random)
    {
        foreach (var command in CommandRegistry.CreateTable().All.SelectMany(c => c.IsCallable ? [c] : c.Subcommands))
        {
            var forms = ArgumentForms.Of(command).ToArray();
            foreach (var form in (string[][])[forms[0], forms[^1], forms[^1]])
                yield return [.. form.Select(word => word is "key" or "channel" or "shardchannel" or "pattern" ? s_keys[random.Next(s_keys.Length)] : word)];
        }
        foreach (var channel in s_keys)
        {
            yield return ["PUBLISH", channel, "m"];
            yield return ["SUBSCRIBE", "ka", channel];
            yield return ["PSUBSCRIBE", channel[..1] + "*"];
            yield return ["SPUBLISH", channel, "m"];
            yield return ["SSUBSCRIBE", channel];
            yield return ["UNSUBSCRIBE", channel];
            yield return ["SORT", channel, "STORE", "ka"];
            yield return ["EVAL", "return 1", "2", "ka", channel];
        }
    }

    [RedisServerFact]
    public void Random_users_are_refused_what_redis_server_refuses()
    {
        var seed = RunSettings.Seed;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var oracle = new RedisServerProcess(null, "--save", "");
        using var server = new TestServer("", realTime: true);
        using var theirs = oracle.Connect();
        using var ours = server.Connect();
        var (refused, allowed) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var rules = Rules(random);
            Both("ACL LOG RESET");
            Both($"ACL SETUSER u reset on >p {rules}");
            using var theirUser = oracle.Connect();
            using var ourUser = server.Connect();
            for (var call = 0; call < CallsEach; call++)
            {
                var command = call == 0 ? "AUTH u p" : Next(random);
                var (right, mine) = (Meaning(theirUser.Call(command)), Meaning(ourUser.Call(command)));
                Assert.True(right == mine, $"seed {seed}, round {round}: {rules}\n{command}: {mine} instead of {right}");
                _ = right.StartsWith("NOPERM", StringComparison.Ordinal) ? refused++ : allowed++;
                if (random.Next(20) != 0) continue;
                Both($"ACL SETUSER u {Rule(random)}");
            }
            Assert.Equal(Log(theirs), Log(ours));
            Both("FLUSHALL");
        }
        output.WriteLine($"{refused} refused, {allowed} not");
        Assert.True(refused > 1000 && allowed > 1000);

        void Both(string command) => Assert.True(theirs.Call(command) == ours.Call(command), command);
    }

    static string Rules(Random random) => string.Join(' ', Enumerable.Range(0, random.Next(1, 6)).Select(_ => Rule(random)));

    static string Rule(Random random) => random.Next(9) switch
    {
        0 => Pick(random, "+@read", "+@write", "+@all", "-@dangerous", "-@write", "+@keyspace", "-@slow", "+@fast", "+@transaction", "-@all"),
        1 or 2 => Pick(random, "+get", "+set", "-get", "-set", "+eval", "+multi", "+exec", "+select|0", "+select", "-select", "+object|encoding", "+mget"),
        3 or 4 => "resetkeys",
        5 => Pick(random, "allkeys", "resetchannels", "allchannels", "clearselectors"),
        6 => $"({Pick(random, "+@read", "+@write", "+get", "+@all")} {Pick(random, "~k*", "%R~r*", "%W~w*", "~x?", "allkeys")})",
        _ => "resetkeys " + Pick(random, "~k*", "~ka", "%R~r*", "%W~w*", "~[rw]?", "~*", "%R~*", "~nothing"),
    };

    static string Next(Random random) => Fill(random, Pick(random,
        "GET K", "SET K 1", "SET K 1 GET", "MGET K K", "MSET K 1 K 2", "DEL K K", "RENAME K K", "COPY K K", "INCR K", "EXPIRE K 100", "TYPE K", "DBSIZE",
        "OBJECT ENCODING K", "SELECT 0", "SELECT 1", "LPUSH K 1", "LMOVE K K LEFT RIGHT", "SADD K 1", "SINTERSTORE K K K", "ZADD K 1 m", "ZRANGESTORE K K 0 1",
        "ZUNION 2 K K", "HSET K f 1", "XADD K 1-1 f 1", "SORT K STORE K", "BITOP NOT K K", "GEORADIUS K 1 1 1 m STORE K", "PUBLISH K m", "SPUBLISH K m",
        "MULTI", "EXEC", "DISCARD", "WATCH K", "UNWATCH", "EVAL 'return redis.pcall(\"set\",KEYS[1],1)' 1 K", "EVAL 'return redis.pcall(\"get\",ARGV[1])' 0 K",
        "EVAL 'return redis.acl_check_cmd(\"set\",ARGV[1],1)' 0 K", "EVAL_RO 'return redis.pcall(\"type\",KEYS[1])' 1 K", "CONFIG GET maxmemory",
        "CLIENT GETNAME", "ACL WHOAMI", "PING", "KEYS nothing", "AUTH u p", "AUTH u wrong", "NOSUCH K", "GET"));

    static string Fill(Random random, string command) => LoneK().Replace(command, _ => s_keys[random.Next(s_keys.Length)]);

    static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];

    /// <summary>What an answer says about rights; any other answer as it is.</summary>
    static string Meaning(string reply)
    {
        var inScript = reply.Contains("script", StringComparison.Ordinal) && reply.Contains("ERR", StringComparison.Ordinal);
        if (inScript && (ScriptDenial().IsMatch(reply) || reply.Contains("ACL failure in script", StringComparison.Ordinal))) return "NOPERM in script";
        if (Detailed().Match(reply) is { Success: true } detail) return $"NOPERM {detail.Groups[1].Value} {detail.Groups[2].Value}";
        if (reply.Contains("ACLs rules changed", StringComparison.Ordinal)) return "NOPERM in EXEC";
        if (NoKey().IsMatch(reply)) return "NOPERM key";
        return NoChannel().IsMatch(reply) ? "NOPERM channel" : reply;
    }

    static string Log(RawClient client) => string.Join('\n', ((object?[])client.CallTree("ACL LOG 200")!).Cast<object?[]>().Select(entry =>
        string.Join(' ', Enumerable.Range(0, entry.Length / 2).Where(i => entry[2 * i] is "count" or "reason" or "context" or "object" or "username")
            .Select(i => $"{entry[2 * i]}={entry[2 * i + 1]}"))));

    [GeneratedRegex("can't (run this command|access at least one of the)")]
    private static partial Regex ScriptDenial();

    [GeneratedRegex("no permissions to (run|access) the '(.*?)'")]
    private static partial Regex Detailed();

    [GeneratedRegex("NOPERM (this user has no permissions to access one of the keys|No permissions to access a key)")]
    private static partial Regex NoKey();

    [GeneratedRegex("NOPERM (this user has no permissions to access one of the channels|No permissions to access a channel)")]
    private static partial Regex NoChannel();

    [GeneratedRegex(@"(?<= )K(?= |$)")]
    private static partial Regex LoneK();
}
