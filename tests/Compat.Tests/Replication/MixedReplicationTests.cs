using System.Diagnostics;
using System.Globalization;
using MiniRedis.Compat.Tests.Fuzzing;
using MiniRedis.Server.Tests;
using static MiniRedis.Compat.Tests.Replication.ReplicationChecks;

namespace MiniRedis.Compat.Tests.Replication;

/// <summary>MiniRedis as the master of a real redis-server, and anywhere in a chain of both.</summary>
public sealed class MixedReplicationTests(ITestOutputHelper output)
{
    const int DefaultCommands = 20_000;

    /// <summary>A server of either kind.</summary>
    sealed class Node(int port, RawClient client, IDisposable server) : IDisposable
    {
        public int Port => port;

        public RawClient Client => client;

        /// <param name="kind">"redis" or "ours".</param>
        /// <param name="master">The port of its master; 0 for none.</param>
        /// <param name="configuration">Directives with one value each, in lines.</param>
        public static Node Start(string kind, int master = 0, string configuration = "")
        {
            configuration = "repl-diskless-sync-delay 0\nrepl-ping-replica-period 1\nenable-debug-command yes\n" + configuration;
            if (kind == "ours")
            {
                if (master != 0) configuration += $"\nreplicaof 127.0.0.1 {master}";
                var ours = new TestServer(configuration, realTime: true);
                return new Node(ours.Port, ours.Connect(), ours);
            }
            var port = ServerProcess.FreePort();
            var lines = configuration.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            string[] options = [.. lines.SelectMany(line => ("--" + line).Split(' '))];
            if (master != 0) options = [.. options, "--replicaof", "127.0.0.1", $"{master}"];
            var redis = new RedisServerProcess(null, ["--port", $"{port}", "--save", "", "--logfile", "log", .. options]);
            return new Node(port, redis.Connect(), redis);
        }

        /// <summary>What a redis-server that follows could not do of what its master sent.</summary>
        public string Refusals => string.Join('\n', File.ReadLines(Path.Combine(((RedisServerProcess)server).Dir.FullName, "log"))
            .Where(line => line.Contains("CRITICAL", StringComparison.Ordinal)));

        public void Dispose()
        {
            client.Dispose();
            server.Dispose();
        }
    }

    static int Number(RawClient client, string section, string field) =>
        int.Parse(Field(client, section, field), CultureInfo.InvariantCulture);

    static bool IsLinked(Node replica) => Field(replica.Client, "replication", "master_link_status") == "up";

    [RedisServerTheory]
    [InlineData("yes", "")]
    [InlineData("no", "")]
    [InlineData("yes", "appendonly yes")]
    public void Random_commands_of_all_types_leave_the_same_data_in_a_redis_that_follows(string diskless, string configuration)
    {
        using var ours = Node.Start("ours", configuration: $"repl-diskless-sync {diskless}\n{configuration}");
        var commands = new CommandStream(RunSettings.Seed);
        Write(ours.Client, commands, 2000);
        using var redis = Node.Start("redis", ours.Port);
        AssertEqual(ours.Client, redis.Client);
        Write(ours.Client, commands, RunSettings.Commands(DefaultCommands));
        WriteByScripts(ours.Client);
        AssertEqual(ours.Client, redis.Client);
        Assert.Equal(ours.Client.Call("FUNCTION LIST"), redis.Client.Call("FUNCTION LIST"));
        Assert.Equal(1, Number(ours.Client, "stats", "sync_full"));
        Assert.True(redis.Refusals.Length == 0, redis.Refusals);
    }

