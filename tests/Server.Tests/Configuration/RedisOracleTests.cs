using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Tests.Configuration;

/// <summary>The same configuration, given to a real redis-server 7.0 and to ours, has the same outcome.</summary>
public class RedisOracleTests
{
    /// <summary>Defaults that differ from 7.0.15, with the reason.</summary>
    static readonly Dictionary<string, string> KnownDifferences = new()
    {
        ["port"] = "set by the test",
        ["unixsocket"] = "set by the test",
        ["dir"] = "set by the test",
        ["propagation-error-behavior"] = "a file whose commands fail is refused, unless the user says otherwise",
    };

    /// <summary>Names that 7.0.15 has for everyone and a later version hid.</summary>
    static readonly string[] HiddenSince70 = ["aof-disable-auto-gc"];

    /// <summary>Names of ours that 7.0.15 lacks: those of Redis 7.2 and 7.4, and Valkey's aliases of these. Valkey's rows, and ours, say so in the table.</summary>
    static readonly string[] NewerThan70 =
    [
        "cluster-announce-human-nodename", "locale-collate", "max-new-connections-per-cycle", "max-new-tls-connections-per-cycle",
        "set-max-listpack-entries", "set-max-listpack-value",
        "server-cpulist", "bio-cpulist", "aof-rewrite-cpulist", "bgsave-cpulist",
        "primaryauth", "primaryuser", "commandlog-execution-slower-than", "commandlog-slow-execution-max-len",
    ];

    [RedisServerFact]
    public void CONFIG_GET_knows_the_same_names_and_defaults()
    {
        using var redis = new RedisServerProcess();
        var theirs = redis.Send("CONFIG", "GET", "*").Chunk(2).ToDictionary(p => p[0], p => p[1]);
        var service = new ConfigService(new ServerConfig());
        var ours = Ours(service, "*");

        Assert.Equal(HiddenSince70, theirs.Keys.Except(ours.Keys));
        Assert.Equal([], ours.Keys.Except(theirs.Keys).Except(NewerThan70)
            .Where(name => ConfigTable.Find(name)!.DefaultFrom.StartsWith("Redis", StringComparison.Ordinal)));
        var different = theirs.Where(p => !KnownDifferences.ContainsKey(p.Key) && service.Get(p.Key) != p.Value)
            .Select(p => $"{p.Key}: Redis '{p.Value}', ours '{service.Get(p.Key)}'").ToArray();
        Assert.True(different.Length == 0, string.Join('\n', different));
    }

