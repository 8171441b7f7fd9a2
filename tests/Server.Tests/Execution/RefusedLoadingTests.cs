using MiniRedis.Server.Tests.Following;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>
/// A start and a full synchronization with the n-th block of memory refused, alone or with all after it, for one n after the other
/// until it gets through: the data set is whole, or the server has ended and says so.
/// </summary>
[Trait("Size", "Large")]
public sealed class RefusedLoadingTests
{
    const int FirstBlocks = 20;

    readonly List<int> _exits = [];
    readonly LogLines _log = new();

    /// <summary>What the data are made by. Deadlines are far away, as the clock is moved on.</summary>
    static IEnumerable<string> Commands => RefusedWorkTests.Data.Select(line => line.Replace(" 100", " 100000000", StringComparison.Ordinal));

    static (byte[] File, string Digest) Saved()
    {
        using var server = new TestServer(RefusedMemoryTests.Settings);
        using var client = server.Connect();
        foreach (var line in Commands) client.Call(line);
        Assert.Equal("+OK", client.Call("SAVE"));
        return (File.ReadAllBytes(server.Server.Saving.Path), client.Call("DEBUG DIGEST"));
    }

    [Fact]
    public void A_file_is_loaded_whole_or_the_server_ends()
    {
        var (file, digest) = Saved();
        ForEveryBlock("loading the data set", digest, memory =>
        {
            var server = new TestServer(RefusedMemoryTests.Settings, data: file, log: _log, exits: _exits.Add, memory: memory);
            AwaitWhole(server, () => !server.Server.Dataset.IsLoading);
            return server;
        });
    }

    [Fact]
    public void An_append_only_file_is_loaded_whole_or_the_server_ends()
    {
        using var files = new AofDirectory();
        string digest;
        using (var server = files.Start(RefusedMemoryTests.Settings))
        using (var client = server.Connect())
        {
            foreach (var line in Commands) client.Call(line);
            client.Call("MULTI");
            client.Call("HSET inner a 1 b 2 c 3 d 4 e 5");
            client.Call("ZADD z 8 h 9 i");
            client.Call("EXEC");
            digest = client.Call("DEBUG DIGEST");
        }
        ForEveryBlock("loading the data set", digest, memory =>
        {
            files.Exits.Clear();
            files.Log.Clear();
            var server = files.Begin(RefusedMemoryTests.Settings, memory);
            AwaitWhole(server, () => !server.Server.Dataset.IsLoading);
            _exits.AddRange(files.Exits);
            foreach (var line in files.Log.Text.Split('\n')) _log.Add(line);
            return server;
        });
    }

    [Theory]
    [InlineData("disabled")]
    [InlineData("swapdb")]
    public void A_replica_has_all_that_its_master_sent_or_it_ends(string disklessLoad)
    {
        var (file, _) = Saved();
        string[] changes =
        [
            "SELECT 0", "SADD set i j k", "MULTI", "RPUSH more 1 2 3 4 5 6", "HSET h g 7 h 8", "EXEC", "ZADD last 1 a 2 b 3 c 4 d 5 e",
        ];
        var stream = string.Concat(changes.Select(line => RawClient.Encode(line.Split(' '))));
        string digest;
        using (var server = new TestServer(RefusedMemoryTests.Settings, data: file))
        using (var client = server.Connect())
        {
            foreach (var line in changes) client.Call(line);
            digest = client.Call("DEBUG DIGEST");
        }
        ForEveryBlock("", digest, memory =>
        {
            var master = new FakeMaster(stream) { File = file };
            var settings = RefusedMemoryTests.Settings
                + $"\nrepl-timeout 1000000\nrepl-diskless-load {disklessLoad}\nreplicaof 127.0.0.1 {master.Port}\n";
            var server = new TestServer(settings, log: _log, exits: _exits.Add, memory: memory);
            AwaitWhole(server, () =>
            {
                // Attempts to connect are a second apart.
                server.Time.Advance(TimeSpan.FromMilliseconds(100));
                return server.Server.Follower.AppliedOffset == FakeMaster.Begin + stream.Length;
            });
            master.Dispose();
            return server;
        });
    }

    /// <summary>Runs the cron, as the loop does, until a condition holds or the server has ended.</summary>
    static void AwaitWhole(TestServer server, Func<bool> isWhole)
    {
        Await.UntilLocked(server, () => server.Server.Executor.OnTick() >= 0 && (server.Server.Exit.HasBegun || isWhole()));
    }

    /// <summary>Starts a server for each block.</summary>
    /// <param name="work">What the log says that the server was doing.</param>
    /// <param name="digest">That of the whole data set.</param>
    /// <param name="start">Starts a server and waits until it has its data, or has ended.</param>
    void ForEveryBlock(string work, string digest, Func<Refusing, TestServer> start)
    {
        var ended = 0;
        foreach (var once in (bool[])[false, true])
        {
            var refusing = new Refusing(0, once);
            // The first ones, one by one, and of the others each third: every one is a server.
            for (var granted = 0; granted == 0 || refusing.HasRefused; granted += granted < FirstBlocks ? 1 : 3)
            {
                refusing = new Refusing(granted, once);
                _exits.Clear();
                _log.Clear();
                using var server = start(refusing);
                lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = null;
                if (_exits.Count > 0)
                {
                    Assert.Equal((granted, 1, true), (granted, Assert.Single(_exits), server.Server.Exit.IsTorn));
                    var line = Assert.Single(_log.Text.Split('\n'), l => l.StartsWith("Out of memory: ", StringComparison.Ordinal));
                    Assert.Matches(@"the system refused \d+ bytes in the middle of a change", line);
                    Assert.Contains(work, line, StringComparison.Ordinal);
                    ended++;
                    continue;
                }
                using var client = server.Connect();
                Assert.Equal((granted, digest), (granted, client.Call("DEBUG DIGEST")));
                lock (server.Server.Executor.ExecutorLock) KeyspaceInvariants.Verify(server.Server.Keyspace);
            }
        }
        Assert.True(ended > 0);
    }
}
