using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Snapshots;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.RandomChanges;

namespace MiniRedis.Storage.Tests.Snapshots;

/// <summary>What passes between the thread that captures and the one that writes, step by step on one thread, and between two.</summary>
public sealed class SnapshotFeedTests : IDisposable
{
    const int Members = 8000;

    static readonly string[] s_two = ["one", "two"], s_three = ["one", "two", "three"], s_four = ["one", "two", "three", "four"];

    readonly Keyspace _keyspace = new(1, new HashSeed(1, 2));

    public void Dispose() => _keyspace.Dispose();

    Database Database => _keyspace[0];

    [Fact]
    public void A_value_that_somebody_waits_for_is_read_before_others_and_only_once()
    {
        var snapshot = BeginWith(s_four);
        foreach (var key in s_four) Want(key, isFirst: key != "three");
        var feed = snapshot.Feed;
        Assert.True(feed.IsPressed);
        var told = 0;
        feed.OnProgress = () => told++;

        // All four are waited for, in the order in which they were asked for.
        var read = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            Assert.True(feed.TryTake(out var batch));
            read.Add(Read(batch!));
            feed.GiveBack(batch!);
            Assert.Equal(i + 1, told);
        }
        Assert.Equal(s_four, read);
        Assert.False(feed.IsPressed);
        snapshot.WalkOn();
        Assert.False(feed.TryTake(out _));
        snapshot.Finish();
    }

    [Fact]
    public void A_value_that_is_hurried_overtakes_those_that_the_walk_has_met()
    {
        var snapshot = BeginWith(s_three);
        snapshot.WalkOn();
        var feed = snapshot.Feed;
        Assert.False(feed.IsPressed);
        Assert.True(feed.TryTake(out var first));
        var name = Read(first!);
        feed.GiveBack(first!);
        // The last one of the rest, whichever the walk has met last.
        var rest = s_three.Where(key => key != name).ToArray();
        foreach (var wanted in rest)
        {
            Want(wanted, isFirst: true);
            Assert.True(feed.IsPressed);
            Assert.True(feed.TryTake(out var batch));
            Assert.Equal(wanted, Read(batch!));
            feed.GiveBack(batch!);
        }
        Assert.False(feed.TryTake(out _));
        snapshot.Finish();
    }

    [Fact]
    public void Who_asks_for_a_value_that_was_just_read_is_told()
    {
        var snapshot = BeginWith(s_two);
        snapshot.WalkOn();
        var feed = snapshot.Feed;
        var told = 0;
        feed.OnProgress = () => told++;
        Assert.True(feed.TryTake(out var batch));
        var name = Read(batch!);
        feed.GiveBack(batch!);
        // Nobody waited for it, and another one is in line.
        Assert.Equal(0, told);

        Want(name, isFirst: false);
        Assert.Equal(1, told);
        Assert.True(snapshot.Settle(out _));
        Assert.Equal(Readiness.Ready, Database.Prepare(Database.Lookup(Bytes(name))));
        while (feed.TryTake(out batch))
        {
            Read(batch!);
            feed.GiveBack(batch!);
        }
        snapshot.Finish();
    }

    [Fact]
    public void Values_that_were_given_up_are_free_at_once_but_for_the_one_that_is_being_read()
    {
        var snapshot = BeginWith(s_three);
        snapshot.WalkOn();
        var feed = snapshot.Feed;
        Assert.True(feed.TryTake(out var batch));
        var name = Read(batch!);
        snapshot.Abandon();
        snapshot.Abandon();
        Assert.True(snapshot.Settle(out var isOver));
        Assert.False(isOver);
        foreach (var key in s_three)
            Assert.Equal(key == name ? Readiness.Frozen : Readiness.Ready, Database.Prepare(Database.Lookup(Bytes(key))));
        feed.GiveBack(batch!);
        Assert.False(feed.TryTake(out _));
        snapshot.Finish();
    }

    [Fact]
    public void A_file_counts_only_if_the_snapshot_was_not_given_up()
    {
        var snapshot = BeginWith(s_two);
        var commits = 0;
        snapshot.Feed.Commit(() => commits++);
        Assert.Equal(1, commits);
        Assert.False(snapshot.Feed.IsCancelled);

        snapshot.Abandon();
        snapshot.Feed.Commit(() => commits++);
        Assert.Equal(1, commits);
        Assert.True(snapshot.Feed.IsCancelled);
        Assert.True(snapshot.IsAbandoned);
        Assert.False(snapshot.Feed.TryTake(out _));
        snapshot.Finish();
    }

    [Fact]
    public void The_capturing_side_is_told_of_each_32_values_and_of_the_last()
    {
        for (var i = 0; i < 70; i++) AddToSet(Database, Bytes($"set:{i}"), "member"u8, new(0, 0, 0));
        _keyspace.BeginSnapshot();
        var snapshot = _keyspace.Snapshot!;
        snapshot.WalkOn();
        var (given, told) = (0, new List<int>());
        snapshot.Feed.OnProgress = () => told.Add(given);
        while (snapshot.Feed.TryTake(out var batch))
        {
            given++;
            snapshot.Feed.GiveBack(batch!);
        }
        Assert.Equal([32, 64, 70], told);
        snapshot.Finish();
    }

    [Fact]
    public void A_consumer_says_how_far_it_is()
    {
        var snapshot = BeginWith(s_two);
        snapshot.WalkOn();
        var feed = snapshot.Feed;
        while (feed.TryTake(out var batch))
        {
            var progress = feed.Progress;
            feed.NoteProgress();
            Assert.Equal(progress + 1, feed.Progress);
            feed.GiveBack(batch!);
            Assert.Equal(progress + 2, feed.Progress);
            feed.NoteWritten(3);
        }
        Assert.Equal(6, feed.Written);
        snapshot.Finish();
    }

    [Fact]
    public void What_is_added_while_the_consumer_finishes_is_taken_back()
    {
        var snapshot = BeginWith(s_two);
        for (var i = 0; i < 1000; i++) Database.Set($"key:{i}", new string('x', 1000));
        while (snapshot.Walk(1)) { }
        // The consumer fails before it has read anything. The snapshot does not know yet, and captures more.
        snapshot.Feed.Finish();
        Database.Delete(Database.Lookup("one"u8));
        Assert.True(snapshot.Settle(out _));
        snapshot.Abandon();
        for (var isOver = false; !isOver; snapshot.Settle(out isOver)) snapshot.Walk(100);
        Assert.Null(_keyspace.Snapshot);
        Assert.Equal(Readiness.Ready, Database.Prepare(Database.Lookup("two"u8)));
    }

    [Fact]
    public void What_is_captured_behind_the_end_of_the_consumer_is_freed()
    {
        var snapshot = BeginWith(s_two);
        snapshot.Feed.Finish();
        foreach (var key in s_two) Database.Delete(Database.Lookup(key));
        Assert.True(snapshot.Settle(out var isOver));
        Assert.False(isOver);
        snapshot.Abandon();
        for (isOver = false; !isOver; snapshot.Settle(out isOver)) snapshot.Walk(100);
        while (_keyspace.DiscardedCount > 0) _keyspace.FreeDiscarded(1000);
        Assert.True(_keyspace.UsedBytes < 100, $"{_keyspace.UsedBytes} bytes are left");
    }

    [Fact]
    public void Empty_chunks_are_used_again()
    {
        for (var i = 0; i < 20_000; i++) Database.Set($"key:{i}", new string('x', 1000));
        _keyspace.BeginSnapshot();
        var snapshot = _keyspace.Snapshot!;
        var feed = snapshot.Feed;
        var chunks = new HashSet<ISnapshotBatch>(ReferenceEqualityComparer.Instance);
        var batches = 0;
        while (!snapshot.IsWalked)
        {
            // So far that there is a chunk for sure, then what there is.
            for (var before = snapshot.WaitingBytes; snapshot.WaitingBytes == before && !snapshot.IsWalked;) snapshot.Walk(1);
            while (snapshot.WaitingBytes > 0 && feed.TryTake(out var batch))
            {
                chunks.Add(batch!);
                batches++;
                feed.GiveBack(batch!);
            }
        }
        Assert.True(batches > 70, $"{batches} batches");
        Assert.InRange(chunks.Count, 1, 3);
        Assert.False(feed.TryTake(out _));
        snapshot.Finish();
        Assert.Null(_keyspace.Snapshot);
    }

    [Fact]
    public void Hurried_cancelled_and_failing_at_any_moment_a_snapshot_comes_to_its_end()
    {
        var random = new Random(5);
        for (var round = 0; round < 150; round++)
        {
            for (var i = 0; i < 8; i++) Fill($"big:{i}", 70 + random.Next(8000));
            for (var i = 0; i < 300; i++) Database.Set($"key:{i}", new string('x', 2000));
            _keyspace.BeginSnapshot();
            var snapshot = _keyspace.Snapshot!;
            var most = random.Next(3) == 0 ? random.Next(6) : int.MaxValue;
            var consumer = new Thread(() =>
            {
                for (var i = 0; i < most && snapshot.Feed.TryTake(out var batch); i++)
                {
                    Read(batch!);
                    snapshot.Feed.GiveBack(batch!);
                }
                snapshot.Feed.Finish();
            });
            consumer.Start();
            var isOver = false;
            for (var step = 0; !isOver; step++)
            {
                var key = Bytes($"big:{random.Next(8)}");
                var at = Database.Lookup(key);
                if (at.Found && random.Next(4) == 0) Database.Delete(at);
                else if (at.Found) Database.Prepare(at);
                Database.Set($"key:{random.Next(300)}", "new");
                snapshot.Walk(random.Next(20));
                if (snapshot.Feed.IsCancelled || random.Next(200) == 0) snapshot.Abandon();
                snapshot.Settle(out isOver);
                // What nobody waits for any more is read all the same: the end of the walk is the end of it.
                if (step > 1000) Thread.Yield();
            }
            consumer.Join();
            Assert.Null(_keyspace.Snapshot);
            foreach (var record in RecordsOf(Database)) Database.Delete(Database.Lookup(record.Key));
            while (_keyspace.DiscardedCount > 0) _keyspace.FreeDiscarded(1000);
            Assert.True(_keyspace.UsedBytes < 100, $"{_keyspace.UsedBytes} bytes are left of round {round}");
        }
    }

    Snapshot BeginWith(params string[] keys)
    {
        foreach (var key in keys) Fill(key, Members);
        _keyspace.BeginSnapshot();
        return _keyspace.Snapshot!;
    }

    void Fill(string key, int members)
    {
        for (var i = 0; i < members; i++) AddToSet(Database, Bytes(key), Bytes($"member:{i}"), new(0, 0, 0));
    }

    /// <summary>A command wants to change the value, and would have to wait.</summary>
    void Want(string key, bool isFirst)
    {
        Assert.Equal(Readiness.Frozen, Database.Prepare(Database.Lookup(Bytes(key))));
        // It is told again each time that it is looked at.
        if (!isFirst) Assert.Equal(Readiness.Frozen, Database.Prepare(Database.Lookup(Bytes(key))));
    }

    static string Read(ISnapshotBatch batch)
    {
        var name = "";
        while (batch.Next(out _, out var record)) name = System.Text.Encoding.UTF8.GetString(record.Key);
        return name;
    }
}