    [RedisServerFact]
    public void CONFIG_SET_gives_the_same_replies()
    {
        using var redis = new RedisServerProcess(null, "--enable-protected-configs", "yes");
        var service = new ConfigService(new ServerConfig { Security = { EnableProtectedConfigs = ProtectedAction.Yes } });
        // Words of the command, parted by '|'; after each the value is compared as well. Left out on purpose:
        // - maxmemory-samples and loglevel: 7.4 limits the one to 64 and added a level;
        // - an empty dbfilename: accepted by Redis, refused by Valkey 8 and here, because a snapshot needs a name;
        // - memory values that overflow, which wrap around in Redis;
        // - "An" of notify-keyspace-events: Redis reads it back as "A", so that a rewrite or a rollback drops the 'n';
        // - the title "{title}": Redis refuses it, because it checks the template with an empty title.
        string[] commands =
        [
            "timeout|-1", "timeout|99999999999", "timeout|99999999999999999999", "timeout|007", "timeout| 7", "timeout|7", "timeout|",
            "maxclients|-1", "maxclients|x", "maxmemory|gb", "maxmemory|", "maxmemory|-5", "maxmemory|5KB", "maxmemory|1.5gb",
            "maxmemory-clients|-1", "maxmemory-clients|100%", "maxmemory-clients|101%", "maxmemory-clients|%", "maxmemory-clients|7mb",
            "maxmemory-policy|LRU", "maxmemory-policy|ALLKEYS-LRU", "appendfsync|",
            "protected-mode|1", "protected-mode|NO", "Slave-Priority|x", "slave-priority|5", "replica-priority|6|slave-priority|7",
            "timeout|1|TIMEOUT|2", "TimeOut|-1", "daemonize|no", "DAEMONIZE|no", "nope|1", "nope|1|daemonize|yes", "daemonize|yes|nope|1",
            "save|900", "save|900 1 300 x", "save|0 1", "save|1 -1", "save|900  1", "save| 900 1", "save|+900 01", "save|900 1 60 100", "save|",
            "client-output-buffer-limit|normal 1 2", "client-output-buffer-limit|master 1 2 3", "client-output-buffer-limit|normal 1 2 -3",
            "client-output-buffer-limit|normal 1kb 2mb 3 replica 4 5 6", "client-output-buffer-limit|", "client-output-buffer-limit|slave 1 1 x",
            "oom-score-adj-values|", "oom-score-adj-values|1 2", "oom-score-adj-values|1 2 2001", "oom-score-adj|maybe",
            "notify-keyspace-events|q", "notify-keyspace-events|KEA", "notify-keyspace-events|dKE", "notify-keyspace-events|n",
            "notify-keyspace-events|AKEm", "notify-keyspace-events|",
            "latency-tracking-info-percentiles|1 x", "latency-tracking-info-percentiles|101", "latency-tracking-info-percentiles|-1",
            "latency-tracking-info-percentiles|1e1 +5 99.1234567 0 100", "latency-tracking-info-percentiles|",
            "shutdown-on-sigterm|", "shutdown-on-sigterm|save nosave", "shutdown-on-sigterm|force now save", "shutdown-on-sigterm|DEFAULT",
            "dir|/no/such", "dir|/etc/passwd", "dbfilename|a/b", "hz|0", "hz|1000", "hz|-1",
            "list-max-listpack-size|-5", "list-max-ziplist-size|3000000000", "hash-max-ziplist-value|1kb", "hash-max-listpack-value|x",
            "proto-max-bulk-len|1000", "client-query-buffer-limit|1mb", "slowlog-log-slower-than|-1", "slowlog-log-slower-than|-2",
            "active-defrag-ignore-bytes|0", "active-defrag-ignore-bytes|1", "active-defrag-cycle-min|0", "active-defrag-cycle-max|100",
            "active-defrag-threshold-lower|1001", "active-defrag-threshold-upper|0", "active-defrag-max-scan-fields|0",
            "repl-backlog-size|0", "active-expire-effort|11", "min-slaves-to-write|1",
            "proc-title-template|{x", "proc-title-template|{x}", "proc-title-template|", "proc-title-template|{{x",
            "cluster-announce-hostname|a b", "cluster-announce-hostname|a.b-c",
            "bind-source-addr|1.2.3.4", "masteruser|bob", "masterauth|s3cret", "requirepass|", "busy-reply-threshold|0", "lua-time-limit|9",
            "timeout|5|maxmemory|7|maxmemory-clients|200%", "key-load-delay|-7", "loading-process-events-interval-bytes|1000",
            "acl-pubsub-default|x", "repl-diskless-load|swapdb", "appendonly|maybe", "activerehashing|y",
        ];
        var differences = new List<string>();
        foreach (var command in commands)
        {
            var words = command.Split('|');
            var theirs = redis.Send(["CONFIG", "SET", .. words])[0];
            var pairs = words.Chunk(2).Select(p => (p[0], p[1])).ToArray();
            var ours = service.TrySet(pairs, default, out var error) ? "OK" : error!;
            Note(command, theirs, ours);
            foreach (var (name, _) in pairs)
            {
                if (!KnownDifferences.ContainsKey(name) && ConfigTable.Find(name) is not null)
                    Note($"{command} -> GET {name}", redis.Send("CONFIG", "GET", name)[^1], service.Get(name)!);
            }
        }
        Assert.True(differences.Count == 0, string.Join('\n', differences));

        void Note(string what, string theirs, string ours)
        {
            if (theirs != ours) differences.Add($"{what}: Redis '{theirs}', ours '{ours}'");
        }
    }

    [RedisServerFact]
    public void Wrong_files_are_refused_with_the_same_report()
    {
        string[] files =
        [
            "port x", "\n\n  port 1 2  \n", "daemonize", "save 900 1\nsave 1", "\"open", "nonsense 1", "include", "user",
            "client-output-buffer-limit normal 1", "appendfilename a/b", "replicaof h x",
            "cluster-enabled yes\nreplicaof h 1", "logfile /no/such/dir/log", "unixsocketperm 8", "unixsocketperm 1777", "sentinel x y",
            "rename-command a", "shutdown-on-sigint", "save \"900\"", "bind a b c d e f g h i j k l m n o p q",
        ];
        var path = Path.GetTempFileName();
        foreach (var file in files)
        {
            File.WriteAllText(path, file);
            AssertSameReport(path);
        }
        File.WriteAllText(path, "port 1\n");
        string[] options =
        [
            "--invalid", "--port", "--port|6380|--loglevel", "--port|6379|6380", "--port|--loglevel|verbose", "--port|--bla|--loglevel|verbose",
            "--loglevel|--bla", "--shutdown-on-sigint", "--shutdown-on-sigint|now force|--shutdown-on-sigterm", "--replicaof|127.0.0.1|abc",
            "--replicaof|--127.0.0.1|--abc", "--port=6380", "--save|x", "--timeout|1|--hz|x",
        ];
        foreach (var option in options)
        {
            AssertSameReport(option.Split('|'));
            AssertSameReport([path, .. option.Split('|')]);
        }
        File.Delete(path);
    }

