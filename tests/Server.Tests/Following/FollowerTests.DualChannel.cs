using MiniRedis.Server.Following;

namespace MiniRedis.Server.Tests.Following;

/// <summary>The file comes by a connection of its own, and the stream is kept meanwhile.</summary>
public sealed partial class FollowerTests
{
    const string Dual = "dual-channel-replication-enabled yes\n";

    static void AssertSynchronized(TestServer server)
    {
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        Await(server, () => server.Server.Follower.State == MasterLinkState.Connected);
        AssertHasStream(server);
        using var client = server.Connect();
        Assert.Equal("$3 yes", client.Call("GET loaded"));
        Assert.Contains("replicas_repl_buffer_size:0", client.Call("INFO replication"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(int.MaxValue, "disabled")]
    [InlineData(1, "disabled")]
    [InlineData(7, "on-empty-db")]
    [InlineData(int.MaxValue, "swapdb")]
    [InlineData(int.MaxValue, "flush-before-load")]
    public void The_file_and_the_stream_are_taken_from_two_connections(int piece, string diskless)
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true, Piece = piece, File = FileOf("SET loaded yes", "SET a old") };
        using var server = Follow(master, Dual + $"repl-diskless-load {diskless}\n");
        AssertSynchronized(server);
        // What Valkey 8.0.1 sends, word by word; ours says its version, and that it hides keys of slots on the move.
        Assert.Equal(
            [
                "PING", $"REPLCONF listening-port {server.Port}", "REPLCONF capa eof capa psync2 capa dual-channel capa slot-migrations",
                "REPLCONF version 7.4.0", "PSYNC ? -1",
                $"REPLCONF capa eof rdb-only 1 rdb-channel 1 listening-port {server.Port}", "SYNC",
                "REPLCONF set-rdb-client-id 17", $"PSYNC {FakeMaster.Id} {FakeMaster.Begin + 1}",
            ],
            master.Requests.Where(r => !r.StartsWith("REPLCONF ACK", StringComparison.Ordinal)));
        // What came after the link was up is acknowledged by the cron.
        Await(server, () => master.Count($"REPLCONF ACK {FakeMaster.Begin + s_stream.Length}") > 0);
    }

