using System.Globalization;
using MiniRedis.Server.Following;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Tests.Following;

/// <summary>Two servers of ours, synchronized by two connections under writes.</summary>
public sealed class DualChannelPairTests
{
    const string Dual = "dual-channel-replication-enabled yes\nrepl-diskless-sync-delay 0\nrepl-timeout 1000000\nenable-debug-command yes\n";

    /// <summary>A master under a load of writes, and its replica.</summary>
    sealed class Pair : IDisposable
    {
        readonly CancellationTokenSource _ends = new();
        readonly Task _load;
        int _written;

        public Pair(string ofMaster, string ofReplica)
        {
            Master = new TestServer(Dual + ofMaster);
            Replica = new TestServer(Dual + ofReplica);
            using (var client = Master.Connect()) client.Call("DEBUG POPULATE 5000 key 100");
            _load = Task.Run(Write);
        }

        public TestServer Master { get; }

        public TestServer Replica { get; }

        void Write()
        {
            using var client = Master.Connect();
            var random = new Random(5);
            while (!_ends.IsCancellationRequested)
            {
                client.Call(string.Create(CultureInfo.InvariantCulture, $"SELECT {random.Next(3)}"));
                client.Call(string.Create(CultureInfo.InvariantCulture, $"SET key:{random.Next(6000)} {_written}"));
                client.Call(string.Create(CultureInfo.InvariantCulture, $"RPUSH l:{random.Next(50)} {_written}"));
                client.Call("MULTI");
                client.Call("INCR count");
                client.Call(string.Create(CultureInfo.InvariantCulture, $"DEL key:{random.Next(6000)}"));
                client.Call("EXEC");
                Interlocked.Increment(ref _written);
            }
        }

        public void Follow()
        {
            using var client = Replica.Connect();
            client.Call($"REPLICAOF 127.0.0.1 {Master.Port}");
        }

        public void StopFollowing()
        {
            using var client = Replica.Connect();
            client.Call("REPLICAOF NO ONE");
        }

        /// <summary>Lets both go on until something holds.</summary>
        public void Until(Func<bool> condition)
        {
            var patience = System.Diagnostics.Stopwatch.StartNew();
            while (!Holds(condition))
            {
                Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "it did not come to pass");
                Master.Advance(TimeSpan.FromMilliseconds(100));
                Replica.Advance(TimeSpan.FromMilliseconds(100));
                Thread.Sleep(1);
            }
        }

        // Both locks, each in turn: what is looked at belongs to one of them, or only grows.
        bool Holds(Func<bool> condition)
        {
            lock (Master.Server.Executor.ExecutorLock)
            {
                lock (Replica.Server.Executor.ExecutorLock) return condition();
            }
        }

        /// <summary>The replica of the master that is in a state; null if there is none.</summary>
        public Replica? Find(ReplicaState state, bool isRdbChannel) =>
            Master.Server.Replicas.All.FirstOrDefault(replica => replica.State == state && replica.IsRdbChannel == isRdbChannel);

        public void Kill(Func<Replica?> find)
        {
            Until(() => find() is not null);
            lock (Master.Server.Executor.ExecutorLock)
            {
                if (find() is { } replica) Master.Server.Admission.KillLocked(replica.Client, "the test cuts it");
            }
        }

        public void AssertEqual()
        {
            Until(() => Replica.Server.Follower.State == MasterLinkState.Connected);
            var since = Volatile.Read(ref _written);
            Until(() => Volatile.Read(ref _written) > since + 50);
            _ends.Cancel();
            _load.Wait();
            Until(() => Replica.Server.Follower.AppliedOffset == Master.Server.History.Offset);
            using var master = Master.Connect();
            using var replica = Replica.Connect();
            var digest = master.Call("DEBUG DIGEST");
            Assert.Matches("^\\+[0-9a-f]{40}$", digest);
            Assert.Equal(digest, replica.Call("DEBUG DIGEST"));
            // Those whose file was cut before their main connection came are awaited for a minute.
            Until(() => Master.Server.AwaitedChannels.Count == 0);
        }

        public void Dispose()
        {
            _ends.Cancel();
            _load.Wait();
            Replica.Dispose();
            Master.Dispose();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("repl-diskless-load on-empty-db")]
    [InlineData("repl-diskless-load swapdb")]
    [InlineData("appendonly yes")]
    public void Under_writes_the_data_are_the_same_afterwards(string ofReplica)
    {
        // The file takes half a second, so that something is kept.
        using var pair = new Pair("rdb-key-save-delay 100", ofReplica);
        pair.Follow();
        pair.Until(() => pair.Replica.Server.Follower.Kept.Peak > 0);
        pair.AssertEqual();
        Assert.Equal((1, 1), (pair.Master.Server.Statistics.FullSyncs, pair.Master.Server.Statistics.PartialSyncs));
    }

