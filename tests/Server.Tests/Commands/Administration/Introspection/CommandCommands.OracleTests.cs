using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Administration.Introspection;

/// <summary>
/// What COMMAND says of each command, compared with redis-server. Debian's is 7.0.15; where 7.4 or Valkey 8.1 say something
/// else, the declaration follows them and the difference is listed here.
/// </summary>
public sealed class CommandCommandsOracleTests
{
    static readonly string[] s_fields =
        ["name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specs"];

    /// <summary>"command field": what is expected to differ. "command" alone: 7.0.15 does not know it.</summary>
    static readonly HashSet<string> s_known = new(StringComparer.Ordinal)
    {
        // Newer than 7.0.
        "digest", "delifeq", "delex", "msetex", "increx", "cl.throttle", "client|setinfo", "client|no-touch", "client|capa", "client|import-source",
        "cache.set", "cache.get", "cache.lease", "cache.tag", "cache.info", "cache.purge", "cache.stale", "cache.restore", "cache.log",
        "cache.stats", "cache.policy", "cache.policy|set", "cache.policy|del", "cache.policy|list", "cache.policy|help",
        "hotkeys", "hotkeys|get", "hotkeys|reset", "hotkeys|start", "hotkeys|stop", "hotkeys|help",
        "commandlog", "commandlog|get", "commandlog|len", "commandlog|reset", "commandlog|help",
        "xdelex", "xackdel", "waitaof", "cluster|myshardid",
        // Since 7.2 it may be called by scripts, which it does not make wait.
        "wait flags", "wait categories",
        // Deadlines of fields came with 7.4, their combinations with reading and setting with 8.0.
        "hexpire", "hpexpire", "hexpireat", "hpexpireat", "hpersist", "httl", "hpttl", "hexpiretime", "hpexpiretime",
        "hgetex", "hsetex", "hgetdel",
        // Valkey 8's.
        "script|show", "cluster|slot-stats",
        // Valkey 9's.
        "cluster|migrateslots", "cluster|cancelslotmigrations", "cluster|getslotmigrations", "cluster|syncslots",
        // Later versions: more or fewer tips.
        "msetnx tips", "scan tips", "randomkey tips", "client|setname tips", "config|resetstat tips",
        "acl|setuser tips", "acl|deluser tips",
        // Later versions: a command line without arguments is asked about, too, and the arguments are documented.
        "command|getkeys arity", "command|getkeysandflags arity", "command|getkeys arguments", "command|getkeysandflags arguments",
        // Later versions: may be called by scripts, where they do not wait.
        "blpop flags", "brpop flags", "blmove flags", "brpoplpush flags", "bzpopmin flags", "bzpopmax flags",
        // Later versions: more options, or the same ones nested in another way.
        "set arguments", "hscan arguments", "psubscribe arguments", "client|list arguments", "client|kill arguments", "bitcount arguments", "bitpos arguments",
        "bitop arguments", "bitfield arguments", "module|loadex arguments", "pfmerge arguments", "bgsave arguments",
        "xadd arguments", "xtrim arguments", "xinfo|stream arguments", "cluster|setslot arguments", "cluster|setslot flags",
        "cluster|replicate arity", "cluster|replicate arguments",
        "zrank arity", "zrank arguments", "zrevrank arity", "zrevrank arguments", "zscan arguments",
        "zunion arguments", "zunionstore arguments", "zinter arguments", "zinterstore arguments",
        "geopos arguments", "geohash arguments", "georadius arguments", "georadiusbymember arguments",
        // Later versions: names of units in lower case.
        "geodist arguments", "geosearch arguments", "geosearchstore arguments", "georadius_ro arguments", "georadiusbymember_ro arguments",
        // Later versions: the result replaces what was there.
        "sinterstore key specs",
        // Later versions: answered while the data are loaded, too.
        "cluster|info flags", "cluster|myid flags", "cluster|nodes flags", "cluster|shards flags", "cluster|slots flags",
        // Later versions: deprecated, or its history corrected.
        "setnx deprecated_since", "setnx doc_flags", "setex deprecated_since", "setex doc_flags", "psetex deprecated_since",
        "psetex doc_flags", "quit deprecated_since", "quit doc_flags", "client|pause since",
    };