    static void AssertSameReport(params string[] args)
    {
        var theirs = RedisServerProcess.Refusal(args).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var ours = Assert.Throws<ConfigFileException>(() => ConfigFile.Load(new ServerConfig(), CommandLineConfig.Parse(args)))
            .Message.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("*** FATAL CONFIG FILE ERROR (Redis 7.", ours[0]);
        // Ours adds where to look as a last line, and a suggestion to the reason.
        var reasonAt = theirs.Length - 1;
        Assert.Equal(theirs[1..reasonAt], ours[1..reasonAt]);
        Assert.StartsWith(theirs[reasonAt], ours[reasonAt]);
    }

    [RedisServerFact]
    public void CONFIG_REWRITE_writes_the_same_file()
    {
        const string file = """
            # first comment
            PORT 0
            save 900 1
            save 300 10


            maxmemory 1gb

            timeout 10
            timeout 20
            hash-max-ziplist-entries 20
            client-output-buffer-limit replica 1mb 0 0
            requirepass "with blank"
            appendfsync always
            notify-keyspace-events ""
            # last comment
            """;
        string[][] changes =
        [
            ["maxmemory", "1536mb"], ["maxmemory-clients", "5%"], ["requirepass", ""], ["masterauth", "a\"b\n\u00ff"], ["slowlog-max-len", "7"],
            ["shutdown-on-sigterm", "nosave now"], ["oom-score-adj-values", "1 2 3"], ["latency-tracking-info-percentiles", ""],
            ["notify-keyspace-events", "KEx"], ["appendfsync", "everysec"], ["list-max-listpack-size", "-3"], ["bind-source-addr", "127.0.0.1"],
        ];
        using var redis = new RedisServerProcess(file);
        var config = new ServerConfig { Persistence = { Dir = redis.Dir.FullName } };
        ConfigFile.LoadText(config, file);
        config.Network.UnixSocket = Path.Combine(redis.Dir.FullName, "redis.sock");
        var service = new ConfigService(config);
        foreach (var change in changes)
        {
            Assert.Equal(["OK"], redis.Send(["AUTH", "with blank"]).Concat(redis.Send(["CONFIG", "SET", .. change])).Distinct().Where(r => r == "OK"));
            Assert.True(service.TrySet([(change[0], change[1])], default, out var error), error);
        }
        Assert.Equal(["OK"], redis.Send("CONFIG", "REWRITE"));

        var theirs = Parts(File.ReadAllText(redis.ConfigPath, Encoding.Latin1));
        var ours = Parts(ConfigRewriter.Merge(file, config, new ServerConfig(), []));
        Assert.Equal(theirs.Kept, ours.Kept);
        Assert.Equal(theirs.Appended, ours.Appended);

        // Redis appends in the order of a hash table with a random seed, and a line for the default user, which is the ACL's to write.
        static (string Kept, string[] Appended) Parts(string text)
        {
            var parts = text.Split("# Generated by CONFIG REWRITE\n");
            return (parts[0], [.. parts[1].Split('\n').Where(l => !l.StartsWith("user ", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]);
        }
    }

    [RedisServerFact]
    public void Random_patterns_match_the_same_keys()
    {
        using var redis = new RedisServerProcess(null, "--save", "");
        var random = new Random(20220921);
        string Random(string letters, int length) => new([.. Enumerable.Range(0, length).Select(_ => letters[random.Next(letters.Length)])]);
        for (var i = 0; i < 3000; i++)
        {
            var pattern = Random("ab-^*?[]\\", random.Next(1, 9));
            var key = Random("ab-^*]\\", random.Next(1, 7));
            redis.Send("SET", key, "");
            var theirs = redis.Send("KEYS", pattern).Length;
            redis.Send("DEL", key);
            var ours = Glob.IsMatch(ConfigText.ToBytes(pattern), ConfigText.ToBytes(key)) ? 1 : 0;
            Assert.Equal((pattern, key, theirs), (pattern, key, ours));
        }
    }

    sealed class Collector : IConfigSink
    {
        public Dictionary<string, string> Pairs { get; } = [];

        public void Begin(int pairs) => Pairs.EnsureCapacity(pairs);

        public void Pair(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Pairs.Add(ConfigText.FromBytes(name), ConfigText.FromBytes(value));
    }

    static Dictionary<string, string> Ours(ConfigService service, string pattern)
    {
        var collector = new Collector();
        service.Get([ConfigText.ToBytes(pattern)], collector);
        return collector.Pairs;
    }
}
