using System.Collections;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.Snapshots;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.RandomChanges;

namespace MiniRedis.Storage.Tests.Snapshots;

/// <summary>
/// A snapshot against what the keyspace held when it began, while everything that can happen to keys happens to them. The
/// consumer is a thread of its own that may read a batch only when the test says so: values stay frozen as long as chance wills.
/// </summary>
public class SnapshotTests(ITestOutputHelper output)
{
    /// <summary>Whether keys are kept by slot: the same tests run in both ways.</summary>
    protected virtual bool BySlot => false;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 60)]
    [InlineData(4, 800)]
    [InlineData(5, 800)]
    [InlineData(6, 4000)]
    [InlineData(7, 4000)]
    public void A_snapshot_is_of_the_instant_at_which_it_began(int seed, int keys)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var keyspace = new Keyspace(DatabaseCount, new HashSeed(7, (ulong)seed), bySlot: BySlot);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < keys; i++) Change(random, keyspace, keys, wholesale: false);
            TakeOne(random, keyspace, keys);
        }
    }

    [Fact]
    public void A_snapshot_that_was_given_up_leaves_nothing_behind()
    {
        var random = new Random(11);
        using var keyspace = new Keyspace(DatabaseCount, new HashSeed(7, 11), bySlot: BySlot);
        for (var i = 0; i < 2000; i++) Change(random, keyspace, 500, wholesale: false);

        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        for (var i = 0; i < 300; i++)
        {
            Change(random, keyspace, 500, wholesale: false);
            if (i % 10 == 0) snapshot.Walk(1);
            if (i % 25 == 0) reader.Allow(1);
        }
        snapshot.Abandon();
        var captured = snapshot.Captured;
        reader.AllowAll();
        Drive(snapshot);

        Assert.Equal(captured, snapshot.Captured);
        Assert.Null(keyspace.Snapshot);
        TakeOne(random, keyspace, 500);
    }

    [Fact]
    public void Deleting_a_frozen_value_gives_its_memory_back_once_it_was_read()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        for (var i = 0; i < 8000; i++) AddToSet(keyspace[0], "big"u8, Bytes($"member:{i}"), new(0, 0, 0));
        var before = keyspace.UsedBytes;
        var expected = Contents(keyspace);

        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        Assert.Equal(Readiness.Frozen, keyspace[0].Prepare(keyspace[0].Lookup("big"u8)));
        keyspace[0].Delete(keyspace[0].Lookup("big"u8));
        Assert.True(snapshot.WaitingBytes > 50_000, $"waiting {snapshot.WaitingBytes} of {before}");
        Assert.Equal(snapshot.WaitingBytes, snapshot.OrphanedBytes);
        reader.AllowAll();
        Drive(snapshot);
        while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(1000);

        Assert.Equal(expected, reader.Contents);
        Assert.True(keyspace.UsedBytes < 100, $"used {keyspace.UsedBytes}");
    }

    [Fact]
    public void A_large_value_is_frozen_until_it_was_read_and_may_be_seized()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        for (var i = 0; i < 8000; i++) AddToSet(keyspace[0], "big"u8, Bytes($"member:{i}"), new(0, 0, 0));
        var expected = Contents(keyspace);

        using var reader = new Reader(keyspace.BeginSnapshot());
        var database = keyspace[0];
        Assert.Equal(Readiness.Frozen, database.Prepare(database.Lookup("big"u8)));
        database.Seize(database.Lookup("big"u8));
        AddToSet(database, "big"u8, "late"u8, new(0, 0, 0));
        reader.AllowAll();
        Drive(keyspace.Snapshot!);

        Assert.Equal(expected, reader.Contents);
        Assert.Equal(8001, new SetReader(database.Lookup("big"u8).Record).Count);
        Assert.Equal(Readiness.Ready, database.Prepare(database.Lookup("big"u8)));
    }

    [Fact]
    public void A_frozen_value_may_be_asked_for_after_the_snapshot_was_given_up()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        var database = keyspace[0];
        string[] keys = ["one", "two", "three"];
        foreach (var key in keys)
        {
            for (var i = 0; i < 8000; i++) AddToSet(database, Bytes(key), Bytes($"member:{i}"), new(0, 0, 0));
        }
        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        foreach (var key in keys) Assert.Equal(Readiness.Frozen, database.Prepare(database.Lookup(Bytes(key))));

        // Nothing is settled yet: they are frozen still, and nobody will read them.
        snapshot.Abandon();
        foreach (var key in keys) Assert.Equal(Readiness.Frozen, database.Prepare(database.Lookup(Bytes(key))));
        database.Seize(database.Lookup("three"u8));
        AddToSet(database, "three"u8, "late"u8, new(0, 0, 0));
        reader.AllowAll();
        Drive(snapshot);

        foreach (var key in keys) Assert.Equal(Readiness.Ready, database.Prepare(database.Lookup(Bytes(key))));
        Assert.Equal(8001, new SetReader(database.Lookup("three"u8).Record).Count);
    }

    [Fact]
    public void A_value_that_was_read_waits_no_more_though_its_arena_has_gone()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        var database = keyspace[0];
        for (var i = 0; i < 8000; i++) AddToSet(database, "big"u8, Bytes($"member:{i}"), new(0, 0, 0));
        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        Assert.Equal(Readiness.Frozen, database.Prepare(database.Lookup("big"u8)));
        database.Delete(database.Lookup("big"u8));
        keyspace.FlushAll();
        Assert.True(snapshot.WaitingBytes > 50_000);
        // The keyspace has another arena now.
        Assert.Equal(0, snapshot.OrphanedBytes);

        // The walk is yet to come, so the snapshot is not over.
        reader.AllowAll();
        Assert.True(SpinWait.SpinUntil(() => snapshot.Settle(out _), TimeSpan.FromSeconds(20)));
        Assert.Equal(0, snapshot.WaitingBytes);
        Drive(snapshot);
        Assert.Single(reader.Contents);
        // The value has gone with its arena.
        Assert.Equal(0, keyspace.DiscardedCount);
    }

    [Fact]
    public void The_walk_waits_for_a_consumer_that_is_behind()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        var value = new string('x', 1000);
        for (var i = 0; i < 20_000; i++) keyspace[0].Set($"key:{i}", value);

        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        snapshot.WalkOn();

        Assert.False(snapshot.IsWalked);
        Assert.InRange(snapshot.WaitingBytes, 8 << 20, 9 << 20);
        Assert.False(snapshot.Settle(out _));
        reader.AllowAll();
        Drive(snapshot);
        Assert.Equal(20_000, reader.Contents.Count);
        Assert.InRange(snapshot.PeakBytes, 8 << 20, 9 << 20);
    }

    [Fact]
    public void Large_strings_are_frozen_and_others_copied_and_what_is_not_frozen_is_freed_at_once()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        var database = keyspace[0];
        database.Set("small", new string('x', 60_000));
        database.Set("medium", new string('x', 500_000));
        database.Set("large", new string('x', 2 << 20));
        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        snapshot.WalkOn();
        Assert.InRange(snapshot.WaitingBytes, 60_000, 1 << 20);
        Assert.Equal(Readiness.Ready, database.Prepare(database.Lookup("small")));
        Assert.Equal(Readiness.Ready, database.Prepare(database.Lookup("medium")));
        Assert.Equal(Readiness.Frozen, database.Prepare(database.Lookup("large")));

        var used = keyspace.UsedBytes;
        database.Delete(database.Lookup("small"));
        Assert.InRange(keyspace.UsedBytes, 0, used - 60_000);
        foreach (var key in (string[])["medium", "large"]) database.Delete(database.Lookup(key));
        reader.AllowAll();
        Drive(snapshot);
        Assert.True(keyspace.UsedBytes < 100, $"used {keyspace.UsedBytes}");
    }

    [Fact]
    public void A_record_that_is_longer_than_a_chunk_has_one_to_itself()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2), bySlot: BySlot);
        for (var i = 0; i < 10; i++) keyspace[0].Set($"{i}" + new string('k', 300_000), "value");
        for (var i = 0; i < 10; i++) keyspace[0].Set($"key:{i}", "value");
        var expected = Contents(keyspace);
        using var reader = new Reader(keyspace.BeginSnapshot());
        reader.AllowAll();
        Drive(keyspace.Snapshot!);
        Assert.Equal(expected, reader.Contents);
    }

    /// <summary>
    /// Where the walk has no business with a key any more, nobody would clear a mark that a draft has kept, and the next snapshot
    /// would pass over the key.
    /// </summary>
    [Theory]
    [InlineData(0, false)] // ahead of the walk
    [InlineData(0, true)] // behind it
    [InlineData(1, false)] // in a database that was empty when the snapshot began
    public void A_draft_that_is_published_during_a_snapshot_is_in_the_next_and_not_in_this(int target, bool isWalked)
    {
        using var keyspace = new Keyspace(2, new HashSeed(1, 2), bySlot: BySlot);
        for (var i = 0; i < 100; i++) keyspace[0].Set($"key:{i}", "value");
        var before = Contents(keyspace);
        using (var reader = new Reader(keyspace.BeginSnapshot()))
        {
            var snapshot = keyspace.Snapshot!;
            while (isWalked && snapshot.Walk(100)) { }
            var draft = SetEditor.Draft(keyspace[target], "draft"u8, asIntset: false, new(512, 128, 64));
            draft.Add("member"u8);
            draft.Publish();
            reader.AllowAll();
            Drive(snapshot);
            Assert.Equal(before, reader.Contents);
        }

        var after = Contents(keyspace);
        Assert.Equal(101, after.Count);
        using var next = new Reader(keyspace.BeginSnapshot());
        next.AllowAll();
        Drive(keyspace.Snapshot!);
        Assert.Equal(after, next.Contents);
    }

    protected void TakeOne(Random random, Keyspace keyspace, int keys, BitArray? slots = null)
    {
        var expected = Contents(keyspace);
        // "3:name" is a key of database 3.
        if (slots is not null) expected = expected.Where(e => slots[KeySlot.Of(Bytes(e.Key[(e.Key.IndexOf(':') + 1)..]))]).ToDictionary();
        using var reader = new Reader(keyspace.BeginSnapshot(slots));
        var snapshot = keyspace.Snapshot!;
        Assert.Equal(expected.Count, snapshot.Keys);
        var isOver = false;
        while (!snapshot.IsWalked)
        {
            if (random.Next(3) == 0) snapshot.Walk(random.Next(1, 4));
            if (random.Next(3) == 0) reader.Allow(1);
            if (random.Next(3) == 0) snapshot.Settle(out isOver);
            Change(random, keyspace, keys, wholesale: random.Next(200) == 0);
            if (snapshot.WaitingBytes > 4 << 20) reader.Allow(100);
        }
        reader.AllowAll();
        if (!isOver) Drive(snapshot);

        Assert.Equal(expected.Count, reader.Contents.Count);
        Assert.Equal(expected.Count, snapshot.Captured);
        foreach (var (key, payload) in expected) Assert.Equal(payload, reader.Contents[key]);
        output.WriteLine($"{expected.Count} keys, captured {snapshot.Captured}, peak {snapshot.PeakBytes} bytes");
        for (var i = 0; i < DatabaseCount; i++)
        {
            foreach (var record in RecordsOf(keyspace[i])) Assert.False(record.IsCaptured);
        }
    }

    static void Drive(Snapshot snapshot)
    {
        for (var isOver = false; !isOver;)
        {
            snapshot.Walk(100);
            snapshot.Settle(out isOver);
            Thread.Yield();
        }
    }

    /// <summary>The consumer.</summary>
    sealed class Reader : IDisposable
    {
        readonly SnapshotFeed _feed;
        readonly SemaphoreSlim _allowed = new(0);
        readonly Thread _thread;
        volatile bool _free;

        public Reader(Snapshot snapshot)
        {
            _feed = snapshot.Feed;
            _thread = new Thread(Run) { IsBackground = true };
            _thread.Start();
        }

        public Dictionary<string, string> Contents { get; } = [];

        public void Allow(int batches) => _allowed.Release(batches);

        public void AllowAll()
        {
            _free = true;
            _allowed.Release();
        }

        public void Dispose()
        {
            // A test that failed has not driven the snapshot to its end.
            _feed.Cancel();
            AllowAll();
            _thread.Join();
        }

        void Run()
        {
            while (_feed.TryTake(out var batch))
            {
                if (!_free) _allowed.Wait();
                while (batch!.Next(out var database, out var record)) Contents.Add(Name(database, record), Payload(record));
                _feed.GiveBack(batch);
            }
            _feed.Finish();
        }
    }
}

public sealed class SnapshotBySlotTests(ITestOutputHelper output) : SnapshotTests(output)
{
    protected override bool BySlot => true;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(3, 16)]
    [InlineData(4, 100_000)]
    public void A_snapshot_of_some_slots_has_their_keys_and_no_others(int seed, int oneOf)
    {
        var random = new Random(seed);
        using var keyspace = new Keyspace(DatabaseCount, new HashSeed(7, (ulong)seed), bySlot: true);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 1000; i++) Change(random, keyspace, 400, wholesale: false);
            var slots = new BitArray(KeySlot.Count);
            for (var slot = 0; slot < KeySlot.Count; slot++) slots[slot] = random.Next(oneOf) == 0;
            TakeOne(random, keyspace, 400, slots);
        }
    }

}
