using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>When the disk has what: appendfsync, slow disks, full ones, and those that fail.</summary>
public sealed class AofSyncTests : IDisposable
{
    const string Always = "appendfsync always";

    readonly AofDirectory _directory = new();

    public void Dispose()
    {
        _directory.Files.ReleaseSyncs();
        _directory.Dispose();
    }

    TestServer StartHeld(string configuration = Always, bool portableTransport = false)
    {
        var server = _directory.Start(configuration, portableTransport);
        _directory.Files.Only = ".incr.aof";
        _directory.Files.HoldSyncs();
        return server;
    }

    void Release(TestServer server)
    {
        _directory.Files.ReleaseSyncs();
        server.Tick();
    }

    /// <summary>Whether nothing has been sent to a client, though the server has gone through everything that it was sent.</summary>
    static bool HearsNothing(TestServer server, RawClient client)
    {
        var address = client.Socket.LocalEndPoint!.ToString();
        server.TickUntil(() => server.Server.Clients.All.Any(c => c.Connection.Remote == address && c.Has(ClientFlags.AwaitsDisk)));
        server.Tick();
        return client.Socket.Available == 0;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_always_a_reply_waits_until_the_disk_has_what_it_acknowledges(bool portableTransport)
    {
        using var server = StartHeld(portableTransport: portableTransport);
        using var client = server.Connect();
        using var other = server.Connect();
        client.Send("INCR a");
        Assert.True(HearsNothing(server, client));
        Assert.Equal("+PONG", other.Call("PING"));
        Release(server);
        Assert.Equal(":1", client.Read());
        Assert.Equal(":2", client.Call("INCR a"));
    }

    [Theory]
    [InlineData("GET a", "$1 1")]
    [InlineData("EXISTS other", ":0")]
    [InlineData("DBSIZE", ":1")]
    [InlineData("MULTI\nGET a\nEXEC", "+OK\n+QUEUED\n*1 $1 1")]
    [InlineData("PING\nGET a\nPING", "+PONG\n$1 1\n+PONG")]
    public void With_always_nobody_is_told_of_data_that_a_crash_could_still_undo(string commands, string replies)
    {
        using var server = StartHeld();
        using var writer = server.Connect();
        using var reader = server.Connect();
        writer.Send("INCR a");
        Assert.True(HearsNothing(server, writer));
        reader.SendRaw(string.Concat(commands.Split('\n').Select(command => RawClient.Encode(command.Split(' ')))));
        Assert.True(HearsNothing(server, reader));
        Release(server);
        Assert.Equal(":1", writer.Read());
        Assert.Equal(replies, string.Join('\n', replies.Split('\n').Select(_ => reader.Read())));
    }

    [Fact]
    public void With_always_who_waited_for_an_entry_reads_it_when_the_disk_has_it()
    {
        using var server = StartHeld();
        using var reader = server.Connect();
        using var writer = server.Connect();
        reader.Send("XREAD BLOCK 0 STREAMS s $");
        server.TickUntil(() => server.Server.Clients.All.Any(c => c.Has(ClientFlags.Blocked)));
        writer.Send("XADD s 1-1 f v");
        Assert.True(HearsNothing(server, reader));
        Assert.True(HearsNothing(server, writer));
        Release(server);
        Assert.Equal("*1 *2 $1 s *1 *2 $3 1-1 *2 $1 f $1 v", reader.Read());
    }

    [Fact]
    public void Without_always_and_when_the_disk_has_all_reads_do_not_wait()
    {
        using var server = _directory.Start(Always);
        using var client = server.Connect();
        using var other = server.Connect();
        client.Call("INCR a");
        _directory.Files.Only = ".incr.aof";
        _directory.Files.HoldSyncs();
        Assert.Equal("$1 1", other.Call("GET a"));
    }

    [Fact]
    public void A_pipeline_is_held_as_a_whole_and_what_follows_runs_only_then()
    {
        using var server = StartHeld();
        using var client = server.Connect();
        using var other = server.Connect();
        client.SendRaw(RawClient.Encode("GET", "a") + RawClient.Encode("INCR", "a") + RawClient.Encode("GET", "a"));
        Assert.True(HearsNothing(server, client));
        client.Send("INCR late");
        server.WaitUntilRead(client, 1);
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(1, server.Server.Keyspace[0].Count);
        Release(server);
        Assert.Equal(("$-1", ":1", "$1 1", ":1"), (client.Read(), client.Read(), client.Read(), client.Read()));
    }

    [Fact]
    public void A_transaction_is_held_as_a_whole()
    {
        using var server = StartHeld();
        using var client = server.Connect();
        client.SendRaw(RawClient.Encode("MULTI") + RawClient.Encode("INCR", "a") + RawClient.Encode("PING") + RawClient.Encode("EXEC"));
        Assert.True(HearsNothing(server, client));
        Release(server);
        Assert.Equal(("+OK", "+QUEUED", "+QUEUED", "*2 :1 +PONG"), (client.Read(), client.Read(), client.Read(), client.Read()));
    }

    [Fact]
    public void Who_waited_for_an_element_has_it_when_the_disk_has()
    {
        using var server = StartHeld();
        using var waiter = server.Connect();
        using var pusher = server.Connect();
        waiter.Send("BLPOP l 0");
        server.TickUntil(() => server.Server.Clients.All.Any(c => c.Has(ClientFlags.Blocked)));
        pusher.Send("RPUSH l x");
        Assert.True(HearsNothing(server, waiter));
        Assert.True(HearsNothing(server, pusher));
        Release(server);
        Assert.Equal(":1", pusher.Read());
        Assert.Equal("*2 $1 l $1 x", waiter.Read());
    }

    [Fact]
    public void Who_is_held_twice_hears_nothing_until_the_second_is_on_the_disk()
    {
        using var server = StartHeld();
        using var client = server.Connect();
        using var pusher = server.Connect();
        client.SendRaw(RawClient.Encode("INCR", "a") + RawClient.Encode("BLPOP", "l", "0"));
        Assert.True(HearsNothing(server, client));
        server.TickUntil(() => _directory.Files.WaitingSyncs == 1);
        pusher.Send("RPUSH l x");
        server.TickUntil(() => server.Server.Clients.All.Count(c => c.Has(ClientFlags.AwaitsDisk)) == 2);
        var until = server.Server.Aof.Position;
        lock (server.Server.Executor.ExecutorLock)
        {
            // The first sync ends, the second cannot begin before the test looks.
            _directory.Files.ReleaseSyncs();
            _directory.Files.HoldSyncs();
        }
        server.TickUntil(() => _directory.Files.WaitingSyncs == 1 || !_directory.Files.Holds);
        Assert.All(server.Server.Clients.All.Where(c => c.Has(ClientFlags.AwaitsDisk)), c => Assert.Equal(until, c.HeldUntil));
        Release(server);
        Assert.Equal((":1", "*2 $1 l $1 x"), (client.Read(), client.Read()));
    }

    [Fact]
    public void Messages_for_others_go_on_and_those_for_who_is_held_follow_the_reply()
    {
        using var server = StartHeld();
        using var held = server.Connect(protocol: 3);
        using var subscriber = server.Connect();
        using var publisher = server.Connect();
        held.Call("SUBSCRIBE c");
        subscriber.Call("SUBSCRIBE c");
        held.Send("INCR a");
        Assert.True(HearsNothing(server, held));
        Assert.Equal(":2", publisher.Call("PUBLISH c m"));
        Assert.Equal("*3 $7 message $1 c $1 m", subscriber.Read());
        Assert.Equal(0, held.Socket.Available);
        Release(server);
        Assert.Equal((":1", ">3 $7 message $1 c $1 m"), (held.Read(), held.Read()));
    }

    [Fact]
    public void Who_is_killed_or_goes_while_held_is_forgotten()
    {
        using var server = StartHeld();
        using var killed = server.Connect();
        using var gone = server.Connect();
        using var quits = server.Connect();
        using var other = server.Connect();
        var id = killed.Call("CLIENT ID")[1..];
        killed.Send("INCR a");
        gone.Send("INCR a");
        quits.SendRaw(RawClient.Encode("INCR", "a") + RawClient.Encode("QUIT"));
        Assert.True(HearsNothing(server, killed));
        Assert.True(HearsNothing(server, gone));
        Assert.True(HearsNothing(server, quits));
        Assert.Equal(":1", other.Call($"CLIENT KILL ID {id}"));
        Assert.True(killed.IsClosedByServer());
        gone.Reset();
        server.TickUntil(() => server.Server.Clients.Count == 2);
        Release(server);
        Assert.StartsWith(":", quits.Read(), StringComparison.Ordinal);
        Assert.Equal("+OK", quits.Read());
        Assert.True(quits.IsClosedByServer());
        Assert.Equal("$1 3", other.Call("GET a"));
    }

    [Fact]
    public void Who_is_held_when_the_policy_is_weakened_is_let_go_when_the_disk_has_it()
    {
        using var server = StartHeld();
        using var client = server.Connect();
        using var other = server.Connect();
        client.Send("INCR a");
        Assert.True(HearsNothing(server, client));
        other.Send("CONFIG SET appendfsync no");
        _directory.Files.ReleaseSyncs();
        Assert.Equal("+OK", other.Read());
        Assert.Equal(":1", client.Read());
        Assert.Equal(":2", client.Call("INCR a"));
    }

    [Fact]
    public void With_always_a_disk_that_fails_ends_the_process_and_nothing_is_acknowledged()
    {
        foreach (var step in new[] { FileStep.Write, FileStep.Sync })
        {
            _directory.Exits.Clear();
            using var server = _directory.Start(Always);
            using var client = server.Connect();
            (_directory.Files.Only, _directory.Files.FailsAt) = (".incr.aof", step);
            client.Send("INCR a");
            server.TickUntil(() => _directory.Exits.Count > 0);
            _directory.Files.FailsAt = FileStep.None;
            server.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal(1, _directory.Exits[0]);
            Assert.Equal(0, client.Socket.Available);
            Assert.Contains("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...", _directory.Log.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_second_the_disk_has_what_was_written()
    {
        using var server = _directory.Start();
        using var client = server.Connect();
        var before = _directory.Files.Syncs;
        client.Call("INCR a");
        server.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(before, _directory.Files.Syncs);
        server.Advance(TimeSpan.FromMilliseconds(1));
        server.TickUntil(() => _directory.Files.Syncs == before + 1 && !server.Server.Aof.IsSyncPending);
    }

    [Fact]
    public void While_the_disk_is_two_seconds_behind_writes_wait_and_nobody_else_does()
    {
        using var server = StartHeld("appendfsync everysec");
        using var client = server.Connect();
        using var other = server.Connect();
        Assert.Equal(":1", client.Call("INCR a"));
        server.Advance(TimeSpan.FromSeconds(1));
        server.TickUntil(() => _directory.Files.WaitingSyncs == 1);
        // What is handed over while the file is synced is written all the same.
        Assert.Equal(":2", client.Call("INCR a"));
        server.TickUntil(() => _directory.Incremental().Split("INCR").Length == 3);
        server.Advance(TimeSpan.FromMilliseconds(1001));
        client.Send("INCR a");
        server.TickUntil(() => server.Server.Clients.All.Any(c => c.Has(ClientFlags.Paused)));
        Assert.Equal("$1 2", other.Call("GET a"));
        Assert.Contains("Asynchronous AOF fsync is taking too long", _directory.Log.Text, StringComparison.Ordinal);
        _directory.Files.ReleaseSyncs();
        server.TickUntil(() => !server.Server.Aof.HoldsWrites);
        Assert.Equal(":3", client.Read());
    }

    [Fact]
    public void Turning_the_file_off_lets_those_go_that_wait_for_the_disk()
    {
        using var server = StartHeld("appendfsync everysec");
        using var client = server.Connect();
        using var other = server.Connect();
        client.Call("INCR a");
        server.Advance(TimeSpan.FromSeconds(3));
        server.Advance(TimeSpan.FromMilliseconds(1));
        client.Send("INCR a");
        server.TickUntil(() => server.Server.Clients.All.Any(c => c.Has(ClientFlags.Paused)));
        other.Send("CONFIG SET appendonly no");
        _directory.Files.ReleaseSyncs();
        Assert.Equal("+OK", other.Read());
        Assert.Equal(":2", client.Read());
    }

    [Theory]
    [InlineData("Write")]
    [InlineData("Sync")]
    public void A_full_disk_refuses_writes_and_ping_until_there_is_room(string step)
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            client.Call("SET a 1");
            (_directory.Files.Only, _directory.Files.FailsAt) = (".incr.aof", Enum.Parse<FileStep>(step));
            // Half of the next command fits.
            _directory.Files.Room = _directory.Incremental().Length + 20;
            Assert.Equal(":2", client.Call("INCR a"));
            server.Advance(TimeSpan.FromSeconds(1));
            server.TickUntil(() => server.Server.Aof.Error is not null);
            client.Run("""
                INCR a
                -> -MISCONF Errors writing to the AOF file: No space left on device
                PING
                -> -MISCONF Errors writing to the AOF file: No space left on device
                GET a
                -> $1 2
                """);
            Assert.Contains("aof_last_write_status:err\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
            // Longer than two seconds: refused, not held.
            server.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal("-MISCONF Errors writing to the AOF file: No space left on device", client.Call("INCR a"));

            _directory.Files.FailsAt = FileStep.None;
            server.TickUntil(() =>
            {
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return server.Server.Aof.Error is null;
            });
            Assert.Equal("+PONG", client.Call("PING"));
            Assert.Equal(":3", client.Call("INCR a"));
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal("*2 $6 SELECT $1 0 *3 $3 SET $1 a $1 1 *2 $4 INCR $1 a *2 $4 INCR $1 a ", _directory.Incremental());
            server.TickUntil(() => _directory.Log.Text.Contains("AOF write error looks solved", StringComparison.Ordinal));
        }
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("$1 3", reader.Call("GET a"));
    }

    [Fact]
    public void A_save_can_put_syncs_off()
    {
        using var server = _directory.Start("no-appendfsync-on-rewrite yes");
        using var client = server.Connect();
        client.Call("INCR a");
        _directory.Files.Only = "temp-";
        _directory.Files.HoldSyncs();
        client.Call("BGSAVE");
        server.TickUntil(() => _directory.Files.WaitingSyncs == 1);
        var before = _directory.Files.Syncs;
        client.Call("INCR a");
        server.Advance(TimeSpan.FromSeconds(5));
        server.Tick();
        Assert.Equal(before, _directory.Files.Syncs);
        Assert.False(server.Server.Aof.HoldsWrites);
        _directory.Files.ReleaseSyncs();
        server.TickUntil(() => !server.Server.Snapshots.IsActive);
        server.Advance(TimeSpan.FromSeconds(1));
        server.TickUntil(() => !server.Server.Aof.IsSyncPending);
    }

    [Fact]
    public void Shutdown_waits_until_the_disk_has_everything()
    {
        using var server = _directory.Start("appendfsync no");
        using var client = server.Connect();
        client.Call("INCR a");
        // With "no" it is the system that syncs, and nobody waits for it.
        Assert.False(server.Server.Aof.IsSyncPending);
        var before = _directory.Files.Syncs;
        client.Send("SHUTDOWN");
        server.TickUntil(() => _directory.Exits.Count > 0);
        Assert.Equal(0, _directory.Exits[0]);
        Assert.Equal(before + 1, _directory.Files.Syncs);
    }

    [Fact]
    public void Ten_thousand_turns_during_a_slow_sync_take_little_memory()
    {
        using var server = StartHeld("appendfsync everysec");
        using var client = server.Connect();
        client.Call("INCR a");
        server.Advance(TimeSpan.FromSeconds(1));
        server.TickUntil(() => _directory.Files.WaitingSyncs == 1);
        for (var i = 0; i < 2000; i++) client.Call("INCR a");
        Release(server);
        server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
        Assert.EndsWith("*2 $4 INCR $1 a ", _directory.Incremental(), StringComparison.Ordinal);
        Assert.Equal(2001, _directory.Incremental().Split("INCR").Length - 1);
    }
}
