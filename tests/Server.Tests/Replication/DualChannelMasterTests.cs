using System.Globalization;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Tests.Replication;

/// <summary>A replica that takes its file by one connection and the stream by another, as Valkey 8.0.1 does it on the wire.</summary>
public sealed class DualChannelMasterTests
{
    const string Settings = "dual-channel-replication-enabled yes\nrepl-diskless-sync-delay 0\nenable-debug-command yes\n";
    const string Ok = "+OK";

    static FakeReplica MainChannel(TestServer server) =>
        new(server, "REPLCONF listening-port 7001", "REPLCONF capa eof capa psync2 capa dual-channel", "REPLCONF version 8.0.1");

    static FakeReplica FileChannel(TestServer server) => new(server, "REPLCONF capa eof rdb-only 1 rdb-channel 1 listening-port 7001");

    /// <summary>Asks for the file, by the inline command that Valkey sends.</summary>
    static (string Id, long Offset, string Client) Sync(FakeReplica file)
    {
        file.Client.SendRaw("SYNC\r\n");
        var line = file.Line();
        Assert.StartsWith("$ENDOFF:", line, StringComparison.Ordinal);
        var words = line["$ENDOFF:".Length..].Split(' ');
        Assert.Equal(4, words.Length);
        return (words[1], long.Parse(words[0], CultureInfo.InvariantCulture), words[3]);
    }

    static string Replication(RawClient client) => client.Call("INFO replication");

    [Fact]
    public void The_file_and_the_stream_come_by_connections_of_their_own()
    {
        using var server = new TestServer(Settings);
        using var client = server.Connect();
        client.Call("SET before 1");
        using var main = MainChannel(server);
        Assert.Equal("+DUALCHANNELSYNC", main.Continue("?", -1));
        Assert.Contains("connected_slaves:0", Replication(client), StringComparison.Ordinal);
        using var file = FileChannel(server);
        var (id, offset, number) = Sync(file);
        Assert.Equal((server.Server.History.Id, server.Server.History.Offset), (id, offset));
        Assert.Contains("replicas_waiting_psync:1", Replication(client), StringComparison.Ordinal);
        client.Call("SELECT 3");
        client.Call("SET during 1");
        Assert.Equal(Ok, main.Client.Call($"REPLCONF set-rdb-client-id {number}"));
        Assert.Equal($"+CONTINUE {id}", main.Continue(id, offset + 1));
        main.Expect("SELECT 3", "SET during 1");
        Assert.Contains("state=bg_transfer,offset=0,lag=0,type=main-channel", Replication(client), StringComparison.Ordinal);
        Assert.Contains("replicas_waiting_psync:0", Replication(client), StringComparison.Ordinal);
        Assert.Equal($"*3 $6 master :{server.Server.History.Offset} *0", client.Call("ROLE"));
        Assert.Contains("before", file.File(), StringComparison.Ordinal);
        server.TickUntil(() => server.Server.Replicas.Count == 1);
        main.Client.Send($"REPLCONF ACK {server.Server.History.Offset}");
        server.TickUntil(() => server.Server.Replicas.CountAcks(server.Server.History.Offset) == 1);
        Assert.Contains("slave0:ip=127.0.0.1,port=7001,state=online", Replication(client), StringComparison.Ordinal);
        Assert.Contains("type=replica", Replication(client), StringComparison.Ordinal);
        client.Call("SET after 1");
        main.Expect("SET after 1");
        var statistics = server.Server.Statistics;
        Assert.Equal((1, 1, 0), (statistics.FullSyncs, statistics.PartialSyncs, statistics.RefusedPartialSyncs));
    }

    [Fact]
    public void While_the_file_is_sent_both_connections_are_listed()
    {
        using var server = new TestServer(Settings + "rdb-key-save-delay 1000");
        using var client = server.Connect();
        client.Call("DEBUG POPULATE 1000");
        using var main = MainChannel(server);
        main.Continue("?", -1);
        using var file = FileChannel(server);
        var (id, offset, number) = Sync(file);
        main.Client.Call($"REPLCONF set-rdb-client-id {number}");
        main.Continue(id, offset + 1);
        var said = Replication(client);
        Assert.Contains("slave0:ip=127.0.0.1,port=7001,state=wait_bgsave,offset=0,lag=0,type=rdb-channel", said, StringComparison.Ordinal);
        Assert.Contains("slave1:ip=127.0.0.1,port=7001,state=bg_transfer,offset=0,lag=0,type=main-channel", said, StringComparison.Ordinal);
        // FAILOVER and who looks for the replica by its address find the one that will stay.
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(ReplicaState.LoadsBeside, server.Server.Replicas.Find("127.0.0.1", 7001)!.State);
        Assert.Matches($@"id={number} [^\n]* flags=S [^\n]*cmd=sync", client.Call("CLIENT LIST"));
        // Nobody wants the file any more.
        file.Client.Dispose();
        server.TickUntil(() => !server.Server.Snapshots.IsActive && server.Server.Replicas.Count == 1);
    }

    [Fact]
    public void Replicas_with_and_without_a_connection_of_its_own_get_snapshots_of_their_own()
    {
        using var server = new TestServer(Settings.Replace("delay 0", "delay 5", StringComparison.Ordinal));
        using var client = server.Connect();
        client.Call("SET k v");
        using var first = FileChannel(server);
        using var second = FileChannel(server);
        using var plain = new FakeReplica(server, "REPLCONF capa eof capa psync2");
        first.Client.Send("SYNC");
        second.Client.Send("SYNC");
        plain.Client.Send("PSYNC ? -1");
        server.TickUntil(() => server.Server.Replicas.Count == 3);
        server.Advance(TimeSpan.FromSeconds(6));
        Assert.StartsWith("$ENDOFF:", first.Line(), StringComparison.Ordinal);
        Assert.StartsWith("$ENDOFF:", second.Line(), StringComparison.Ordinal);
        Assert.Equal(first.File(), second.File());
        Assert.StartsWith("+FULLRESYNC", plain.Line(), StringComparison.Ordinal);
        plain.File();
        Assert.Equal(2, server.Server.Statistics.Snapshots);
        Assert.Equal(2, server.Server.AwaitedChannels.Count);
    }

