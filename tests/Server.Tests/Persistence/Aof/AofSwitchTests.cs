namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>What is appended while a rewrite goes from one file to the next, and the disk takes its time.</summary>
public sealed class AofSwitchTests : IDisposable
{
    const string First = "appendonly.aof.1.incr.aof", Second = "appendonly.aof.2.incr.aof", Third = "appendonly.aof.3.incr.aof";

    /// <summary>Longer than what follows a switch is kept in memory.</summary>
    static readonly TimeSpan s_hang = TimeSpan.FromMilliseconds(110);

    readonly AofDirectory _directory = new();

    public void Dispose()
    {
        _directory.Files.ReleaseSyncs();
        _directory.Dispose();
    }

    /// <summary>
    /// A crash could else leave the one torn with commands behind it: a file that no server starts with.
    /// </summary>
    [Theory]
    [InlineData("everysec")]
    [InlineData("no")]
    [InlineData("always")]
    public void Nothing_is_written_to_the_next_file_before_the_disk_has_all_of_the_one_before(string policy)
    {
        using (var server = _directory.Start($"appendfsync {policy}"))
        {
            using var client = server.Connect();
            Assert.Equal(":1", client.Call("INCR before"));
            _directory.Files.Only = ".1.incr.aof";
            _directory.Files.HoldSyncs();
            Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
            server.TickUntil(() => _directory.Files.WaitingSyncs > 0);
            client.Send("INCR after");
            if (policy != "always") Assert.Equal(":1", client.Read());
            // Nobody waits for that disk but the file.
            server.TickUntil(() => server.Server.Aof.BufferBytes > 0);
            server.Advance(TimeSpan.FromMilliseconds(policy == "always" ? 1000 : 90));
            Assert.Equal("", _directory.Incremental(2));
            _directory.Files.ReleaseSyncs();
            server.Tick();
            if (policy == "always") Assert.Equal(":1", client.Read());
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal("*2 $6 SELECT $1 0 *2 $4 INCR $5 after ", _directory.Incremental(2));
            server.Advance(TimeSpan.FromSeconds(1));
            server.TickUntil(() => !server.Server.Aof.IsSyncPending || policy == "no");
        }
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("*2 $1 1 $1 1", reader.Call("MGET before after"));
    }

