using MiniRedis.Server.Following;

namespace MiniRedis.Server.Tests.Following;

/// <summary>What clients of a replica see, and what they may do.</summary>
public sealed partial class FollowerTests
{
    [Fact]
    public void Stale_data_are_shown_unless_the_configuration_forbids_it()
    {
        using var master = new FakeMaster(s_stream);
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        using var client = server.Connect();
        for (var i = 0; i < 1000; i++) master.Answers.Enqueue("-LOADING no\r\n");
        master.Cut();
        Await(server, () => server.Server.Follower.State != MasterLinkState.Connected);
        Assert.Equal("$1 2", client.Call("GET a"));
        client.Call("CONFIG SET replica-serve-stale-data no");
        const string Down = "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
        Assert.Equal(Down, client.Call("GET a"));
        Assert.Equal(Down, client.Call("EVAL \"return 1\" 0"));
        Assert.Equal(Down, client.Call("EVAL \"#!lua flags=no-writes\\nreturn 1\" 0"));
        Assert.Equal(":1", client.Call("EVAL \"#!lua flags=no-writes,allow-stale\\nreturn 1\" 0"));
        Assert.StartsWith("-ERR Can not execute the command on a stale replica",
            client.Call("EVAL \"#!lua flags=no-writes,allow-stale\\nreturn redis.call('get', 'a')\" 0"), StringComparison.Ordinal);
        // A script that says nothing of itself is queued, and refused when it begins; any other is refused as a command.
        Assert.Equal("+OK", client.Call("MULTI"));
        Assert.Equal("+QUEUED", client.Call("EVAL \"return 1\" 0"));
        Assert.Equal("*1 " + Down, client.Call("EXEC"));
        Assert.Equal("+OK", client.Call("MULTI"));
        Assert.Equal(Down, client.Call("EVAL \"#!lua flags=no-writes\\nreturn 1\" 0"));
        Assert.StartsWith("-EXECABORT", client.Call("EXEC"), StringComparison.Ordinal);
        Assert.StartsWith("*5 $5 slave", client.Call("ROLE"), StringComparison.Ordinal);
    }

    [Fact]
    public void Expired_keys_are_hidden_and_stay_until_the_master_deletes_them()
    {
        using var master = new FakeMaster(Commands("SELECT 0", "SET k v", "PEXPIREAT k 1", "SET l v", "PEXPIREAT l 1", "APPEND l w", "PERSIST l"));
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + master.Stream.Length);
        using var client = server.Connect();
        server.Advance(TimeSpan.FromSeconds(10));
        client.Run(
            """
            GET k
            -> $-1
            DBSIZE
            -> :2
            GET l
            -> $2 vw
            """);
    }

    [Fact]
    public void Clients_that_wait_for_keys_are_told_and_closed_when_the_server_becomes_a_replica()
    {
        using var master = new FakeMaster();
        using var server = new TestServer(Settings);
        using var waiting = server.Connect();
        using var client = server.Connect();
        waiting.Send("BLPOP list 0");
        Await(server, () => server.Server.Blocking.Count == 1);
        client.Call($"REPLICAOF 127.0.0.1 {master.Port}");
        Assert.Equal("-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)", waiting.Read());
        Assert.Equal("", waiting.ReadToEnd());
    }

    [Fact]
    public void A_writable_replica_expires_the_keys_that_its_clients_made()
    {
        using var master = new FakeMaster(Commands("SELECT 0", "SET theirs v", "PEXPIREAT theirs 1"));
        using var server = Follow(master, "replica-read-only no\n");
        AwaitOffset(server, FakeMaster.Begin + master.Stream.Length);
        using var client = server.Connect();
        client.Run(
            """
            SET ours v PX 1000
            -> +OK
            SET kept v PX 1000
            -> +OK
            PERSIST kept
            -> :1
            DBSIZE
            -> :3
            """);
        Assert.Contains("slave_expires_tracked_keys:2", client.Call("INFO stats"), StringComparison.Ordinal);
        Await(server, () => server.Server.Keyspace.Count == 2);
        Assert.Equal("$1 v", client.Call("GET kept"));
        Assert.Contains("slave_expires_tracked_keys:0", client.Call("INFO stats"), StringComparison.Ordinal);
        // A write of a client finds the master's expired key gone, as on any server.
        Assert.Equal(":1", client.Call("APPEND theirs x"));
        // They are forgotten once writes are refused.
        client.Call("SET ours v PX 1000000");
        client.Call("CONFIG SET replica-read-only yes");
        Assert.Contains("slave_expires_tracked_keys:0", client.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void Scripts_of_clients_may_not_write_to_a_replica()
    {
        using var master = new FakeMaster(s_stream);
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        using var client = server.Connect();
        Assert.StartsWith("-READONLY You can't write", client.Call("EVAL \"return redis.call('set','k','v')\" 0"), StringComparison.Ordinal);
        Assert.StartsWith("-READONLY You can't write", client.Call("EVAL \"#!lua\\nreturn 1\" 0"), StringComparison.Ordinal);
        client.Call("MULTI");
        Assert.StartsWith("-READONLY You can't write", client.Call("EVAL \"#!lua\\nreturn 1\" 0"), StringComparison.Ordinal);
        Assert.StartsWith("-EXECABORT", client.Call("EXEC"), StringComparison.Ordinal);
        Assert.Equal("$1 2", client.Call("EVAL \"#!lua flags=no-writes\\nreturn redis.call('get','a')\" 0"));
        // What was queued while this was a master is judged again at EXEC: as a whole by what scripts say of themselves, else one by one.
        using var declared = server.Connect();
        using var silent = server.Connect();
        client.Call("REPLICAOF NO ONE");
        declared.Call("MULTI");
        silent.Call("MULTI");
        Assert.Equal("+QUEUED", declared.Call("EVAL \"#!lua\\nreturn 1\" 0"));
        Assert.Equal("+QUEUED", silent.Call("EVAL \"return redis.call('set','k','v')\" 0"));
        client.Call($"REPLICAOF 127.0.0.1 {master.Port}");
        Assert.StartsWith("-EXECABORT Transaction discarded because of: READONLY", declared.Call("EXEC"), StringComparison.Ordinal);
        Assert.StartsWith("*1 -READONLY You can't write", silent.Call("EXEC"), StringComparison.Ordinal);
        client.Call("MULTI");
        client.Call("SET k v");
        Assert.StartsWith("-EXECABORT", client.Call("EXEC"), StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_beyond_the_bound_evicts_nothing_on_a_replica_unless_asked()
    {
        using var master = new FakeMaster(Commands("SELECT 0", "SET a " + new string('v', 10_000), "SET b " + new string('v', 10_000)));
        using var server = Follow(master, "maxmemory 1000\nmaxmemory-policy allkeys-lru\n");
        AwaitOffset(server, FakeMaster.Begin + master.Stream.Length);
        using var client = server.Connect();
        Assert.Equal(":2", client.Call("DBSIZE"));
        client.Call("CONFIG SET replica-ignore-maxmemory no");
        Await(server, () =>
        {
            server.Server.Eviction.Run();
            return server.Server.Keyspace.Count == 0;
        });
    }
}