    static Dictionary<string, object?[]> Describe(RawClient client)
    {
        var all = new Dictionary<string, object?[]>(StringComparer.Ordinal);
        foreach (var command in (object?[])client.CallTree("COMMAND")!) Add((object?[])command!);
        return all;

        void Add(object?[] command)
        {
            all.Add((string)command[0]!, command);
            foreach (var subcommand in (object?[])command[9]!) Add((object?[])subcommand!);
        }
    }

    [RedisServerFact]
    public void Commands_are_declared_as_redis_declares_them()
    {
        using var oracle = new RedisServerProcess();
        using var redis = oracle.Connect();
        using var server = new TestServer();
        using var client = server.Connect();
        var theirs = Describe(redis);
        var differences = new List<string>();
        foreach (var (name, ours) in Describe(client))
        {
            if (!theirs.TryGetValue(name, out var known))
            {
                differences.Add(name);
                continue;
            }
            for (var i = 1; i < s_fields.Length; i++)
            {
                var (mine, redisSays) = (Text(ours[i], ordered: i == 8), Text(known[i], ordered: i == 8));
                if (mine != redisSays) differences.Add($"{name} {s_fields[i]}: {mine} instead of {redisSays}");
            }
        }
        AssertKnown(differences);
    }

    [RedisServerFact]
    public void Arguments_are_documented_as_redis_documents_them()
    {
        using var oracle = new RedisServerProcess();
        using var redis = oracle.Connect();
        using var server = new TestServer();
        using var client = server.Connect();
        var theirs = Documented(redis);
        var differences = new List<string>();
        foreach (var (name, ours) in Documented(client))
        {
            if (!theirs.TryGetValue(name, out var known)) continue;
            foreach (var field in new[] { "since", "group", "arguments", "deprecated_since", "doc_flags" })
            {
                var (mine, redisSays) = (Text(ours.GetValueOrDefault(field), ordered: true), Text(known.GetValueOrDefault(field), ordered: true));
                if (mine != redisSays) differences.Add($"{name} {field}: {mine} instead of {redisSays}");
            }
        }
        AssertKnown(differences);
    }

    static void AssertKnown(List<string> differences)
    {
        differences.RemoveAll(d => s_known.Contains(d.Split(':')[0]));
        Assert.True(
            differences.Count == 0, "not as redis-server 7.0.15 has it; what is meant goes into s_known, with its reason:\n" + string.Join('\n', differences));
    }

    static Dictionary<string, Dictionary<string, object?>> Documented(RawClient client)
    {
        var all = new Dictionary<string, Dictionary<string, object?>>(StringComparer.Ordinal);
        Add((object?[])client.CallTree("COMMAND DOCS")!);
        return all;

        void Add(object?[] commands)
        {
            for (var i = 0; i < commands.Length; i += 2)
            {
                var fields = Fields((object?[])commands[i + 1]!);
                all.Add((string)commands[i]!, fields);
                if (fields.TryGetValue("subcommands", out var subcommands)) Add((object?[])subcommands!);
            }
        }
    }

    static Dictionary<string, object?> Fields(object?[] map) =>
        Enumerable.Range(0, map.Length / 2).ToDictionary(i => (string)map[i * 2]!, i => map[i * 2 + 1]);

    /// <summary>Without text for people, to which the names of arguments belong: later versions changed many.</summary>
    static string Text(object? value, bool ordered)
    {
        if (value is not object?[] list) return Convert.ToString(value, CultureInfo.InvariantCulture) ?? "null";
        var parts = new List<string>();
        for (var i = 0; i < list.Length; i++)
        {
            if (list[i] is "display_text" or "notes" or "name") i++;
            else parts.Add(Text(list[i], ordered));
        }
        if (!ordered) parts.Sort(StringComparer.Ordinal);
        return "(" + string.Join(' ', parts) + ")";
    }
}