    [Theory]
    [InlineData(nameof(ReplicaState.WaitsForStart), true)]
    [InlineData(nameof(ReplicaState.WaitsForSnapshot), true)]
    [InlineData(nameof(ReplicaState.LoadsBeside), false)]
    public void A_connection_that_is_cut_costs_another_attempt(string stateName, bool isRdbChannel)
    {
        var state = Enum.Parse<ReplicaState>(stateName);
        // While a snapshot waits for others to come there is time to cut.
        using var pair = new Pair(
            state == ReplicaState.WaitsForStart ? "repl-diskless-sync-delay 3" : "rdb-key-save-delay 100", "repl-diskless-load flush-before-load");
        pair.Follow();
        for (var i = 0; i < 3; i++) pair.Kill(() => pair.Find(state, isRdbChannel));
        using (var client = pair.Master.Connect()) client.Call("CONFIG SET rdb-key-save-delay 0");
        pair.AssertEqual();
        Assert.True(pair.Master.Server.Statistics.FullSyncs >= 2);
    }

    [Fact]
    public void A_stream_that_is_more_than_the_replica_may_keep_waits_at_the_master()
    {
        using var pair = new Pair("rdb-key-save-delay 600", "client-output-buffer-limit replica 16kb 0 0");
        pair.Follow();
        pair.Until(() => pair.Replica.Server.Follower.Kept.Now >= 16 << 10);
        // More than the two sockets hold.
        using (var client = pair.Master.Connect())
        {
            for (var i = 0; i < 100; i++) client.CallWords("SET", "large", new string('v', 100_000));
        }
        pair.Until(() => pair.Find(ReplicaState.LoadsBeside, false) is { Client.StreamBytes: > 1 << 20 });
        Assert.InRange(pair.Replica.Server.Follower.Kept.Peak, 16 << 10, 48 << 10);
        pair.AssertEqual();
    }

    [Fact]
    public void Two_replicas_share_one_snapshot()
    {
        using var pair = new Pair("repl-diskless-sync-delay 3", "");
        using var second = new TestServer(Dual);
        pair.Follow();
        using (var client = second.Connect()) client.Call($"REPLICAOF 127.0.0.1 {pair.Master.Port}");
        pair.Until(() => pair.Master.Server.Replicas.Count == 2);
        pair.Until(() =>
        {
            second.Advance(TimeSpan.FromMilliseconds(100));
            return second.Server.Follower.State == MasterLinkState.Connected;
        });
        pair.AssertEqual();
        Assert.Equal(1, pair.Master.Server.Statistics.Snapshots);
        pair.Until(() => second.Server.Follower.AppliedOffset == pair.Master.Server.History.Offset);
        using var one = pair.Replica.Connect();
        using var other = second.Connect();
        Assert.Equal(one.Call("DEBUG DIGEST"), other.Call("DEBUG DIGEST"));
    }

    [Fact]
    public void A_replica_that_changes_its_mind_is_followed_by_nobody()
    {
        using var pair = new Pair("rdb-key-save-delay 10000", "");
        pair.Follow();
        pair.Until(() => pair.Find(ReplicaState.LoadsBeside, false) is not null);
        pair.StopFollowing();
        pair.Until(() => pair.Master.Server.Replicas.Count == 0 && !pair.Master.Server.Snapshots.IsActive);
        Assert.Equal(0, pair.Master.Server.AwaitedChannels.Count);
    }

    [Fact]
    public void A_chain_of_three_is_synchronized_by_two_connections_each()
    {
        using var pair = new Pair("", "");
        using var last = new TestServer(Dual);
        pair.Follow();
        using (var client = last.Connect()) client.Call($"REPLICAOF 127.0.0.1 {pair.Replica.Port}");
        pair.Until(() =>
        {
            last.Advance(TimeSpan.FromMilliseconds(100));
            return last.Server.Follower.State == MasterLinkState.Connected && pair.Replica.Server.Follower.State == MasterLinkState.Connected;
        });
        pair.AssertEqual();
        pair.Until(() =>
        {
            last.Advance(TimeSpan.FromMilliseconds(100));
            return last.Server.Follower.AppliedOffset == pair.Master.Server.History.Offset;
        });
        using var one = pair.Replica.Connect();
        using var other = last.Connect();
        Assert.Equal(one.Call("DEBUG DIGEST"), other.Call("DEBUG DIGEST"));
    }
}
