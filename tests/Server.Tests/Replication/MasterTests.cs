using System.Globalization;
using System.Text.RegularExpressions;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Tests.Replication;

/// <summary>A server and those who follow it.</summary>
public sealed class MasterTests
{
    const string ByFile = "repl-diskless-sync no\n";

    [Fact]
    public void A_replica_gets_the_data_and_then_the_stream()
    {
        using var server = new TestServer(ByFile);
        using var client = server.Connect();
        client.Call("SET before 1");
        using var replica = new FakeReplica(server);
        var file = replica.FullSync();
        Assert.StartsWith("REDIS00", file, StringComparison.Ordinal);
        Assert.Contains("before", file, StringComparison.Ordinal);
        client.Call("SET a 1");
        client.Call("SELECT 3");
        client.Call("INCR n");
        client.Call("SET b 2 EX 100");
        replica.Expect("SELECT 0", "SET a 1", "SELECT 3", "INCR n");
        Assert.StartsWith("SET b 2 PXAT ", replica.Next(), StringComparison.Ordinal);
        Assert.Equal(server.Server.History.Offset, replica.Offset + replica.Read);
    }

    [Fact]
    public void A_unit_of_several_commands_is_a_transaction()
    {
        using var server = new TestServer(ByFile);
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        client.Run("""
            MULTI
            -> +OK
            SET a 1
            -> +QUEUED
            GET a
            -> +QUEUED
            INCR a
            -> +QUEUED
            EXEC
            -> *3 +OK $1 1 :2
            EVAL "redis.call('set','x',1); redis.set_repl(redis.REPL_AOF); redis.call('set','y',1)" 0
            -> $-1
            PUBLISH c m
            -> :0
            """);
        replica.Expect("MULTI", "SELECT 0", "SET a 1", "INCR a", "EXEC", "SET x 1", "PUBLISH c m");
    }