    [Fact]
    public void The_stream_is_kept_while_the_file_is_on_its_way_and_then_applied()
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true, File = FileOf("SET loaded yes") };
        master.MaySendFile.Reset();
        using var server = Follow(master, Dual);
        Await(server, () => server.Server.Follower.Kept.Now > 0);
        Assert.Equal(0, master.Count("REPLCONF ACK"));
        using var client = server.Connect();
        Assert.Contains("master_link_status:down", client.Call("INFO replication"), StringComparison.Ordinal);
        master.MaySendFile.Set();
        AssertSynchronized(server);
        Assert.Matches("replicas_repl_buffer_peak:[1-9]", client.Call("INFO replication"));
    }

    [Fact]
    public void What_exceeds_the_limit_stays_with_the_master_until_the_file_is_loaded()
    {
        var values = string.Concat(Enumerable.Range(0, 3000).Select(i => RawClient.Encode("SET", $"k{i}", new string('v', 100))));
        using var master = new FakeMaster("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n" + values) { UsesDualChannel = true, File = FileOf("SET loaded yes") };
        master.MaySendFile.Reset();
        var log = new LogLines();
        using var server = new TestServer(
            Settings + Dual + $"client-output-buffer-limit replica 32kb 0 0\nreplicaof 127.0.0.1 {master.Port}\n", log: log);
        Await(server, () => log.Text.Contains("Replication buffer limit reached, stopping buffering.", StringComparison.Ordinal));
        Assert.InRange(server.Server.Follower.Kept.Now, 32 << 10, 48 << 10);
        master.MaySendFile.Set();
        Await(server, () => server.Server.Follower.State == MasterLinkState.Connected && server.Server.Keyspace.Count == 3001);
        Assert.InRange(server.Server.Follower.Kept.Peak, 32 << 10, 48 << 10);
    }

    [Fact]
    public void A_main_connection_that_is_slower_than_the_file_is_waited_for()
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true, File = FileOf("SET loaded yes") };
        master.MayContinue.Reset();
        using var server = Follow(master, Dual);
        Await(server, () => server.Server.Keyspace.Count == 1 && !server.Server.Dataset.IsLoadingAny);
        Assert.NotEqual(MasterLinkState.Connected, server.Server.Follower.State);
        master.MayContinue.Set();
        AssertSynchronized(server);
    }

    [Theory]
    [InlineData("REPLCONF capa eof rdb-only")]
    [InlineData("SYNC")]
    [InlineData("REPLCONF set-rdb-client-id")]
    [InlineData("PSYNC 0123")]
    public void A_connection_that_is_cut_in_the_handshake_is_begun_with_again(string at)
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true, CutsAt = new([at, at]), File = FileOf("SET loaded yes") };
        using var server = Follow(master, Dual);
        AssertSynchronized(server);
        Assert.Equal(3, master.Count("PSYNC ? -1"));
    }

    [Theory]
    [InlineData("disabled")]
    [InlineData("flush-before-load")]
    [InlineData("swapdb")]
    public void A_file_that_is_cut_anywhere_is_asked_for_again(string diskless)
    {
        var file = FileOf("SET loaded yes");
        using var master = new FakeMaster(s_stream)
        {
            UsesDualChannel = true, File = file, FileCuts = new([0, 3, 46, 47, 47 + file.Length / 2, 47 + file.Length, 47 + file.Length + 39]),
        };
        using var server = Follow(master, Dual + $"repl-diskless-load {diskless}\n");
        AssertSynchronized(server);
        Assert.Equal(8, master.Count("PSYNC ? -1"));
    }

    [Fact]
    public void A_main_connection_that_is_cut_while_the_file_is_on_its_way_ends_both()
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true, File = FileOf("SET loaded yes"), Cuts = new([10, s_stream.Length]) };
        master.MaySendFile.Reset();
        using var server = Follow(master, Dual);
        Await(server, () => master.Count("PSYNC ? -1") >= 2);
        master.MaySendFile.Set();
        AssertSynchronized(server);
    }

    [Fact]
    public void A_link_that_is_cut_once_the_file_is_loaded_goes_on_where_it_stopped()
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true, File = FileOf("SET loaded yes") };
        using var server = Follow(master, Dual);
        AssertSynchronized(server);
        master.Cut();
        master.Await($"PSYNC {FakeMaster.Id} {FakeMaster.Begin + s_stream.Length + 1}");
        Assert.Equal(1, master.Count("PSYNC ? -1"));
    }

    [Theory]
    [InlineData("$ENDOFF:nonsense\r\n")]
    [InlineData("-ERR no\r\n")]
    public void A_master_that_answers_something_else_is_asked_again(string answer)
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true, File = FileOf("SET loaded yes"), EndOffsets = new([answer, answer]) };
        using var server = Follow(master, Dual);
        AssertSynchronized(server);
        Assert.Equal(3, master.Count("PSYNC ? -1"));
    }

    [Fact]
    public void A_master_that_does_not_know_it_is_followed_the_plain_way()
    {
        using var master = new FakeMaster(s_stream) { File = FileOf("SET loaded yes") };
        using var server = Follow(master, Dual);
        AssertSynchronized(server);
        Assert.Equal(0, master.Count("SYNC"));
    }

    [Fact]
    public void Following_another_one_ends_both_connections()
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true };
        master.MaySendFile.Reset();
        using var server = Follow(master, Dual);
        Await(server, () => server.Server.Follower.Kept.Now > 0);
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("REPLICAOF NO ONE"));
        Assert.Equal(0, server.Server.Follower.Kept.Now);
        Assert.Equal("+OK", client.Call("SET k v"));
        master.MaySendFile.Set();
    }

    [Fact]
    public void A_silent_master_is_left_though_its_main_connection_speaks()
    {
        using var master = new FakeMaster(s_stream) { UsesDualChannel = true };
        master.MaySendFile.Reset();
        using var server = new TestServer(Dual + $"repl-timeout 10\nreplicaof 127.0.0.1 {master.Port}\n");
        Await(server, () => master.Count("PSYNC ? -1") >= 2);
        // From here on the clock of the server may run ahead of the machine's.
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("CONFIG SET repl-timeout 1000000"));
        master.MaySendFile.Set();
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
    }
}