    /// <summary>A process that is killed while the disk hangs loses what it keeps in memory.</summary>
    [Theory]
    [InlineData("everysec")]
    [InlineData("no")]
    public void What_follows_a_switch_is_written_soon_though_the_disk_hangs(string policy)
    {
        using var killed = new AofDirectory();
        using (var server = _directory.Start($"appendfsync {policy}"))
        {
            using var client = server.Connect();
            Assert.Equal(":1", client.Call("INCR before"));
            var length = new FileInfo(_directory.AofPath("appendonly.aof.1.incr.aof")).Length;
            _directory.Files.Only = ".1.incr.aof";
            _directory.Files.HoldSyncs();
            client.Call("BGREWRITEAOF");
            server.TickUntil(() => _directory.Files.WaitingSyncs > 0);
            Assert.Equal(":1", client.Call("INCR after"));
            server.Advance(s_hang);
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal(":2", client.Call("INCR after"));
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0 && !server.Server.Snapshots.IsActive);
            Assert.Equal(
                $"#AFTER:{length} appendonly.aof.1.incr.aof *2 $6 SELECT $1 0 *2 $4 INCR $5 after *2 $4 INCR $5 after ", _directory.Incremental(2));
            _directory.CopyTo(killed);
            _directory.Files.ReleaseSyncs();
            server.TickUntil(() =>
            {
                // What followed the switch is synced a second after the former file.
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return !server.Server.Aof.IsSyncPending;
            });
        }
        foreach (var directory in (AofDirectory[])[killed, _directory])
        {
            using var again = directory.Start();
            using var reader = again.Connect();
            Assert.Equal("*2 $1 1 $1 2", reader.Call("MGET before after"));
        }
    }

    /// <summary>
    /// The first file is gone by then, and the disk still has not taken it. What the second one holds may be lost with the power, and the
    /// third says so.
    /// </summary>
    [Theory]
    [InlineData("everysec")]
    [InlineData("no")]
    public void A_second_rewrite_begins_its_file_though_the_disk_hangs_on_the_one_of_the_first(string policy)
    {
        using AofDirectory amid = new(), torn = new(), behind = new();
        using (var server = _directory.Start($"appendfsync {policy}"))
        using (var client = server.Connect())
        {
            Assert.Equal(":1", client.Call("INCR before"));
            _directory.Files.Only = ".1.incr.aof";
            _directory.Files.HoldSyncs();
            AofDirectory.Rewrite(server, client);
            server.TickUntil(() => _directory.Files.WaitingSyncs > 0);
            Assert.Equal(":1", client.Call("INCR between"));
            WaitUntilWritten(server);
            Assert.DoesNotContain(First, _directory.Names);
            var length = new FileInfo(_directory.AofPath(Second)).Length;

            // The second one has its file and no base yet.
            using var mayWrite = new ManualResetEventSlim();
            var start = server.Server.Snapshots.StartThread;
            server.Server.Snapshots.StartThread = (name, write) => start(name, () =>
            {
                mayWrite.Wait();
                write();
            });
            Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
            Assert.Equal(":1", client.Call("INCR after"));
            server.Time.Advance(s_hang);
            Assert.Equal(":2", client.Call("INCR after"));
            Await.Until(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal($"#AFTER:{length} {Second} *2 $6 SELECT $1 0 *2 $4 INCR $5 after *2 $4 INCR $5 after ", _directory.Incremental(3));
            _directory.CopyTo(amid);
            _directory.CopyTo(torn);
            mayWrite.Set();
            server.TickUntil(() => !server.Server.AofRewriting.IsRunning);
            Assert.Equal("file appendonly.aof.3.base.rdb seq 3 type b\nfile appendonly.aof.3.incr.aof seq 3 type i\n", _directory.Manifest);
            _directory.CopyTo(behind);
            Assert.Equal((1, 0L), (_directory.Files.WaitingSyncs, server.Server.Aof.SyncedPosition));

            _directory.Files.ReleaseSyncs();
            Assert.Equal(":3", client.Call("INCR after"));
            server.TickUntil(() =>
            {
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return policy == "no" ? SyncedInOrder.Contains(Second) : server.Server.Aof.SyncedPosition == server.Server.Aof.Position;
            });
            WaitUntilWritten(server);
            Assert.Equal(policy == "no" ? [First, Second] : [First, Second, Third], SyncedInOrder);
        }
        Assert.Equal("*3 $1 1 $1 1 $1 2", AfterRestart(amid));
        Assert.Equal("*3 $1 1 $1 1 $1 2", AfterRestart(behind));
        Assert.Equal("*3 $1 1 $1 1 $1 3", AfterRestart(_directory));
        using (var file = File.OpenWrite(torn.AofPath(Second))) file.SetLength(file.Length - 1);
        Assert.Equal("*3 $1 1 $-1 $-1", AfterRestart(torn));
    }

    /// <summary>Who changed something after either switch is told when the disk has it, in the files' order.</summary>
    [Fact]
    public void With_always_a_second_rewrite_waits_with_its_file_for_the_disk_that_hangs_on_the_one_of_the_first()
    {
        using (var server = _directory.Start("appendfsync always"))
        using (RawClient client = server.Connect(), between = server.Connect(), after = server.Connect())
        {
            Assert.Equal(":1", client.Call("INCR before"));
            _directory.Files.Only = ".1.incr.aof";
            _directory.Files.HoldSyncs();
            AofDirectory.Rewrite(server, client);
            between.Send("INCR between");
            server.TickUntil(() => server.Server.Aof.BufferBytes == BytesOf("INCR between"));
            AofDirectory.Rewrite(server, client);
            after.Send("INCR after");
            server.TickUntil(() => server.Server.Aof.BufferBytes == BytesOf("INCR between") + BytesOf("INCR after"));
            server.Advance(s_hang);
            Assert.Equal("file appendonly.aof.3.base.rdb seq 3 type b\nfile appendonly.aof.3.incr.aof seq 3 type i\n", _directory.Manifest);
            Assert.Equal("", _directory.Incremental(3));
            Assert.Equal(0, between.Socket.Available + after.Socket.Available);

            _directory.Files.ReleaseSyncs();
            server.TickUntil(() => server.Server.Aof.SyncedPosition == server.Server.Aof.Position);
            Assert.Equal((":1", ":1"), (between.Read(), after.Read()));
            Assert.Equal([First, Second, Third], SyncedInOrder);
            Assert.Equal("*2 $6 SELECT $1 0 *2 $4 INCR $5 after ", _directory.Incremental(3));
        }
        Assert.Equal("*3 $1 1 $1 1 $1 1", AfterRestart(_directory));
    }

    IEnumerable<string> SyncedInOrder => _directory.Files.Synced.Where(name => name.EndsWith(".incr.aof", StringComparison.Ordinal)).Distinct();

    /// <summary>Of the first command of a file, which is preceded by the choice of its database.</summary>
    static int BytesOf(string command) => AofDirectory.Commands("SELECT 0", command).Length;

    static void WaitUntilWritten(TestServer server)
    {
        server.Advance(s_hang);
        server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
    }

    static string AfterRestart(AofDirectory directory)
    {
        using var server = directory.Start();
        using var client = server.Connect();
        return client.Call("MGET before between after");
    }

    [Fact]
    public void Nothing_is_written_to_the_next_file_while_the_one_before_cannot_be_synced()
    {
        using (var server = _directory.Start())
        {
            using var client = server.Connect();
            Assert.Equal(":1", client.Call("INCR before"));
            (_directory.Files.Only, _directory.Files.FailsAt) = (".1.incr.aof", FileStep.Sync);
            client.Call("BGREWRITEAOF");
            server.TickUntil(() => server.Server.Aof.Error is not null);
            Assert.Equal("-MISCONF Errors writing to the AOF file: No space left on device", client.Call("INCR after"));
            for (var second = 0; second < 3; second++) server.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("", _directory.Incremental(2));
            _directory.Files.FailsAt = FileStep.None;
            server.TickUntil(() =>
            {
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return server.Server.Aof.Error is null;
            });
            Assert.Equal(":1", client.Call("INCR after"));
            server.TickUntil(() => server.Server.Aof.BufferBytes == 0);
            Assert.Equal("*2 $6 SELECT $1 0 *2 $4 INCR $5 after ", _directory.Incremental(2));
        }
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal("*2 $1 1 $1 1", reader.Call("MGET before after"));
    }

    static readonly string s_before = AofDirectory.Commands("SET a 1", "SET b 1"), s_after = AofDirectory.Commands("SET c 1");

    /// <summary>Two files: the end of the first is not there, and the second was begun when it was.</summary>
    void MakeAfterPowerFailure(int lost, string note) => _directory.Make(
        $"file {First} seq 1 type i\nfile {Second} seq 2 type i\n", (First, s_before[..^lost]), (Second, note + s_after));

    static string NoteOf(string name) => $"#AFTER:{s_before.Length} {name}\r\n";

    [Theory]
    [InlineData(0, "*3 $1 1 $1 1 $1 1")]
    [InlineData(1, "*3 $1 1 $-1 $-1")]
    // The whole of the last command.
    [InlineData(27, "*3 $1 1 $-1 $-1")]
    [InlineData(54, "*3 $-1 $-1 $-1")]
    public void What_ran_on_changes_that_are_lost_with_the_power_is_left_out(int lost, string values)
    {
        MakeAfterPowerFailure(lost, NoteOf(First));
        using (var server = _directory.Start("aof-load-truncated yes"))
        using (var client = server.Connect())
        {
            Assert.Equal(values, client.Call("MGET a b c"));
            Assert.Equal("+OK", client.Call("SET d 1"));
        }
        const string Told = $"The append only file {Second} was begun when the file before it had 54 bytes. Now it has ";
        Assert.Equal(lost > 0, _directory.Log.Text.Contains(Told, StringComparison.Ordinal));
        using var again = _directory.Start();
        using var reader = again.Connect();
        Assert.Equal(values, reader.Call("MGET a b c"));
        Assert.Equal("$1 1", reader.Call("GET d"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(27)]
    public void Where_no_end_may_be_lost_a_file_that_lacks_its_end_is_refused_and_all_stays(int lost)
    {
        MakeAfterPowerFailure(lost, NoteOf(First));
        Assert.Contains("Unexpected end of file reading the append only file", _directory.Refusal("aof-load-truncated no"), StringComparison.Ordinal);
        Assert.Equal(s_before.Length - lost, new FileInfo(_directory.AofPath(First)).Length);
        Assert.Equal(NoteOf(First) + s_after, File.ReadAllText(_directory.AofPath(Second)));
    }

    /// <summary>The base of a rewrite has taken the place of the file that the note speaks of.</summary>
    [Theory]
    [InlineData("#AFTER:1000000 appendonly.aof.7.incr.aof\r\n")]
    [InlineData("#AFTER:54\r\n")]
    [InlineData("#AFTER: appendonly.aof.1.incr.aof\r\n")]
    [InlineData("")]
    public void A_note_of_another_file_leaves_nothing_out(string note)
    {
        MakeAfterPowerFailure(27, note);
        using var server = _directory.Start();
        using var client = server.Connect();
        Assert.Equal("*3 $1 1 $-1 $1 1", client.Call("MGET a b c"));
    }
}
