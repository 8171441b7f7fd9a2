using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MiniRedis.Compat.Tests.Fuzzing;
using MiniRedis.Server.Tests;
using static MiniRedis.Compat.Tests.Replication.ReplicationChecks;

namespace MiniRedis.Compat.Tests.Replication;

/// <summary>MiniRedis as a replica of a real redis-server: the data sets are the same whatever happens to the link.</summary>
public sealed class FollowRedisTests(ITestOutputHelper output)
{
    const int DefaultCommands = 20_000;

    static readonly string[] s_settings =
        ["--save", "", "--enable-debug-command", "yes", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    static RedisServerProcess Master(int port, params string[] options) =>
        new(null, ["--port", port.ToString(CultureInfo.InvariantCulture), .. s_settings, .. options]);

    static TestServer Replica(int port, string configuration = "") => new(
        $"replicaof 127.0.0.1 {port}\nenable-debug-command yes\n{configuration}", realTime: true);

    [RedisServerTheory]
    [InlineData("yes", "")]
    [InlineData("no", "")]
    [InlineData("yes", "appendonly yes")]
    [InlineData("yes", "repl-diskless-load flush-before-load")]
    public void Random_commands_of_all_types_leave_the_same_data(string diskless, string configuration)
    {
        var port = FreePort();
        using var master = Master(port, "--repl-diskless-sync", diskless);
        using var there = master.Connect();
        var commands = new CommandStream(RunSettings.Seed);
        Write(there, commands, 2000);
        using var server = Replica(port, configuration);
        using var here = server.Connect();
        AssertEqual(there, here);
        Write(there, commands, RunSettings.Commands(DefaultCommands));
        AssertEqual(there, here);
        WriteByScripts(there);
        AssertEqual(there, here);
        Assert.Equal(there.Call("FUNCTION LIST"), here.Call("FUNCTION LIST"));
        Assert.Equal("1", Field(there, "stats", "sync_full"));
        Assert.Equal("0", Field(here, "stats", "unexpected_error_replies"));
    }

    [RedisServerFact]
    public void Links_that_are_cut_anywhere_are_gone_on_with()
    {
        var port = FreePort();
        using var master = Master(port, "--repl-backlog-size", "64mb");
        using var there = master.Connect();
        using var proxy = new CutProxy(port);
        using var server = Replica(proxy.Port);
        using var here = server.Connect();
        AssertEqual(there, here);
        var random = new Random(RunSettings.Seed);
        proxy.Budget = () => 500 + random.Next(50_000);
        proxy.Cut();
        var commands = new CommandStream(RunSettings.Seed);
        for (var round = 0; round < 20; round++)
        {
            Write(there, commands, 500);
            proxy.Cut();
        }
        proxy.Budget = () => null;
        proxy.Cut();
        AssertEqual(there, here);
        output.WriteLine($"{proxy.Count} connections");
        Assert.Equal("1", Field(there, "stats", "sync_full"));
        Assert.True(int.Parse(Field(there, "stats", "sync_partial_ok"), CultureInfo.InvariantCulture) >= 10);
    }

    [RedisServerFact]
    public void A_replica_that_restarts_asks_only_for_what_it_missed()
    {
        var port = FreePort();
        using var master = Master(port);
        using var there = master.Connect();
        var commands = new CommandStream(RunSettings.Seed);
        byte[] file;
        using (var server = Replica(port))
        {
            using var here = server.Connect();
            Write(there, commands, 2000);
            AssertEqual(there, here);
            Assert.Equal("+OK", here.Call("SAVE"));
            file = File.ReadAllBytes(server.Server.Saving.Path);
        }
        Write(there, commands, 500);
        using var again = new TestServer($"replicaof 127.0.0.1 {port}\nenable-debug-command yes", realTime: true, data: file);
        using var client = again.Connect();
        AssertEqual(there, client);
        Assert.Equal("1", Field(there, "stats", "sync_full"));
    }

    [RedisServerFact]
    public void A_chain_of_redis_and_two_of_ours_has_the_same_data_after_the_middle_is_promoted()
    {
        var port = FreePort();
        using var master = Master(port);
        using var there = master.Connect();
        var commands = new CommandStream(RunSettings.Seed);
        Write(there, commands, 1000);
        using var middle = Replica(port, "repl-diskless-sync-delay 0");
        using var between = middle.Connect();
        AssertEqual(there, between);
        using var last = Replica(middle.Port);
        using var here = last.Connect();
        Write(there, commands, 2000);
        AssertEqual(there, between);
        AssertEqual(there, here);
        Assert.Equal("+OK", between.Call("REPLICAOF NO ONE"));
        Write(between, commands, 1000);
        AssertEqual(between, here);
        // The last one has gone on under the new name, and the old master too once it follows.
        Assert.Equal("1", Field(between, "stats", "sync_partial_ok"));
        there.Call($"REPLICAOF 127.0.0.1 {middle.Port}");
        AssertEqual(between, there);
        Assert.Equal("2", Field(between, "stats", "sync_partial_ok"));
    }

    [RedisServerFact]
    public void Passwords_of_both_forms_are_sent()
    {
        var port = FreePort();
        using var master = Master(port, "--requirepass", "secret");
        using var there = master.Connect();
        there.Call("AUTH secret");
        there.Call("ACL SETUSER repl on >other +psync +replconf +ping");
        there.Call("SET k v");
        using var server = Replica(port, "masterauth secret");
        using var here = server.Connect();
        AssertEqual(there, here);
        using var named = Replica(port, "masteruser repl\nmasterauth other");
        using var second = named.Connect();
        AssertEqual(there, second);
    }

    [RedisServerFact]
    public void Keys_expire_when_the_master_says_so()
    {
        var port = FreePort();
        using var master = Master(port);
        using var there = master.Connect();
        using var server = Replica(port);
        using var here = server.Connect();
        there.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        for (var i = 0; i < 100; i++) there.Call($"SET k{i} v PX 1");
        AssertEqual(there, here);
        Await(() => here.Call("GET k1") == "$-1", () => "it does not expire");
        Assert.Equal(":100", here.Call("DBSIZE"));
        there.Call("DEBUG SET-ACTIVE-EXPIRE 1");
        Await(() => here.Call("DBSIZE") == ":0", () => here.Call("DBSIZE"));
    }
}