    [RedisServerFact]
    public void A_full_synchronization_under_a_load_of_writes_misses_none_of_them()
    {
        using var ours = Node.Start("ours");
        var commands = new CommandStream(RunSettings.Seed);
        Write(ours.Client, commands, 5000);
        using var redis = Node.Start("redis");
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal("+OK", redis.Client.Call($"REPLICAOF 127.0.0.1 {ours.Port}"));
            for (var i = 0; i < 20 || !IsLinked(redis); i++) Write(ours.Client, commands, 100);
            AssertEqual(ours.Client, redis.Client);
            Assert.Equal("+OK", redis.Client.Call("REPLICAOF NO ONE"));
            // A history of its own: the next time it has to begin anew.
            redis.Client.Call("SET own value");
        }
        Assert.Equal(5, Number(ours.Client, "stats", "sync_full"));
    }

    [RedisServerTheory]
    [InlineData("ours", "redis", "ours")]
    [InlineData("redis", "ours", "redis")]
    [InlineData("ours", "ours", "redis")]
    public void Chains_whose_links_are_cut_anywhere_go_on_where_they_were(string first, string second, string third)
    {
        const string Backlog = "repl-backlog-size 64mb";
        using var master = Node.Start(first, configuration: Backlog);
        var commands = new CommandStream(RunSettings.Seed);
        Write(master.Client, commands, 1000);
        using var upper = new CutProxy(master.Port);
        using var middle = Node.Start(second, upper.Port, Backlog);
        AssertEqual(master.Client, middle.Client);
        using var lower = new CutProxy(middle.Port);
        using var last = Node.Start(third, lower.Port, Backlog);
        AssertEqual(middle.Client, last.Client);
        var random = new Random(RunSettings.Seed);
        upper.Budget = lower.Budget = () =>
        {
            lock (random) return 500 + random.Next(50_000);
        };
        const int Rounds = 10;
        for (var round = 0; round < Rounds; round++)
        {
            var (proxy, replica) = round % 2 == 0 ? (upper, middle) : (lower, last);
            proxy.Cut();
            Write(master.Client, commands, 1000);
            Await(() => IsLinked(replica), () => replica.Client.Call("INFO replication"));
        }
        WriteByScripts(master.Client);
        upper.Budget = lower.Budget = () => null;
        upper.Cut();
        lower.Cut();
        AssertEqual(master.Client, middle.Client);
        AssertEqual(middle.Client, last.Client);
        Assert.Equal(master.Client.Call("FUNCTION LIST"), last.Client.Call("FUNCTION LIST"));
        output.WriteLine($"{upper.Count} and {lower.Count} connections");
        foreach (var (node, proxy) in (ReadOnlySpan<(Node, CutProxy)>)[(master, upper), (middle, lower)])
        {
            Assert.Equal(1, Number(node.Client, "stats", "sync_full"));
            Assert.InRange(Number(node.Client, "stats", "sync_partial_ok"), Rounds / 2, proxy.Count - 1);
        }
    }

    [RedisServerTheory]
    [InlineData("allkeys-lru")]
    [InlineData("volatile-ttl")]
    public void What_a_master_evicts_goes_from_its_replica(string policy)
    {
        using var ours = Node.Start("ours", configuration: $"maxmemory 1mb\nmaxmemory-policy {policy}");
        using var redis = Node.Start("redis", ours.Port);
        AssertEqual(ours.Client, redis.Client);
        var random = new Random(RunSettings.Seed);
        for (var i = 0; i < 10_000; i++)
            ours.Client.Call($"SET key:{random.Next(8000)} {new string('v', random.Next(1000))} EX {random.Next(1000, 100_000)}");
        AssertEqual(ours.Client, redis.Client);
        Assert.True(Number(ours.Client, "stats", "evicted_keys") > 1000, ours.Client.Call("INFO stats"));
        Assert.Equal(0, Number(redis.Client, "stats", "evicted_keys"));
    }

    [RedisServerFact]
    public void Keys_that_expire_go_from_a_redis_when_the_master_says_so()
    {
        using var ours = Node.Start("ours");
        using var redis = Node.Start("redis", ours.Port);
        ours.Client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        for (var i = 0; i < 100; i++) ours.Client.Call($"SET k{i} v PX 1");
        AssertEqual(ours.Client, redis.Client);
        Await(() => redis.Client.Call("GET k1") == "$-1", () => "it does not expire");
        Assert.Equal(":100", redis.Client.Call("DBSIZE"));
        ours.Client.Call("DEBUG SET-ACTIVE-EXPIRE 1");
        Await(() => redis.Client.Call("DBSIZE") == ":0", () => redis.Client.Call("DBSIZE"));
    }

    [RedisServerFact]
    public async Task Redis_cli_takes_files_that_redis_loads()
    {
        using var ours = Node.Start("ours");
        var directory = Directory.CreateTempSubdirectory("miniredis-cli-");
        try
        {
            Write(ours.Client, new CommandStream(RunSettings.Seed), 3000);
            WriteByScripts(ours.Client);
            foreach (var (option, file) in ((string, string)[])[("--rdb", "dump.rdb"), ("--functions-rdb", "functions.rdb")])
            {
                var path = Path.Combine(directory.FullName, file);
                await Tool.Run("redis-cli", ["-p", $"{ours.Port}", option, path]);
                Assert.Contains("RDB looks OK!", await Tool.Run("redis-check-rdb", [path]));
                using var redis = Node.Start("redis", configuration: $"dir {directory.FullName}\ndbfilename {file}");
                Assert.Equal(ours.Client.Call("FUNCTION LIST"), redis.Client.Call("FUNCTION LIST"));
                if (option == "--rdb") Assert.Equal(ours.Client.Call("DEBUG DIGEST"), redis.Client.Call("DEBUG DIGEST"));
                else Assert.Equal(":0", redis.Client.Call("DBSIZE"));
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [RedisServerFact]
    public void Redis_cli_shows_the_stream_of_changes()
    {
        using var ours = Node.Start("ours");
        ours.Client.Call("SET before 1");
        var start = new ProcessStartInfo("redis-cli", ["-p", $"{ours.Port}", "--replica"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var cli = Process.Start(start)!;
        try
        {
            Await(() => Field(ours.Client, "replication", "connected_slaves") == "1", () => ours.Client.Call("INFO replication"));
            ours.Client.Call("SET after 2");
            string? line;
            do
            {
                line = cli.StandardOutput.ReadLine();
                Assert.NotNull(line);
                Assert.DoesNotContain("before", line);
            }
            while (!line.Contains("\"SET\",\"after\",\"2\"", StringComparison.OrdinalIgnoreCase));
        }
        finally
        {
            cli.Kill();
            cli.WaitForExit();
        }
    }

    /// <summary>The master's part goes to redis-server and comes back, while clients write to whoever takes writes.</summary>
    [RedisServerFact]
    public async Task A_failover_either_way_loses_no_acknowledged_write()
    {
        using var ours = new ServerProcess("--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0");
        using var here = ours.Connect();
        using var redis = Node.Start("redis", ours.Port);
        var there = redis.Client;
        AssertEqual(here, there);

        using var over = new CancellationTokenSource();
        var acknowledged = new long[3];
        var writers = Enumerable.Range(0, acknowledged.Length).Select(n => Task.Factory.StartNew(
            () => WriteToWhoeverTakesIt([ours.Port, redis.Port], n, acknowledged, over.Token),
            TaskCreationOptions.LongRunning)).ToList();
        long Total() => acknowledged.Sum(count => Interlocked.Read(ref count));

        (RawClient From, RawClient To, int Port)[] moves = [(here, there, redis.Port), (there, here, ours.Port), (here, there, redis.Port)];
        foreach (var (from, to, port) in moves)
        {
            var before = Total();
            Await(() => Total() > before + 500, () => "nothing is written");
            Assert.Equal("+OK", from.Call($"FAILOVER TO 127.0.0.1 {port} TIMEOUT 15000"));
            Await(
                () => Field(to, "replication", "role") == "master" && Field(from, "replication", "role") == "slave",
                () => $"{from.Call("INFO replication")}\n{to.Call("INFO replication")}");
            var after = Total();
            Await(() => Total() > after + 500, () => "nothing is written to the new master");
            Await(() => Field(from, "replication", "master_link_status") == "up", () => from.Call("INFO replication"));
            Assert.Equal("no-failover", Field(from, "replication", "master_failover_state"));
        }
        over.Cancel();
        await Task.WhenAll(writers);
        AssertEqual(there, here);
        for (var n = 0; n < acknowledged.Length; n++)
        {
            for (long i = 0; i < acknowledged[n]; i++)
                Assert.Equal($"${i.ToString(CultureInfo.InvariantCulture).Length} {i}", there.Call($"GET {n}:{i}"));
        }
        output.WriteLine($"{Total()} writes");
    }

    /// <summary>Sets key after key, each until it is acknowledged.</summary>
    static void WriteToWhoeverTakesIt(int[] ports, int writer, long[] acknowledged, CancellationToken over)
    {
        for (var at = 0; !over.IsCancellationRequested; at = (at + 1) % ports.Length)
        {
            try
            {
                using var client = new RawClient(ports[at]);
                while (!over.IsCancellationRequested && client.Call($"SET {writer}:{acknowledged[writer]} {acknowledged[writer]}") == "+OK")
                    Interlocked.Increment(ref acknowledged[writer]);
            }
            catch (IOException)
            {
                // Closed by a change of roles: the other one may take it.
            }
        }
    }
}