    [Theory]
    [InlineData("dual-channel-replication-enabled no")]
    [InlineData("repl-diskless-sync no")]
    public void A_master_that_does_not_offer_it_answers_the_plain_way(string directive)
    {
        using var server = new TestServer(Settings + directive);
        using var main = MainChannel(server);
        Assert.StartsWith("+FULLRESYNC", main.Continue("?", -1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("REPLCONF set-rdb-client-id 999", "-ERR Unrecognized RDB client id 999")]
    [InlineData("REPLCONF set-rdb-client-id x", "-ERR value is not an integer or out of range")]
    [InlineData("REPLCONF rdb-channel 2", "-ERR value is out of range, value must between 0 and 1")]
    [InlineData("REPLCONF rdb-channel x", "-ERR value is not an integer or out of range")]
    public void What_it_does_not_know_is_refused(string request, string answer)
    {
        using var server = new TestServer(Settings);
        using var client = server.Connect();
        Assert.Equal(answer, client.Call(request));
    }

    [Fact]
    public void A_files_connection_that_cannot_read_up_to_a_mark_is_refused()
    {
        using var server = new TestServer(Settings);
        using var client = server.Connect();
        client.Call("REPLCONF rdb-channel 1");
        Assert.Equal("-ERR Filtered replica requires EOF capability", client.Call("SYNC"));
    }

    [Fact]
    public void A_main_connection_is_awaited_for_some_time_after_the_files_has_ended()
    {
        using var server = new TestServer(Settings + "repl-backlog-size 16kb");
        using var client = server.Connect();
        using var main = MainChannel(server);
        main.Continue("?", -1);
        var file = FileChannel(server);
        var (id, offset, number) = Sync(file);
        file.File();
        file.Dispose();
        server.TickUntil(() => server.Server.Replicas.Count == 0);
        var value = new string('v', 10_000);
        for (var i = 0; i < 50; i++) client.CallWords("SET", "k", value);
        server.Advance(TimeSpan.FromSeconds(60));
        Assert.InRange(server.Server.ReplicationStream.MemoryBytes, 500_000, 1_000_000);
        Assert.Equal(Ok, main.Client.Call($"REPLCONF set-rdb-client-id {number}"));
        Assert.Equal($"+CONTINUE {id}", main.Continue(id, offset + 1));
        main.Expect("SELECT 0");
        for (var i = 0; i < 50; i++) main.Expect("SET k " + value);
        Assert.Equal(0, server.Server.AwaitedChannels.Count);
    }

    [Fact]
    public void A_main_connection_that_does_not_come_is_given_up()
    {
        using var server = new TestServer(Settings + "repl-backlog-size 16kb");
        using var client = server.Connect();
        Assert.Equal(Ok, client.Call("DEBUG DELAY-RDB-CLIENT-FREE-SECONDS 2"));
        var file = FileChannel(server);
        var (_, _, number) = Sync(file);
        file.File();
        file.Dispose();
        server.TickUntil(() => server.Server.Replicas.Count == 0);
        for (var i = 0; i < 50; i++) client.CallWords("SET", "k", new string('v', 10_000));
        server.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, server.Server.AwaitedChannels.Count);
        server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, server.Server.AwaitedChannels.Count);
        Assert.InRange(server.Server.ReplicationStream.MemoryBytes, 0, 200_000);
        Assert.StartsWith("-ERR Unrecognized RDB client id", client.Call($"REPLCONF set-rdb-client-id {number}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_kept_for_a_main_connection_is_bounded_like_a_replicas_output(bool filesHasEnded)
    {
        using var server = new TestServer(
            Settings + "client-output-buffer-limit replica 1mb 0 0\nrepl-backlog-size 16kb\n" + (filesHasEnded ? "" : "rdb-key-save-delay 100000"));
        using var client = server.Connect();
        client.Call("DEBUG POPULATE 1000");
        using var main = MainChannel(server);
        main.Continue("?", -1);
        using var file = FileChannel(server);
        var (id, offset, _) = Sync(file);
        if (filesHasEnded)
        {
            file.File();
            file.Client.Dispose();
            server.TickUntil(() => server.Server.Replicas.Count == 0);
        }
        for (var i = 0; i < 200; i++) client.CallWords("SET", "k", new string('v', 10_000));
        Assert.Equal((0, 1), (server.Server.AwaitedChannels.Count, server.Server.Statistics.OutputBufferLimitDisconnections));
        server.TickUntil(() => server.Server.Replicas.Count == 0 && !server.Server.Snapshots.IsActive);
        // What it needs is gone, so it has to begin again.
        Assert.Equal("+DUALCHANNELSYNC", main.Continue(id, offset + 1));
        Assert.Equal(1, server.Server.Statistics.RefusedPartialSyncs);
    }

    [Fact]
    public void A_history_that_ends_leaves_nobody_awaited()
    {
        using var server = new TestServer(Settings + "rdb-key-save-delay 100000");
        using var client = server.Connect();
        client.Call("DEBUG POPULATE 1000");
        using var file = FileChannel(server);
        Sync(file);
        lock (server.Server.Executor.ExecutorLock) server.Server.Replicas.DropAll("the test says so");
        Assert.Equal(0, server.Server.AwaitedChannels.Count);
    }
}
