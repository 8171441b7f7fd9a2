using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.Configuration;

public class ConfigServiceTests
{
    sealed class Pairs : IConfigSink
    {
        public int Announced;
        public List<string> Items { get; } = [];

        public void Begin(int pairs) => Announced = pairs;

        public void Pair(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            Items.Add($"{Encoding.Latin1.GetString(name)}={Encoding.Latin1.GetString(value)}");
    }

    static string Get(ConfigService service, string patterns)
    {
        var sink = new Pairs();
        service.Get([.. patterns.Split(' ').Select(ConfigText.ToBytes)], sink);
        Assert.Equal(sink.Announced, sink.Items.Count);
        return string.Join(' ', sink.Items);
    }

    /// <summary>"name value" pairs, '_' standing for a blank within a value; answers OK or the error.</summary>
    static string Set(ConfigService service, string pairs, ConfigSetContext context = default)
    {
        var words = pairs.Split(' ');
        var list = Enumerable.Range(0, words.Length / 2).Select(i => (words[2 * i], words[2 * i + 1].Replace('_', ' '))).ToList();
        return service.TrySet(list, context, out var error) ? "OK" : error!;
    }

    static ConfigService NewService() => new(new ServerConfig());

    [Theory]
    [InlineData("port", "port=6379")]
    [InlineData("PORT", "PORT=6379")]
    [InlineData("maxmemory*", "maxmemory=0 maxmemory-policy=noeviction maxmemory-samples=5 maxmemory-eviction-tenacity=10 maxmemory-clients=0")]
    [InlineData("*of", "replicaof= slaveof=")]
    [InlineData("slave-prio*", "slave-priority=100")]
    [InlineData("slave-priority replica-priority", "slave-priority=100 replica-priority=100")]
    [InlineData("port POR? port", "port=6379")]
    [InlineData("bind [tT]imeout", "bind=* -::* timeout=0")]
    [InlineData("key-load-delay", "key-load-delay=0")]
    [InlineData("key-load-del*", "")]
    [InlineData("no-such-thing", "")]
    [InlineData("unixsocketperm", "unixsocketperm=0")]
    [InlineData("latency-tracking-info-percentiles", "latency-tracking-info-percentiles=50 99 99.9")]
    public void CONFIG_GET_answers_names_aliases_and_patterns(string patterns, string expected) => Assert.Equal(expected, Get(NewService(), patterns));

    [Theory]
    [InlineData("maxmemory 1gb", "maxmemory", "maxmemory=1073741824")]
    [InlineData("maxmemory-clients 5%", "maxmemory-clients", "maxmemory-clients=5%")]
    [InlineData("maxmemory-clients 0%", "maxmemory-clients", "maxmemory-clients=0")]
    [InlineData("SAVE 900_1_300_10 timeout 5", "save timeout", "save=900 1 300 10 timeout=5")]
    [InlineData("slave-priority 7", "replica-priority", "replica-priority=7")]
    [InlineData("replica-priority 7 slave-priority 8", "replica-priority", "replica-priority=8")]
    [InlineData("notify-keyspace-events EKmnAg", "notify-keyspace-events", "notify-keyspace-events=AnKEm")]
    [InlineData("notify-keyspace-events xKE$", "notify-keyspace-events", "notify-keyspace-events=$xKE")]
    [InlineData("notify-keyspace-events g$lshzxetd", "notify-keyspace-events", "notify-keyspace-events=A")]
    [InlineData("client-output-buffer-limit replica_1mb_1kb_5_normal_1_2_3", "client-output-buffer-limit",
        "client-output-buffer-limit=normal 1 2 3 slave 1048576 1024 5 pubsub 33554432 8388608 60")]
    [InlineData("shutdown-on-sigterm force_nosave_now", "shutdown-on-sigterm", "shutdown-on-sigterm=nosave now force")]
    [InlineData("oom-score-adj yes", "oom-score-adj", "oom-score-adj=yes")]
    [InlineData("oom-score-adj relative", "oom-score-adj", "oom-score-adj=yes")]
    [InlineData("latency-tracking-info-percentiles 50_99.00_99.123456", "latency-tracking-info-percentiles",
        "latency-tracking-info-percentiles=50 99 99.123456")]
    [InlineData("bind 127.0.0.1_-::1", "bind", "bind=127.0.0.1 -::1")]
    [InlineData("hz 9999", "hz", "hz=500")]
    [InlineData("appendfsync ALWAYS", "appendfsync", "appendfsync=always")]
    [InlineData("activedefrag YES", "activedefrag", "activedefrag=yes")]
    public void CONFIG_SET_changes_what_CONFIG_GET_shows(string pairs, string pattern, string expected)
    {
        var service = NewService();
        Assert.Equal("OK", Set(service, pairs));
        Assert.Equal(expected, Get(service, pattern));
    }

