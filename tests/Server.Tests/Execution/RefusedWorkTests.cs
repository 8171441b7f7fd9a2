using MiniRedis.Server.Clients;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>
/// Work that no command asks for, with the n-th block of memory refused, alone or with all after it, for every n until it gets through:
/// all invariants hold afterwards, or the server has ended.
/// </summary>
public sealed partial class RefusedWorkTests : IDisposable
{
    /// <summary>A key of each kind and form, and some with deadlines.</summary>
    internal static readonly string[] Data =
    [
        "FLUSHALL SYNC",
        "SET s v",
        "SET long " + new string('v', 3000),
        "RPUSH l 1 2 3 4 5 6 7 8 9",
        "SADD numbers 1 2 3 4 5 6 7 8",
        "SADD set a b c d e f g h",
        "HSET h a 1 b 2 c 3 d 4 e 5 f 6",
        "HPEXPIRE h 100 FIELDS 3 a b c",
        "HSET small a 1 b 2",
        "HPEXPIRE small 100 FIELDS 2 a b",
        "ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g",
        "XADD x 1-1 f v",
        "XADD x 2-1 f v",
        "XGROUP CREATE x g 0",
        "XREADGROUP GROUP g c STREAMS x >",
        "SET e1 v PX 100",
        "RPUSH e2 1 2 3 4 5 6",
        "PEXPIRE e2 100",
        "ZADD e3 1 a 2 b 3 c 4 d 5 e 6 f 7 g",
        "PEXPIRE e3 100",
    ];

    readonly List<int> _exits = [];
    readonly LogLines _log = new();
    TestServer? _server;
    RawClient? _client;

    public void Dispose() => End();

    void End()
    {
        _client?.Dispose();
        _server?.Dispose();
        _client = null;
        _server = null;
        _exits.Clear();
    }

    /// <summary>Works with so many blocks granted. False if it did not ask for more.</summary>
    bool Try(Action<TestServer, RawClient> work, int granted, bool once, bool mayEnd)
    {
        var what = $"{granted} blocks granted{(once ? ", then one refused" : "")}";
        if (_server is null)
        {
            _server = new TestServer(RefusedMemoryTests.Settings, exits: _exits.Add, log: _log);
            _client = _server.Connect();
        }
        foreach (var line in Data) Assert.False(_client!.Call(line).StartsWith('-'), line);
        var (keyspace, refusing) = (_server.Server.Keyspace, new Refusing(granted, once));
        lock (_server.Server.Executor.ExecutorLock) keyspace.Arena.Trial = refusing;
        work(_server, _client!);
        lock (_server.Server.Executor.ExecutorLock) keyspace.Arena.Trial = null;
        if (_exits.Count > 0)
        {
            Assert.True(mayEnd, $"{what}: the server has ended: {_log.Text}");
            Assert.True(refusing.HasRefused, what);
            End();
            return true;
        }
        _server.TickUntil(() => !_server.Server.Snapshots.IsActive);
        lock (_server.Server.Executor.ExecutorLock)
        {
            var failure = Xunit.Record.Exception(() => KeyspaceInvariants.Verify(keyspace));
            Assert.True(failure is null, $"{what}: {failure}");
        }
        Assert.DoesNotContain("internal", _log.Text, StringComparison.Ordinal);
        return refusing.HasRefused;
    }

    void ForEveryBlock(Action<TestServer, RawClient> work, bool mayEnd = false, Action<TestServer, RawClient>? afterwards = null)
    {
        foreach (var once in (bool[])[false, true])
        {
            for (var granted = 0; Try(work, granted, once, mayEnd); granted++)
            {
                if (_server is not null) afterwards?.Invoke(_server, _client!);
            }
        }
    }

    [Fact]
    public void What_has_expired_goes_without_memory() => ForEveryBlock(
        (server, _) => server.Advance(TimeSpan.FromSeconds(1)),
        afterwards: (_, client) =>
        {
            Assert.Equal(":0", client.Call("EXISTS e1 e2 e3 small"));
            Assert.Equal(":3", client.Call("HLEN h"));
        });

    [Fact]
    public void Eviction_makes_room_without_memory() => ForEveryBlock(
        (server, client) =>
        {
            Assert.Equal("+OK", client.Call("CONFIG SET maxmemory-policy allkeys-random maxmemory 1"));
            server.TickUntil(() => server.Server.Keyspace.Count == 0);
            Assert.Equal("+OK", client.Call("CONFIG SET maxmemory 0"));
        });

    [Fact]
    public void Blocks_are_moved_or_stay_where_they_are() => ForEveryBlock(
        (server, _) =>
        {
            lock (server.Server.Executor.ExecutorLock) server.Server.ActiveDefrag.MovesEverything = true;
            for (var i = 0; i < 20; i++) server.Tick();
            lock (server.Server.Executor.ExecutorLock) server.Server.ActiveDefrag.MovesEverything = false;
        },
        afterwards: (_, client) => Assert.Equal(":7", client.Call("ZCARD z")));

    [Fact]
    public void Who_waits_for_a_list_gets_its_elements_or_they_stay() => ForEveryBlock(
        (server, client) =>
        {
            using var waiting = server.Connect();
            waiting.Send("BLMOVE queue moved LEFT RIGHT 0");
            server.TickUntil(() => server.Server.Clients.All.Any(c => (c.Flags & ClientFlags.Blocked) != 0) || server.Server.Exit.IsTorn);
            client.SendRaw(RawClient.Encode("RPUSH", "queue", "a", "b", "c", "d", "e", "f"));
            try
            {
                client.Read();
            }
            catch (IOException)
            {
                // The server has ended.
            }
        },
        mayEnd: true);

    [Fact]
    public void A_snapshot_is_taken_whole_or_given_up_while_its_keys_change() => ForEveryBlock(
        (server, client) =>
        {
            lock (server.Server.Executor.ExecutorLock) Assert.True(server.Server.BackgroundSaving.TryStart());
            foreach (var change in (string[])["DEL z", "LPOP l", "HDEL h f", "SREM set a", "XDEL x 1-1", "DEL long"])
            {
                Assert.Equal((change, change == "LPOP l" ? "$1 1" : ":1"), (change, Ask(server, client, change)));
            }
        });

    /// <summary>Calls a command that may wait for the snapshot, which the cron drives.</summary>
    static string Ask(TestServer server, RawClient client, string command)
    {
        client.Send(command);
        var reply = Task.Run(client.Read);
        server.TickUntil(() => reply.IsCompleted);
        return reply.GetAwaiter().GetResult();
    }
}
