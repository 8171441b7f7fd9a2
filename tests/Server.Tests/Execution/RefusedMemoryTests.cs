using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Tests.Commands;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>
/// Every write command, with the n-th block of memory refused, alone or with all after it, for every n until it gets through. It
/// answers -OOM and nothing has changed, to the byte; or it succeeds and all invariants hold; or the server has ended.
/// </summary>
[Trait("Size", "Large")]
public sealed class RefusedMemoryTests
{
    /// <summary>Small thresholds: collections change their form after a few elements.</summary>
    internal const string Settings = """
        enable-debug-command yes
        hash-max-listpack-entries 4
        set-max-intset-entries 4
        set-max-listpack-entries 4
        zset-max-listpack-entries 4
        list-max-listpack-size 4
        stream-node-max-entries 4
        cache-policy key ttl 100000 max-ttl 200000 stale 10
        """;

    /// <summary>Forms of a command that are tried: the declared ones in turn.</summary>
    const int MostForms = 24;

    /// <summary>Forms that are tried on a key that does not exist, too, and with long values. Each server that ends costs memory.</summary>
    const int MostOtherForms = 4;

    static readonly string s_long = new('3', 3000);

    /// <summary>Commands not asked, each with the reason.</summary>
    static readonly Dictionary<string, string> s_excluded = new()
    {
        ["debug"] = "its subcommands are for tests",
        ["migrate"] = "needs another server",
    };