    [Theory]
    [InlineData("nope 1", "ERR Unknown option or number of arguments for CONFIG SET - 'nope'")]
    [InlineData("daemonize yes", "ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable config")]
    [InlineData("Daemonize yes nope 1", "ERR CONFIG SET failed (possibly related to argument 'Daemonize') - can't set immutable config")]
    [InlineData("nope 1 daemonize yes", "ERR Unknown option or number of arguments for CONFIG SET - 'nope'")]
    [InlineData("timeout 1 TIMEOUT 2", "ERR CONFIG SET failed (possibly related to argument 'TIMEOUT') - duplicate parameter")]
    [InlineData("dir /", "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config")]
    [InlineData("PORT 65536", "ERR CONFIG SET failed (possibly related to argument 'port') - argument must be between 0 and 65535 inclusive")]
    [InlineData("Slave-Priority x", "ERR CONFIG SET failed (possibly related to argument 'slave-priority') - argument couldn't be parsed into an integer")]
    [InlineData("save 900__1", "ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters")]
    [InlineData("maxmemory-policy lru", "ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s) must be one of the following: "
        + "volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction")]
    public void A_refused_CONFIG_SET_says_why(string pairs, string error) => Assert.Equal(error, Set(NewService(), pairs));

    [Fact]
    public void A_wrong_value_rolls_back_the_pairs_before_it()
    {
        var service = NewService();
        Assert.StartsWith("ERR", Set(service, "maxmemory 1mb save 5_5 maxmemory-clients 200% client-query-buffer-limit bad"));
        Assert.Equal("maxmemory-clients=0", Get(service, "maxmemory-clients"));
        Assert.Equal("save=3600 1 300 100 60 10000", Get(service, "save"));
        Assert.Equal("maxmemory=0", Get(service, "maxmemory"));
    }

    [Fact]
    public void A_hook_that_fails_rolls_everything_back_and_runs_again()
    {
        var service = NewService();
        var seen = new List<int>();
        service.OnApply(c => { seen.Add(c.Network.Port); return c.Network.Port == 7 ? "Unable to listen on this port. Check server logs." : null; }, "port", "bind");
        Assert.Equal("ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
            Set(service, "maxmemory 5 port 7 bind 127.0.0.1"));
        Assert.Equal("port=6379", Get(service, "port"));
        Assert.Equal("bind=* -::*", Get(service, "bind"));
        Assert.Equal("maxmemory=0", Get(service, "maxmemory"));
        Assert.Equal([7, 6379], seen);
    }

    [Fact]
    public void A_hook_runs_once_a_command_and_only_if_something_changed()
    {
        var service = NewService();
        var runs = 0;
        service.OnApply(_ => { runs++; return null; }, "port", "bind", "tls-cert-file");
        Assert.Equal("OK", Set(service, "port 6379"));
        Assert.Equal(0, runs);
        Assert.Equal("OK", Set(service, "port 1 bind 127.0.0.1"));
        Assert.Equal(1, runs);
        // A certificate may have been replaced under the same name.
        Assert.Equal("OK", Set(service, "tls-cert-file server.crt"));
        Assert.Equal("OK", Set(service, "tls-cert-file server.crt"));
        Assert.Equal(3, runs);
    }

    [Theory]
    [InlineData("No", true, false)]
    [InlineData("Local", true, true)]
    [InlineData("Local", false, false)]
    [InlineData("Yes", false, true)]
    public void Protected_directives_need_permission(string guard, bool local, bool allowed)
    {
        var service = new ConfigService(new ServerConfig { Security = { EnableProtectedConfigs = Enum.Parse<ProtectedAction>(guard) } });
        Assert.Equal(allowed, Set(service, "dbfilename other.rdb", new ConfigSetContext(FromLocalConnection: local)) == "OK");
    }

    [Fact]
    public void Some_directives_cannot_change_while_loading()
    {
        var loading = new ConfigSetContext(Loading: true);
        var service = new ConfigService(new ServerConfig { Security = { EnableProtectedConfigs = ProtectedAction.Yes } });
        Assert.Equal("LOADING Redis is loading the dataset in memory", Set(service, "appendonly yes", loading));
        Assert.Equal("LOADING Redis is loading the dataset in memory", Set(service, "dir /", loading));
        Assert.Equal("OK", Set(service, "loglevel debug", loading));
    }

    [Fact]
    public void An_empty_value_empties_a_list()
    {
        var service = NewService();
        Assert.True(service.TrySet([("save", ""), ("bind", ""), ("latency-tracking-info-percentiles", "")], default, out _));
        Assert.Equal("save= bind= latency-tracking-info-percentiles=", Get(service, "save bind latency-tracking-info-percentiles"));
    }

    [Fact]
    public void Only_settings_away_from_their_default_are_noted_as_inert()
    {
        var service = NewService();
        Assert.Equal([], service.InertNotes());
        service.Config.Process.JemallocBgThread = false;
        Assert.Equal(["'jemalloc-bg-thread no' has no effect here: memory does not come from jemalloc"], service.InertNotes());
    }

    [Fact]
    public void A_share_of_maxmemory_for_clients_follows_maxmemory()
    {
        var service = NewService();
        Set(service, "maxmemory-clients 5%");
        Assert.Equal(0, service.Config.Memory.MaxMemoryClientsBytes);
        Set(service, "maxmemory 1000");
        Assert.Equal(50, service.Config.Memory.MaxMemoryClientsBytes);
    }
}