    [Fact]
    public void A_replica_that_was_away_gets_what_it_lacks()
    {
        using var server = new TestServer(ByFile);
        using var client = server.Connect();
        string id;
        long next;
        using (var first = new FakeReplica(server))
        {
            first.FullSync();
            client.Call("SET a 1");
            first.Expect("SELECT 0", "SET a 1");
            (id, next) = (first.Id, first.Offset + first.Read + 1);
        }
        client.Call("SET b 2");
        using var again = new FakeReplica(server, "REPLCONF capa psync2");
        Assert.Equal("+CONTINUE " + id, again.Continue(id, next));
        client.Call("SET c 3");
        again.Expect("SET b 2", "SET c 3");
        using var old = new FakeReplica(server);
        Assert.Equal("+CONTINUE", old.Continue(id.ToUpperInvariant(), next));
        old.Expect("SET b 2", "SET c 3");
        Assert.Equal((1, 2, 0), (server.Server.Statistics.FullSyncs, server.Server.Statistics.PartialSyncs, server.Server.Statistics.RefusedPartialSyncs));
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000", 1)]
    [InlineData(null, 2)]
    [InlineData(null, 1_000_000)]
    [InlineData(null, -5)]
    public void What_the_backlog_does_not_have_is_a_full_synchronization(string? id, long offset)
    {
        using var server = new TestServer(ByFile + "repl-backlog-size 16384");
        using var client = server.Connect();
        using (var first = new FakeReplica(server))
        {
            first.FullSync();
            id ??= first.Id;
            for (var i = 0; i < 50; i++) client.CallWords("SET", "k", new string('v', 2000));
        }
        server.TickUntil(() => server.Server.Replicas.Count == 0);
        using var replica = new FakeReplica(server);
        Assert.StartsWith("+FULLRESYNC ", replica.Continue(id, offset), StringComparison.Ordinal);
        Assert.Equal(1, server.Server.Statistics.RefusedPartialSyncs);
        Assert.InRange(server.Server.ReplicationStream.MemoryBytes, 16384, 5 * 16384);
    }

    /// <summary>As the cluster suite does it: the replica is cut off and much is written in one transaction, so nothing is dropped in between.</summary>
    [Fact]
    public void What_was_written_while_nobody_followed_is_kept_no_longer_than_the_backlog_is_large()
    {
        using var server = new TestServer(ByFile + "repl-backlog-size 16384");
        using var client = server.Connect();
        using var first = new FakeReplica(server);
        first.FullSync();
        client.Call("MULTI");
        client.Call("CLIENT KILL TYPE replica");
        for (var i = 0; i < 50; i++) client.CallWords("SET", "k", new string('v', 2000));
        client.Call("EXEC");
        using var replica = new FakeReplica(server);
        Assert.StartsWith("+FULLRESYNC ", replica.Continue(first.Id, 1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_former_history_is_answered_for_up_to_the_promotion()
    {
        using var server = new TestServer(ByFile);
        using var client = server.Connect();
        using var first = new FakeReplica(server);
        first.FullSync();
        client.Call("SET a 1");
        first.Expect("SELECT 0", "SET a 1");
        var next = first.Offset + first.Read + 1;
        lock (server.Server.Executor.ExecutorLock) server.Server.History.Shift();
        client.Call("SET b 2");
        using var fits = new FakeReplica(server, "REPLCONF capa psync2");
        Assert.Equal("+CONTINUE " + server.Server.History.Id, fits.Continue(first.Id, next));
        fits.Expect("SET b 2");
        using var beyond = new FakeReplica(server);
        Assert.StartsWith("+FULLRESYNC ", beyond.Continue(first.Id, next + 1), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_file_the_stream_waits_for_the_first_acknowledgement()
    {
        using var server = new TestServer("repl-diskless-sync-delay 0");
        using var client = server.Connect();
        client.Call("SET before 1");
        using var replica = new FakeReplica(server, "REPLCONF capa eof capa psync2");
        Assert.Contains("before", replica.FullSync(), StringComparison.Ordinal);
        client.Call("SET a 1");
        Assert.Equal(0, replica.Client.Socket.Available);
        replica.Client.Send("REPLCONF ACK 0");
        replica.Expect("SELECT 0", "SET a 1");
    }

    [Fact]
    public void Replicas_that_come_within_the_delay_share_one_snapshot()
    {
        using var server = new TestServer("repl-diskless-sync-delay 5");
        using var first = new FakeReplica(server, "REPLCONF capa eof");
        using var second = new FakeReplica(server, "REPLCONF capa eof");
        first.Client.Send("PSYNC ? -1");
        second.Client.Send("PSYNC ? -1");
        server.TickUntil(() => server.Server.Replicas.Count == 2);
        Assert.Equal(0, server.Server.Statistics.Snapshots);
        server.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(first.Line(), second.Line());
        Assert.Equal(first.File(), second.File());
        Assert.Equal(1, server.Server.Statistics.Snapshots);
    }

    [Fact]
    public void What_one_replica_has_held_up_goes_to_the_others_when_it_has_gone()
    {
        using var server = new TestServer("repl-diskless-sync-delay 5\nrepl-diskless-sync-max-replicas 2\nrdbcompression no");
        using var client = server.Connect();
        for (var i = 0; i < 40; i++) client.CallWords("SET", $"k{i}", new string('v', 1 << 20));
        using var reader = new FakeReplica(server, "REPLCONF capa eof");
        using var other = new FakeReplica(server, "REPLCONF capa eof");
        other.Client.Socket.ReceiveBufferSize = 4096;
        reader.Client.Send("PSYNC ? -1");
        other.Client.Send("PSYNC ? -1");
        var buffer = new byte[1 << 20];
        Replica? Reading() => server.Server.Replicas.All.OrderByDescending(replica => replica.TransferPosition).FirstOrDefault();
        bool Read(Func<Replica, bool> condition)
        {
            while (reader.Client.Socket.Available > 0) reader.Client.Socket.Receive(buffer);
            return Reading() is { } replica && condition(replica);
        }
        // One has all that there is, the other one has stopped reading, and so has who reads the data.
        server.TickUntil(() => Read(replica => replica.Transfer is { } held && held.Bytes.MemoryBytes >= 4 << 20 && replica.TransferPosition == held.Bytes.End));
        Assert.False(Reading()!.Transfer!.IsComplete);
        other.Dispose();
        server.TickUntil(() => Read(replica => replica.State == ReplicaState.Online));
    }

    [Fact]
    public void Enough_replicas_end_the_delay()
    {
        using var server = new TestServer("repl-diskless-sync-delay 5\nrepl-diskless-sync-max-replicas 2");
        using var first = new FakeReplica(server, "REPLCONF capa eof");
        first.Client.Send("PSYNC ? -1");
        server.TickUntil(() => server.Server.Replicas.Count == 1);
        Assert.Equal(0, server.Server.Statistics.Snapshots);
        using var second = new FakeReplica(server, "REPLCONF capa eof");
        second.FullSync();
        Assert.Equal(1, server.Server.Statistics.Snapshots);
    }

    [Fact]
    public void Replicas_that_do_not_read_share_one_copy_of_the_stream()
    {
        using var server = new TestServer(ByFile + "client-output-buffer-limit replica 0 0 0");
        using var client = server.Connect();
        var replicas = Enumerable.Range(0, 3).Select(_ => new FakeReplica(server)).ToList();
        foreach (var replica in replicas) replica.FullSync();
        var value = new string('v', 10_000);
        for (var i = 0; i < 2000; i++) client.CallWords("SET", "k", value);
        const long Sent = 20_000_000;
        Assert.InRange(server.Server.ReplicationStream.MemoryBytes, Sent / 2, Sent + 2_000_000);
        Assert.InRange(server.Server.Replicas.OwnBytes, 0, 3 * 700_000);
        foreach (var replica in replicas)
        {
            replica.Expect("SELECT 0");
            for (var i = 0; i < 2000; i++) Assert.Equal("SET k " + value, replica.Next());
        }
        client.CallWords("SET", "k", new string('v', 70_000));
        server.TickUntil(() => server.Server.ReplicationStream.MemoryBytes < 2_000_000);
        replicas.ForEach(replica => replica.Dispose());
    }

    [Fact]
    public void What_goes_to_replicas_is_part_of_all_that_is_sent_and_held()
    {
        using var server = new TestServer(ByFile);
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        client.CallWords("SET", "a", new string('v', 10_000));
        replica.Expect("SELECT 0", "SET a " + new string('v', 10_000));
        long Figure(string request, string before) => long.Parse(
            Regex.Match(client.Call(request), Regex.Escape(before) + @"(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
        var toReplicas = Figure("INFO stats", "total_net_repl_output_bytes:");
        Assert.InRange(toReplicas, 10_000, 20_000);
        Assert.InRange(Figure("INFO stats", "total_net_output_bytes:"), toReplicas + 1, 30_000);
        Assert.InRange(Figure("MEMORY STATS", "replication.backlog :"), 10_000, 1 << 20);
        Assert.InRange(Figure("MEMORY STATS", "clients.slaves :"), 1, 1 << 20);
    }

    [Fact]
    public void A_replica_over_its_output_limit_is_closed()
    {
        using var server = new TestServer(ByFile + "client-output-buffer-limit replica 2mb 0 0\nrepl-backlog-size 16kb");
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        replica.Client.Socket.ReceiveBufferSize = 4096;
        for (var i = 0; i < 2000 && server.Server.Replicas.Count > 0; i++) client.CallWords("SET", "k", new string('v', 10_000));
        Assert.Equal((0, 1), (server.Server.Replicas.Count, server.Server.Statistics.OutputBufferLimitDisconnections));
        Assert.InRange(server.Server.ReplicationStream.MemoryBytes, 0, 200_000);
    }

    [Fact]
    public void A_master_pings_and_closes_replicas_that_are_silent()
    {
        using var server = new TestServer(ByFile + "repl-ping-replica-period 1\nrepl-timeout 10");
        using var replica = new FakeReplica(server);
        using var old = new FakeReplica(server);
        replica.FullSync();
        old.Client.Send("SYNC");
        old.File();
        server.Advance(TimeSpan.FromSeconds(9));
        replica.Expect("PING");
        replica.Client.Send("REPLCONF ACK 1");
        server.TickUntil(() => server.Server.Replicas.CountAcks(1) == 1);
        server.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(2, server.Server.Replicas.Count);
        server.Advance(TimeSpan.FromSeconds(2));
        // One that came by SYNC cannot acknowledge.
        Assert.Equal(1, server.Server.Replicas.Count);
        old.Expect("PING");
    }

    [Fact]
    public void A_backlog_that_nobody_needs_is_forgotten_with_its_name()
    {
        using var server = new TestServer(ByFile + "repl-backlog-ttl 100");
        using (var replica = new FakeReplica(server)) replica.FullSync();
        server.TickUntil(() => server.Server.Replicas.Count == 0);
        var id = server.Server.History.Id;
        server.Advance(TimeSpan.FromSeconds(99));
        Assert.True(server.Server.ReplicationStream.HasBacklog);
        server.Advance(TimeSpan.FromSeconds(3));
        Assert.False(server.Server.ReplicationStream.HasBacklog);
        Assert.NotEqual(id, server.Server.History.Id);
    }

    [Fact]
    public void Writes_need_replicas_that_keep_up()
    {
        using var server = new TestServer(ByFile + "min-replicas-to-write 1\nmin-replicas-max-lag 5");
        using var client = server.Connect();
        const string Refused = "-NOREPLICAS Not enough good replicas to write.";
        Assert.Equal(Refused, client.Call("SET a 1"));
        Assert.Equal("$-1", client.Call("GET a"));
        Assert.Equal(Refused, client.Call("EVAL \"return redis.call('set','a',1)\" 0").Split(" script")[0]);
        using var replica = new FakeReplica(server);
        replica.FullSync();
        server.TickUntil(() => server.Server.Replicas.GoodCount == 1);
        Assert.Equal("+OK", client.Call("SET a 1"));
        server.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(Refused, client.Call("SET a 1"));
        replica.Client.Send("REPLCONF ACK 1");
        server.TickUntil(() => server.Server.Replicas.CountAcks(1) == 1);
        server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("+OK", client.Call("SET a 1"));
    }

    [Fact]
    public void A_unit_that_is_lost_makes_replicas_begin_anew()
    {
        using var server = new TestServer(ByFile);
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        lock (server.Server.Executor.ExecutorLock) server.Server.Effects.MostUnitBytes = 1000;
        client.CallWords("SET", "a", new string('v', 2000));
        Assert.True(replica.Client.IsClosedByServer());
        Assert.NotEqual(replica.Id, server.Server.History.Id);
    }

    [Fact]
    public void Rdb_only_and_filters_give_a_part()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Call("SET key value");
        client.Call("FUNCTION LOAD \"#!lua name=lib\\nredis.register_function('f', function() return 1 end)\"");
        using var whole = new FakeReplica(server, "REPLCONF capa eof rdb-only 1");
        server.Server.Config.Replication.ReplDisklessSyncDelay = 0;
        var file = whole.FullSync();
        Assert.Contains("value", file, StringComparison.Ordinal);
        Assert.Contains("name=lib", file, StringComparison.Ordinal);
        Assert.True(whole.Client.IsClosedByServer());
        using var functions = new FakeReplica(server, "REPLCONF capa eof rdb-only 1 rdb-filter-only functions");
        file = functions.FullSync();
        Assert.DoesNotContain("value", file, StringComparison.Ordinal);
        Assert.Contains("name=lib", file, StringComparison.Ordinal);
        using var nothing = new FakeReplica(server, "REPLCONF capa eof rdb-filter-only ''");
        file = nothing.FullSync();
        Assert.DoesNotContain("value", file, StringComparison.Ordinal);
        Assert.DoesNotContain("name=lib", file, StringComparison.Ordinal);
    }

    [Fact]
    public void What_replicas_say_is_checked()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Run($"""
            REPLCONF capa
            -> -ERR syntax error
            REPLCONF foo bar
            -> -ERR Unrecognized REPLCONF option: foo
            REPLCONF listening-port x
            -> -ERR value is not an integer or out of range
            REPLCONF ip-address {new string('a', 256)}
            -> -ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes
            REPLCONF rdb-only 2
            -> -ERR value is out of range, value must between 0 and 1
            REPLCONF rdb-filter-only keys
            -> -ERR Unsupported rdb-filter-only option: keys
            REPLCONF version 8
            -> -ERR Unrecognized version format: 8
            REPLCONF version 8.0.1 capa eof capa psync2 listening-port 7000 ip-address 10.0.0.7
            -> +OK
            PSYNC ? x
            -> -ERR value is not an integer or out of range
            MULTI
            -> +OK
            SYNC
            -> -ERR Command not allowed inside a transaction
            """);
        using var filtered = server.Connect();
        filtered.Run("""
            REPLCONF rdb-filter-only functions
            -> +OK
            SYNC
            -> -ERR Filtered replica requires EOF capability
            """);
        filtered.SendRaw("PING\r\nSYNC\r\n");
        Assert.Equal("+PONG", filtered.Read());
        Assert.Equal("-ERR SYNC and PSYNC are invalid with pending output", filtered.Read());
    }

    [Fact]
    public void Info_role_and_client_list_show_replicas()
    {
        using var server = new TestServer(ByFile);
        using var client = server.Connect();
        using var replica = new FakeReplica(server, "REPLCONF listening-port 7000 ip-address 10.0.0.7");
        replica.FullSync();
        client.Call("SET a 1");
        replica.Client.Send("REPLCONF ACK 20 FACK 10");
        server.TickUntil(() => server.Server.Replicas.CountAcks(20) == 1);
        server.Advance(TimeSpan.FromSeconds(2));
        var info = client.Call("INFO replication");
        Assert.Contains("connected_slaves:1\r\nslave0:ip=10.0.0.7,port=7000,state=online,offset=20,lag=2,type=replica\r\n", info, StringComparison.Ordinal);
        Assert.Contains("repl_backlog_active:1\r\n", info, StringComparison.Ordinal);
        Assert.Contains($"master_replid:{replica.Id}\r\n", info, StringComparison.Ordinal);
        var offset = server.Server.History.Offset;
        Assert.Equal($"*3 $6 master :{offset} *1 *3 $8 10.0.0.7 $4 7000 $2 20", client.Call("ROLE"));
        Assert.Contains(" flags=S ", client.Call("CLIENT LIST TYPE replica"), StringComparison.Ordinal);
        Assert.Equal(":1", client.Call("CLIENT KILL TYPE slave"));
        Assert.Contains("connected_slaves:0\r\n", client.Call("INFO replication"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_replica_that_says_what_needs_no_answer_gets_the_stream()
    {
        using var server = new TestServer(ByFile);
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        replica.Client.Send("REPLCONF ACK 1");
        replica.Client.Send("SYNC");
        replica.Client.Send("PSYNC ? -1");
        client.Call("SET b 2");
        replica.Expect("SELECT 0", "SET b 2");
    }

    /// <summary>An answer would stand in the middle of the stream.</summary>
    [Theory]
    [InlineData("PING", "ping")]
    [InlineData("XINFO HELP", "xinfo|help")]
    [InlineData("SET a 1", "set")]
    [InlineData("GET", "get")]
    [InlineData("NOSUCH", "<unknown>")]
    public void A_replica_that_asks_for_an_answer_is_closed(string request, string command)
    {
        var log = new LogLines();
        using var server = new TestServer(ByFile, log: log);
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        replica.Client.Send(request);
        server.TickUntil(() => server.Server.Replicas.Count == 0);
        Assert.Contains($"Replica generated a reply to command '{command}', disconnecting it: 127.0.0.1:", log.Text, StringComparison.Ordinal);
        Assert.Equal(":0", client.Call("DBSIZE"));
    }

    [Fact]
    public void A_shutdown_lets_replicas_catch_up()
    {
        var codes = new List<int>();
        using var server = new TestServer(ByFile, exits: codes.Add);
        using var client = server.Connect();
        using var other = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        client.Call("SET a 1");
        client.Send("SHUTDOWN");
        replica.Expect("SELECT 0", "SET a 1", "REPLCONF GETACK *");
        server.TickUntil(() => server.Server.Blocking.Count == 1);
        Assert.Empty(codes);
        // Writes are held meanwhile, and what only reads is not.
        Assert.Equal("$1 1", other.Call("GET a"));
        other.Send("SET a 2");
        Assert.Equal("+OK", Aborted(server));
        Assert.Equal("-ERR Errors trying to SHUTDOWN. Check logs.", client.Read());
        Assert.Equal("+OK", other.Read());
        replica.Expect("SET a 2");
        client.Send("SHUTDOWN");
        replica.Expect("REPLCONF GETACK *");
        replica.Client.Send($"REPLCONF ACK {replica.Offset + replica.Read}");
        server.TickUntil(() => codes.Count > 0);
        Assert.Equal([0], codes);
    }

    static string Aborted(TestServer server)
    {
        using var client = server.Connect();
        return client.Call("SHUTDOWN ABORT");
    }

    [Fact]
    public void A_shutdown_waits_no_longer_than_it_is_told()
    {
        var codes = new List<int>();
        using var server = new TestServer(ByFile + "shutdown-timeout 5", exits: codes.Add);
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        client.Call("SET a 1");
        client.Send("SHUTDOWN");
        server.TickUntil(() => server.Server.Blocking.Count == 1);
        server.Advance(TimeSpan.FromSeconds(4));
        Assert.Empty(codes);
        server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([0], codes);
    }
}