    public static TheoryData<string> Writing() =>
    [
        .. DeclarationTests.Everything()
            .Where(c => (c.Flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0 && (c.Flags & CommandFlags.Blocking) == 0)
            .Select(c => c.FullName)
            .Except(s_excluded.Keys),
    ];

    [Theory]
    [MemberData(nameof(Writing))]
    public void A_change_happens_whole_or_not_at_all(string name)
    {
        var command = DeclarationTests.Everything().Single(c => c.FullName == name);
        using var bench = new Bench();
        foreach (var (at, form) in ArgumentForms.Of(command).Take(MostForms).Index())
        {
            foreach (var elements in (int[])[3, 4, 40]) TryEach(bench, command, form, [.. SetupOf(command, elements)]);
            if (at >= MostOtherForms) continue;
            // What does not fit a record, nor a bucket, takes blocks of its own.
            string[] longer = [.. form.Select(word => word == "3" ? s_long : word)];
            TryEach(bench, command, form, [.. SetupOf(command, elements: 0)]);
            TryEach(bench, command, longer, [.. SetupOf(command, elements: 0)]);
            TryEach(bench, command, longer, [.. SetupOf(command, elements: 3)]);
        }
    }

    static void TryEach(Bench bench, Command command, string[] form, string[] setup)
    {
        foreach (var once in (bool[])[false, true])
        {
            for (var granted = 0; bench.Try(command, form, setup, granted, once); granted++)
            {
            }
        }
    }

    [Fact]
    public void Without_a_reserve_what_needs_memory_is_refused_and_what_removes_is_not()
    {
        using var server = new TestServer(Settings);
        using var client = server.Connect();
        client.Call("SET s 5");
        client.Call("RPUSH l 1 2 3");
        client.Call("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
        client.Call("HSET h a 1 b 2 c 3 d 4 e 5");
        client.Call("XADD x 1-1 f v");
        client.Call("SET e v PX 100");
        using var queueing = server.Connect();
        queueing.Call("MULTI");
        Assert.Equal("+QUEUED", queueing.Call("GET s"));
        Assert.Equal("+QUEUED", queueing.Call("SET u v"));
        var system = new NoPages();
        system.Exhaust(server, client);
        // A transaction is refused before its first command.
        Assert.StartsWith("-EXECABORT Transaction discarded because of: OOM", queueing.Call("EXEC"), StringComparison.Ordinal);
        client.Run("""
            SET t v
            -> -OOM command not allowed: the system refuses more memory.
            EXPIRE s 100
            -> -OOM command not allowed: the system refuses more memory.
            GET s
            -> $1 5
            LPOP l
            -> $1 1
            ZREM z a b c d
            -> :4
            HDEL h a b
            -> :2
            XDEL x 1-1
            -> :1
            MULTI
            -> +OK
            SET t v
            -> -OOM command not allowed: the system refuses more memory.
            EXEC
            -> -EXECABORT Transaction discarded because of previous errors.
            """);
        server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(":0", client.Call("EXISTS e"));
        Assert.Equal(":1", client.Call("DEL s"));
        lock (server.Server.Executor.ExecutorLock) KeyspaceInvariants.Verify(server.Server.Keyspace);
        Assert.StartsWith("-OOM", client.Call("SET t v"), StringComparison.Ordinal);
        // Room is there again: because the system gives some, or because something went.
        system.IsOver = true;
        Assert.Equal("+OK", client.Call("SET t v"));
        new NoPages().Exhaust(server, client);
        for (var i = 0; i < 200; i++) client.Call($"DEL fill{i}");
        Assert.Equal("+OK", client.Call("SET t v"));
    }

    [Fact]
    public void A_long_request_asks_for_its_memory_before_the_first_change()
    {
        List<int> exits = [];
        using var server = new TestServer(Settings, exits: exits.Add);
        using var client = server.Connect();
        client.Call("SADD t a b c d e f g");
        var system = new NoPages();
        lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = system;
        // The second value finds no room, and the first must not have been set.
        var large = new string('x', 40 << 20);
        Assert.StartsWith("-OOM", client.CallWords("MSET", "a", large, "b", large), StringComparison.Ordinal);
        Assert.StartsWith("-OOM", client.CallWords("SADD", "t", large), StringComparison.Ordinal);
        Assert.StartsWith("-OOM", client.CallWords("APPEND", "a", large), StringComparison.Ordinal);
        Assert.StartsWith("-OOM", client.CallWords("SETRANGE", "a", "100000000", "x"), StringComparison.Ordinal);
        Assert.Equal(":1", client.Call("DBSIZE"));
        Assert.Empty(exits);
        system.IsOver = true;
        Assert.Equal("+OK", client.CallWords("MSET", "a", large, "b", large));
    }

    [Theory]
    [InlineData("HPEXPIRE h 100 FIELDS 1 1", "HRANDFIELD h 80", ":299")]
    [InlineData("HPEXPIRE h 1000000 FIELDS 1 1", "HRANDFIELD h 80", ":300")]
    [InlineData("PEXPIRE h 100", "HSETNX h 1 v", ":0")]
    [InlineData("HPEXPIRE g 100 FIELDS 1 1", "HSETNX g 1 v", ":300")]
    public void A_command_that_is_refused_has_changed_nothing_but_what_had_expired_before(string expire, string command, string left)
    {
        List<int> exits = [];
        using var server = new TestServer(Settings, exits: exits.Add);
        using var client = server.Connect();
        client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        client.Call($"HSET h {string.Join(' ', Enumerable.Range(1, 300).Select(i => $"{i} v"))}");
        client.Call("HSET g 1 v");
        client.Call(expire);
        server.Advance(TimeSpan.FromSeconds(1));
        var refusing = new Refusing(0);
        lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = refusing;
        client.Send(command);
        try
        {
            Assert.StartsWith("-OOM", client.Read(), StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // A reply that has been begun cannot become an error: the connection is closed.
        }
        lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = null;
        Assert.Empty(exits);
        Assert.True(refusing.HasRefused);
        using var other = server.Connect();
        Assert.Equal(left, other.Call("HLEN h"));
        lock (server.Server.Executor.ExecutorLock) KeyspaceInvariants.Verify(server.Server.Keyspace);
    }

    [Fact]
    public void A_draft_that_an_expired_key_interrupts_is_not_given_up()
    {
        List<int> exits = [];
        using var server = new TestServer(Settings, exits: exits.Add);
        using var client = server.Connect();
        client.Call("DEBUG SET-ACTIVE-EXPIRE 0");
        client.Call("RPUSH l 1 2 3");
        client.Call("SET w1 v PX 100");
        server.Advance(TimeSpan.FromSeconds(1));
        var system = new RefusingAfterDeletion(server.Server.Keyspace[0]);
        lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = system;
        client.Send($"SORT l BY nosort GET w* GET # STORE t");
        Assert.True(client.IsClosedByServer());
        Assert.Equal([1], exits);
    }

    /// <summary>Refuses every block once a database is smaller than it was.</summary>
    sealed class RefusingAfterDeletion(Database database) : MemoryTrial
    {
        readonly long _keys = database.Count;

        public override bool GrantsBlock(nuint bytes) => database.Count == _keys;
    }

    [Fact]
    public void A_change_that_cannot_be_taken_back_ends_the_server_with_one_line_and_whole_files()
    {
        using var files = new AofDirectory();
        using var server = files.Start();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("SET before 1"));
        client.Call("MULTI");
        client.Call("SET inner 1");
        client.Call("MSET a 1 b 2 c 3");
        lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = new Refusing(3);
        client.Send("EXEC");
        Assert.True(client.IsClosedByServer());
        Assert.Equal([1], files.Exits);
        var line = Assert.Single(files.Log.Text.Split('\n'), l => l.StartsWith("Out of memory", StringComparison.Ordinal));
        Assert.Matches(@"^Out of memory: the system refused \d+ bytes in the middle of a change \(mset\); used_memory is \d+\.", line);
        Assert.Contains("Redis aborting for OUT OF MEMORY\n\n------ STACK TRACE ------\n", files.Log.Text, StringComparison.Ordinal);
        Assert.Contains("------ LAST COMMAND ------\nmset (running)\n", files.Log.Text, StringComparison.Ordinal);
        Assert.Contains("=== MINIREDIS BUG REPORT END", files.Log.Text, StringComparison.Ordinal);
        server.Stop();
        Assert.Contains("before", files.Incremental(), StringComparison.Ordinal);
        Assert.DoesNotContain("inner", files.Incremental(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_without_memory_for_what_it_captures_is_given_up_and_the_command_goes_on()
    {
        using var server = new TestServer(Settings);
        using var client = server.Connect();
        client.Call("ZADD z 1 a 2 b 3 c 4 d 5 e 6 f");
        client.Call("SET s v");
        lock (server.Server.Executor.ExecutorLock)
        {
            Assert.True(server.Server.BackgroundSaving.TryStart());
            server.Server.Keyspace.Arena.Trial = new Refusing(0);
        }
        Assert.Equal(":1", client.Call("DEL z"));
        lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = null;
        server.TickUntil(() => !server.Server.Snapshots.IsActive);
        Assert.Contains("rdb_last_bgsave_status:err", client.Call("INFO persistence"), StringComparison.Ordinal);
        lock (server.Server.Executor.ExecutorLock) KeyspaceInvariants.Verify(server.Server.Keyspace);
        client.Call("BGSAVE");
        server.TickUntil(() => !server.Server.Snapshots.IsActive);
        Assert.Contains("rdb_last_bgsave_status:ok", client.Call("INFO persistence"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Without_memory_to_remember_what_a_caching_client_reads_all_caches_begin_anew(int granted)
    {
        using var server = new TestServer(Settings);
        using var client = server.Connect();
        using var other = server.Connect();
        client.Call("MSET a 1 b 2 c 3 d 4 e 5 f 6 g 7");
        foreach (var caching in (RawClient[])[client, other])
        {
            caching.Call("HELLO 3");
            caching.Call("CLIENT TRACKING ON");
        }
        var refusing = new Refusing(granted);
        lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = refusing;
        client.Send("MGET a b c d e f g");
        Assert.Equal("*7 $1 1 $1 2 $1 3 $1 4 $1 5 $1 6 $1 7", client.Read());
        Assert.Equal(">2 $10 invalidate _", client.Read());
        Assert.Equal(">2 $10 invalidate _", other.Read());
        Assert.True(refusing.HasRefused);
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Server.Keyspace.Arena.Trial = null;
            Assert.Equal((0L, 0L, 0L), (server.Server.Tracking.Keys, server.Server.Tracking.Items, server.Server.Tracking.MemoryBytes));
        }
        Assert.Equal("$1 1", other.Call("GET a"));
        Assert.Equal("+OK", client.Call("SET a 2"));
        Assert.Equal(">2 $10 invalidate *1 $1 a", other.Read());
    }

    /// <summary>
    /// Makes "key" hold so many elements, or a string of so many bytes, and "key2" another of its kind. With no elements, "key" does not
    /// exist.
    /// </summary>
    static IEnumerable<string> SetupOf(Command command, int elements)
    {
        yield return "FLUSHALL SYNC";
        foreach (var (key, count) in ((string, int)[])[("key", elements), ("key2", 5)])
        {
            if (count == 0) continue;
            var numbers = Enumerable.Range(1, count).ToList();
            switch (command.Group)
            {
                case CommandGroup.Hash:
                    yield return $"HSET {key} {string.Join(' ', numbers.Select(i => $"{i} value{i}"))}";
                    if (count > 4) yield return $"HEXPIRE {key} 1000 FIELDS 2 1 2";
                    break;
                case CommandGroup.List:
                    yield return $"RPUSH {key} {string.Join(' ', numbers)}";
                    break;
                case CommandGroup.Set:
                    yield return $"SADD {key} {string.Join(' ', numbers)}";
                    break;
                case CommandGroup.SortedSet:
                    yield return $"ZADD {key} {string.Join(' ', numbers.Select(i => $"{i} {i}"))}";
                    break;
                case CommandGroup.Geo:
                    yield return $"GEOADD {key} {string.Join(' ', numbers.Select(i => $"{i} {i} {i}"))}";
                    break;
                case CommandGroup.HyperLogLog:
                    yield return $"PFADD {key} {string.Join(' ', numbers.Select(i => $"e{i}"))}";
                    break;
                case CommandGroup.Stream:
                    foreach (var i in numbers) yield return $"XADD {key} {i}-1 field value{i}";
                    yield return $"XGROUP CREATE {key} 3 0";
                    yield return $"XREADGROUP GROUP 3 3 COUNT 7 STREAMS {key} >";
                    break;
                case CommandGroup.Generic:
                    yield return count == 5 ? $"SET {key} 5 EX 1000" : $"ZADD {key} {string.Join(' ', numbers.Select(i => $"{i} {i}"))}";
                    break;
                default:
                    yield return $"SET {key} {new string('7', Math.Min(count, 17))}";
                    break;
            }
        }
    }

    /// <summary>A server that is replaced by another once it has ended.</summary>
    sealed class Bench : IDisposable
    {
        readonly List<int> _exits = [];
        readonly LogLines _log = new();
        TestServer? _server;
        RawClient? _client;

        /// <summary>Runs the command with so many blocks granted. False if it did not ask for more.</summary>
        public bool Try(Command command, string[] words, string[] setup, int granted, bool once)
        {
            var what = $"{string.Join(' ', words)}, {granted} blocks granted{(once ? ", then one refused" : "")}, after {setup[^1]}";
            if (_server is null)
            {
                _server = new TestServer(Settings, exits: _exits.Add, log: _log);
                _client = _server.Connect();
            }
            foreach (var line in setup) Assert.False(_client!.Call(line).StartsWith('-'), line);
            var before = _client!.Call("DEBUG DIGEST");
            var keyspace = _server.Server.Keyspace;
            var refusing = new Refusing(granted, once);
            long used;
            lock (_server.Server.Executor.ExecutorLock)
            {
                used = keyspace.UsedBytes;
                keyspace.Arena.Trial = refusing;
            }
            _client.SendRaw(RawClient.Encode(words));
            var reply = "";
            try
            {
                reply = _client.Read();
            }
            catch (IOException)
            {
                // The server has ended, or a part of the reply was written already.
            }
            lock (_server.Server.Executor.ExecutorLock) keyspace.Arena.Trial = null;
            if (_exits.Count > 0)
            {
                Assert.Equal((what, "", 1, true), (what, reply, Assert.Single(_exits), _server.Server.Exit.IsTorn));
                Assert.True(refusing.HasRefused, what);
                Assert.True(command.NeedsMemory, what);
                End();
                return true;
            }
            if (reply.Length == 0)
            {
                _client.Dispose();
                _client = _server.Connect();
            }
            // What waits to be freed is freed.
            _server.Tick();
            var isRefused = reply.Length == 0 || reply.StartsWith("-OOM", StringComparison.Ordinal);
            lock (_server.Server.Executor.ExecutorLock)
            {
                var failure = Xunit.Record.Exception(() => KeyspaceInvariants.Verify(keyspace));
                Assert.True(failure is null, $"{what}: {reply}: {failure}");
                if (isRefused)
                {
                    Assert.Equal((what, used), (what, keyspace.UsedBytes));
                    Assert.True(command.NeedsMemory, what);
                    Assert.True(refusing.HasRefused, what);
                }
                Assert.False(reply.Contains("internal", StringComparison.Ordinal), $"{what}: {_log.Text}");
            }
            if (!isRefused) return refusing.HasRefused;
            Assert.Equal((what, before), (what, _client.Call("DEBUG DIGEST")));
            return refusing.HasRefused;
        }

        void End()
        {
            _exits.Clear();
            _client?.Dispose();
            _server?.Dispose();
            (_client, _server) = (null, null);
        }

        public void Dispose() => End();
    }
}
